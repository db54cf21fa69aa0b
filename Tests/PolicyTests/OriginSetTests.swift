import Policy
import Testing

@Suite struct OriginSetTests {
    private let lists = [["https://app.acme.example", "https://*.globex.example"], ["http://localhost:3000"], []]

    @Test(arguments: [
        "https://app.acme.example", "https://x.globex.example", "http://localhost:3000", "https://acme.example",
        "https://app.acme.example:444", "http://app.acme.example", "https://globex.example",
        "https://x.y.globex.example", "https://evil-globex.example", "https://.globex.example", "http://localhost",
        "https://x.app.acme.example",
    ])
    func itHoldsWhatSomeTenantsPatternMatches(text: String) throws {
        let tenants = try lists.enumerated().map { index, origins in
            Tenant(
                name: try #require(TenantName("t\(index)")), residency: .any,
                origins: try origins.map { try OriginPattern($0) })
        }
        let policy = PolicySnapshot(version: "v", site: Site(name: "s"), zones: [], tenants: tenants)
        // What is no origin at all is nobody's, and does not come here.
        guard let origin = Origin(text) else { return }
        let isMatched = tenants.contains { $0.origins.contains { $0.matches(origin) } }
        #expect(OriginSet(of: policy).contains(origin) == isMatched)
    }

    @Test func withoutTenantsItIsEmpty() throws {
        let policy = PolicySnapshot(version: "v", site: Site(name: "s"), zones: [], tenants: [])
        #expect(!OriginSet(of: policy).contains(try #require(Origin("https://app.acme.example"))))
    }
}
