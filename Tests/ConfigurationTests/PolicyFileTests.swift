import Policy
import Testing

@testable import Configuration

@Suite struct PolicyFileTests {
    @Test(
        arguments: [
            ("eu", .zones(ZoneList([Zone("eu")!])!)),
            ("[edge, us]", .zones(ZoneList([.edge, Zone("us")!])!)),
            ("any", .any),
        ] as [(String, Residency)])
    func residencyIsAZoneAListOrAny(text: String, residency: Residency) throws {
        #expect(try tenant("acme: {residency: \(text)}").residency == residency)
    }

    @Test func aFullTenantIsRead() throws {
        let tenant = try tenant(
            """
            acme:
                residency: eu
                clients:
                  keys: [{name: web, sha256: "\(String(repeating: "AB", count: 32))"}]
                  origins: ["https://*.acme.example"]
                  certificates: ["CN=a"]
                  jwt: {claim: tenant, value: acme}
                limits: {sessions: 2, new_sessions_per_minute: 3, audio_rate: 1.5, audio_hours_per_day: 5, session: 1h}
                parameters: {allow: [sample_rate], force: {redact_pii: true}}
            """)
        #expect(tenant.keys == [ClientKeyHash(name: "web", sha256: Array(repeating: 0xab, count: 32))])
        #expect(tenant.origins.map(\.description) == ["https://*.acme.example"])
        #expect(tenant.certificates == ["CN=a"])
        #expect(tenant.jwt == TenantToken(TenantClaim(claim: "tenant", value: "acme")))
        #expect(
            tenant.limits
                == TenantLimits(
                    sessions: 2, newSessionsPerMinute: 3, audioRate: 1.5, audioHoursPerDay: 5, session: .seconds(3600)))
        #expect(tenant.parameters == ParameterRules(allow: ["sample_rate"], force: ["redact_pii": "true"]))
    }

    @Test(arguments: [
        ("residency: eu", "residency: mars", "error: zone mars is not defined under `zones`; defined: edge, us, eu"),
        ("residency: eu", "residency: [eu, mars]", "error: zone mars is not defined"),
        ("residency: eu", "residency: []", "error: tenants.acme.residency is empty"),
        (
            "residency: eu", "residency: {eu: us}",
            "error: tenants.acme.residency is a mapping; it takes a zone, a list of zones"
        ),
        ("residency: eu", "residency: [any]", "error: tenants.acme.residency[0] is `any`"),
        ("    residency: eu\n", "", "error: tenants.acme: `residency` is required"),
        (
            "residency: eu", "residencies: eu",
            "error: unknown key `tenants.acme.residencies`; the nearest known key is `residency`"
        ),
        ("acme:", "a/b:", "error: `a/b` is not a tenant's name"),
        ("keys:", "origins: [\"null\"]\n      keys:", "error: `null`: `null` is what every sandboxed page sends"),
        ("keys:", "origins: [\"https://a.example/x\"]\n      keys:", "error: `https://a.example/x`: the host may hold"),
        ("residency: eu", "residency: eu\n    provider_keys: {mars: {env: K}}", "error: zone mars is not defined"),
        (
            "residency: eu", "residency: eu\n    limits: {audio_rate: 0}",
            "error: tenants.acme.limits.audio_rate is `0`; it takes a number above 0, such as 1.5"
        ),
        ("\"abab", "\"zbab", "error: tenants.acme.clients.keys[0].sha256 is something else; it takes a SHA-256 in hex"),
        ("version: 1", "version: 2", "error: version is `2`; it takes `1`"),
    ])
    func aFaultyTenantIsTold(part: String, replacement: String, expected: String) {
        let told = faults(inPolicyFile: smallPolicy.replacing(part, with: replacement))
        #expect(told.contains { $0.contains(expected) }, "\(told)")
    }

    @Test(arguments: [
        (
            "residency: eu", "residency: [us, edge]",
            "p.yaml:4:21: warning: edge may be anywhere, so this residency makes no promise"
        ),
        (
            "keys:", "origins: [\"https://*.co.uk\"]\n      keys:",
            "p.yaml:6:17: warning: anybody can have a page under co.uk, and https://*.co.uk admits them all; name the "
                + "tenant's own, such as https://app.co.uk"
        ),
        (
            "keys:", "origins: [\"https://*.github.io:8443\"]\n      keys:",
            "p.yaml:6:17: warning: anybody can have a page under github.io"
        ),
        (
            "clients:", "limits: {}\n    parameters: {}\n    others:",
            "p.yaml:3:3: warning: nothing proves tenant acme: nobody can connect"
        ),
    ])
    func whatIsLegalButWeakIsAWarning(part: String, replacement: String, expected: String) {
        let told = faults(inPolicyFile: smallPolicy.replacing(part, with: replacement))
        #expect(told.contains { $0.hasPrefix(expected) }, "\(told)")
    }

    @Test(arguments: [
        (
            "residency: eu", "{allow: [sample_rate, webhook_url, llm_gateway]}",
            "may leave eu by webhook_url, llm_gateway,"
        ),
        ("residency: [us, eu]", "{force: {webhook_url: \"https://a.example\"}}", "may leave us, eu by webhook_url,"),
    ])
    func namingWhatCarriesDataOutIsAWarning(residency: String, parameters: String, expected: String) {
        let text = smallPolicy.replacing("residency: eu", with: "\(residency)\n    parameters: \(parameters)")
        let told = faults(inPolicyFile: text)
        #expect(told.count == 1)
        #expect(told.first?.hasPrefix("p.yaml:5:17: warning: transcripts and audio of tenant acme \(expected)") == true)
        #expect(faults(inPolicyFile: text.replacing(residency, with: "residency: any")) == [])
    }

    @Test func anOriginMayBeWrittenInAnyScript() throws {
        let tenant = try tenant(
            """
            acme:
                residency: eu
                clients:
                  origins: ["https://bücher.example", "https://*.BÜCHER.example:8443", "https://*.münchen.example"]
            """)
        #expect(
            tenant.origins.map(\.description) == [
                "https://xn--bcher-kva.example", "https://*.xn--bcher-kva.example:8443",
                "https://*.xn--mnchen-3ya.example",
            ])
    }

    @Test func aTenantThatACertificateProvesNeedsNoKey() {
        let policy = smallPolicy.replacing("keys:", with: "certificates: [\"CN=device\"]\n      origins: [] #")
        #expect(faults(inPolicyFile: policy) == [])
    }

    @Test(arguments: ["acme-device", "CN=", "DNS:*.acme.example", "DNS:a b", "IP:300.1.1.1", "RID:1.2"])
    func whatIsNoNameOfACertificateIsAnErrorThatSaysWhatToWrite(text: String) {
        let policy = smallPolicy.replacing("keys:", with: "certificates: [\"\(text)\"]\n      keys:")
        #expect(
            faults(inPolicyFile: policy) == [
                "p.yaml:6:22: error: tenants.acme.clients.certificates[0] is `\(text)`; it takes a subject such as "
                    + "`CN=device,O=Acme GmbH`, most specific part first, or `DNS:`, `URI:`, `email:` or `IP:` and a name; "
                    + "names are compared whole, so without wildcards"
            ])
    }

    @Test func aTenantThatTokensProveNeedsNoKey() throws {
        let jwt = "{claim: tenant, value: acme, issuer: \"https://a.example/\"}"
        let tenant = try tenant("acme: {residency: eu, clients: {jwt: \(jwt)}}")
        #expect(tenant.jwt == TenantToken(TenantClaim(claim: "tenant", value: "acme"), from: "https://a.example/"))
        #expect(
            faults(inPolicyFile: "version: 1\ntenants: {acme: {residency: eu, clients: {jwt: \(jwt)}}}") == [])
    }

    @Test(arguments: ["residency: edge", "residency: [eu, us]", "residency: any"])
    func aResidencyThatSaysWhatItMeansNeedsNoWord(residency: String) {
        #expect(faults(inPolicyFile: smallPolicy.replacing("residency: eu", with: residency)) == [])
    }

    @Test func anOriginOfEverybodyIsAnErrorThatSaysWhatToWrite() {
        let told = faults(inPolicyFile: smallPolicy.replacing("keys:", with: "origins: [\"*\"]\n      keys:"))
        #expect(told.count == 1)
        #expect(
            told.first?.contains("error: `*`: `*` would admit every page; name those that may connect: https://app")
                == true)
    }

    @Test func twoKeysOfOneNameAreAFault() {
        let text = smallPolicy.replacing(
            "keys: [", with: "keys: [{name: web, sha256: \"\(String(repeating: "cd", count: 32))\"}, ")
        #expect(faults(inPolicyFile: text).contains { $0.contains("two keys named `web`") })
    }
}

private func tenant(_ text: String) throws -> Tenant {
    var faults = Faults()
    let root = try #require(Document.parse("version: 1\ntenants:\n  " + text, file: "p.yaml", faults: &faults))
    var check = SchemaCheck(.policyFile)
    check.check(root)
    faults.append(check.faults)
    let file = PolicyFile(root, zones: [.edge, Zone("us")!, Zone("eu")!], faults: &faults)
    #expect(faults.errors == [])
    return try #require(file.tenants.first?.tenant)
}
