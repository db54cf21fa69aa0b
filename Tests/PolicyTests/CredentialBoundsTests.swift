import Testing

@testable import Policy

@Suite struct CredentialBoundsTests {
    private static let acme = TenantName("acme")!
    private static let us = Zone("us")!
    private static let eu = Zone("eu")!
    private static let page = "https://app.acme.example"

    private static func decision(
        _ bounds: CredentialBounds, asking zone: Zone? = nil, from origin: String? = nil, residency: Residency = .any
    ) -> Decision {
        let zones = [us, eu, .edge].map { zone in
            ZoneDefinition(zone, endpoints: [try! Endpoint("wss://\(zone).example/v3/ws", in: zone)])  // A literal.
        }
        let tenant = Tenant(name: acme, residency: residency, origins: [try! OriginPattern("https://*.acme.example")])
        let policy = PolicySnapshot(version: "v", site: Site(name: "s"), zones: zones, tenants: [tenant])
        return decide(
            PolicyRequest(identity: .tenant(acme), bounds: bounds, origin: origin, ask: Ask(zone: zone)), under: policy)
    }

    private static func zones(_ decision: consuming Decision) -> [Zone]? {
        guard case .granted(var grant) = decision.takeOutcome() else { return nil }
        var zones: [Zone] = []
        while let endpoint = grant.next() { zones.append(endpoint.zone) }
        return zones
    }

    private static func refusal(_ decision: consuming Decision) -> Refusal? {
        guard case .refused(let refusal) = decision.takeOutcome() else { return nil }
        return refusal
    }

    @Test func aBoundZoneIsTheOnlyOne() {
        let bounds = CredentialBounds(zone: Self.eu)
        #expect(Self.zones(Self.decision(bounds)) == [Self.eu])
        #expect(Self.zones(Self.decision(bounds, asking: Self.eu)) == [Self.eu])
        #expect(
            Self.refusal(Self.decision(bounds, asking: Self.us))
                == Refusal(.residency, "The credential is for zone eu, and zone us is asked for."))
    }

    @Test func aBoundWidensNothing() {
        let bounds = CredentialBounds(zone: Self.eu)
        #expect(Self.refusal(Self.decision(bounds, residency: .zones(ZoneList(Self.us))))?.name == .residency)
    }

    @Test func aBoundOriginIsTheOnlyOne() {
        let bounds = CredentialBounds(origin: Origin(Self.page))
        #expect(Self.zones(Self.decision(bounds, from: Self.page)) == [.edge])
        for origin in ["https://other.acme.example", "https://app.acme.example:8443", "null", nil] {
            #expect(Self.refusal(Self.decision(bounds, from: origin))?.name == .origin, "\(origin ?? "none")")
        }
    }

    @Test func aBoundOriginWidensNothing() {
        let bounds = CredentialBounds(origin: Origin("https://app.elsewhere"))
        #expect(Self.refusal(Self.decision(bounds, from: "https://app.elsewhere"))?.name == .origin)
    }
}
