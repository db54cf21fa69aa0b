import HTTP
import Policy
import Testing

@testable import RelayServer

@Suite struct PageAccessTests {
    /// Origins of the request, whom it proved, and the page that may read the answer.
    @Test(
        arguments: [
            ([], nil, nil), ([], "acme", nil),
            (["https://app.acme.example"], "acme", "https://app.acme.example"),
            (["https://x.globex.example"], "globex", "https://x.globex.example"),
            (["HTTPS://App.Acme.Example:443"], "acme", "https://app.acme.example"),
            (["https://app.acme.example:444"], "acme", nil),
            (["https://x.globex.example"], "acme", nil),
            (["https://evil.example"], "acme", nil), (["null"], "acme", nil), ([""], "acme", nil),
            (["https://app.acme.example", "https://app.acme.example"], "acme", nil),
            // Nobody is proved: any tenant's page may learn that, and no other.
            (["https://app.acme.example"], nil, "https://app.acme.example"),
            (["https://x.globex.example"], nil, "https://x.globex.example"),
            (["https://evil.example"], nil, nil), (["null"], nil, nil), (["a\r\nb: c"], nil, nil),
        ] as [([String], String?, String?)])
    func onlyAPageOfTheTenantsMayRead(_ origins: [String], _ tenant: String?, _ page: String?) throws {
        let policy = try policy()
        let access = PageAccess(
            origins, tenant: tenant.flatMap { TenantName($0) }.flatMap { policy.tenants[$0] },
            pages: OriginSet(of: policy))
        #expect(access.fields.first("Access-Control-Allow-Origin") == page)
        #expect(access.fields.first("Vary") == page.map { _ in "Origin" })
        #expect((access.fields.count == 0) == (page == nil))
        #expect((access.preflightFields.count == 0) == (page == nil))
        #expect(access.preflightFields.count("Access-Control-Allow-Credentials") == 0)
    }

    @Test func aPreflightIsToldWhatTheProvidersSDKSends() throws {
        let access = PageAccess(["https://app.acme.example"], tenant: nil, pages: OriginSet(of: try policy()))
        #expect(
            access.preflightFields == [
                "Access-Control-Allow-Origin": "https://app.acme.example", "Vary": "Origin",
                "Access-Control-Allow-Methods": "GET",
                "Access-Control-Allow-Headers": "authorization, content-type, user-agent, assemblyai-agent",
                "Access-Control-Max-Age": "600",
            ])
    }
}

private func policy() throws -> PolicySnapshot {
    let origins = [("acme", "https://app.acme.example"), ("globex", "https://*.globex.example")]
    return PolicySnapshot(
        version: "v", site: Site(name: "s"), zones: [],
        tenants: try origins.map { name, origin in
            Tenant(name: try #require(TenantName(name)), residency: .any, origins: [try OriginPattern(origin)])
        })
}
