import Testing

@testable import Policy

@Suite struct LiveSessionTests {
    private static let key = ClientKeyHash(name: "web", sha256: Array(repeating: 0xab, count: 32))
    private static let pages = [try! OriginPattern("https://app.example")]

    private static func tenant(
        _ residency: Residency = .zones(.eu), keys: [ClientKeyHash] = [key], origins: [OriginPattern] = pages,
        allow: Set<ParameterName>? = nil
    ) -> Tenant {
        Tenant(
            name: .acme, residency: residency, keys: keys, origins: origins, parameters: ParameterRules(allow: allow))
    }

    private static func snapshot(_ tenants: Tenant..., zones: [Zone] = [.us, .eu]) -> PolicySnapshot {
        PolicySnapshot(
            version: "v", site: Site(name: "here"),
            zones: zones.map { ZoneDefinition($0, endpoints: endpoints(of: $0)) }, tenants: tenants)
    }

    private static let changes: [(String, PolicySnapshot, RefusalName?)] = [
        ("nothing", snapshot(tenant()), nil),
        ("a zone more", snapshot(tenant(.zones(.us, .eu))), nil),
        ("another zone", snapshot(tenant(.zones(.us))), .residency),
        ("no such zone", snapshot(tenant(.any), zones: [.us]), .residency),
        ("no such tenant", snapshot(), .unauthenticated),
        ("no key", snapshot(tenant(keys: [])), .unauthenticated),
        (
            "the key is another tenant's",
            snapshot(tenant(keys: []), Tenant(name: TenantName("b")!, residency: .any, keys: [key])), .unauthenticated
        ),
        ("no page", snapshot(tenant(origins: [])), .origin),
        ("its parameter among others", snapshot(tenant(allow: ["sample_rate", "a"])), nil),
        ("no such parameter", snapshot(tenant(allow: ["a"])), .badRequest),
    ]

    @Test(arguments: changes.map(\.0))
    func aSessionEndsWhenItCouldNotBeginNow(change: String) throws {
        let (_, new, expected) = try #require(Self.changes.first { $0.0 == change })
        let session = LiveSession(
            id: "s", tenant: .acme, zone: .eu, endpoint: "wss://eu2.example/v3/ws", origin: "https://app.example",
            hasAuthorization: false, parameters: ["sample_rate"], keyID: "abababababab")
        #expect(session.refusal(from: Self.snapshot(Self.tenant()), to: new)?.name == expected)
    }

    @Test func aCertificateThatPolicyNoLongerHasEndsItsSessions() {
        let session = LiveSession(
            id: "s", tenant: .acme, zone: .eu, endpoint: "wss://eu1.example/v3/ws", certificate: "CN=device, O=Acme")
        func refusal(_ names: String...) -> Refusal? {
            let tenant = Tenant(name: .acme, residency: .any, certificates: names)
            return session.refusal(from: Self.snapshot(tenant), to: Self.snapshot(tenant))
        }
        #expect(refusal("CN=another", "cn=device,O=Acme") == nil)
        #expect(refusal("CN=another")?.name == .unauthenticated)
    }

    @Test func theRelaysOwnOriginStaysItsOwn() {
        let session = LiveSession(
            id: "s", tenant: .acme, zone: .eu, endpoint: "wss://eu1.example/v3/ws", origin: "https://stt.example")
        #expect(session.refusal(from: Self.snapshot(Self.tenant()), to: Self.snapshot(Self.tenant(origins: []))) == nil)
    }

    @Test func anEndpointThatIsGoneEndsItsSessions() {
        let session = LiveSession(id: "s", tenant: .acme, zone: .eu, endpoint: "wss://former.example/")
        #expect(
            session.refusal(from: Self.snapshot(Self.tenant()), to: Self.snapshot(Self.tenant()))?.name == .residency)
    }
}
