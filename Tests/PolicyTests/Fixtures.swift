@testable import Policy

extension Zone {
    static let us = Zone("us")!
    static let eu = Zone("eu")!
    static let ap = Zone("ap")!
}

extension TenantName {
    static let acme = TenantName("acme")!
}

/// Zones edge, us and eu, one endpoint each but for eu, which has two; one tenant, `acme`.
func policy(
    residency: Residency, site: Site = Site(name: "here"), origins: [OriginPattern] = [],
    zones: [Zone] = [.edge, .us, .eu]
) -> PolicySnapshot {
    PolicySnapshot(
        version: "v1", site: site, zones: zones.map { ZoneDefinition($0, endpoints: endpoints(of: $0)) },
        hosts: ["eu.stt.example.com": .eu, "us.stt.example.com": .us],
        tenants: [Tenant(name: .acme, residency: residency, origins: origins)])
}

func endpoints(of zone: Zone) -> [Endpoint] {
    (1...(zone == .eu ? 2 : 1)).map { try! Endpoint("wss://\(zone)\($0).example/v3/ws", in: zone) }
}

/// A decision as a value a test can compare.
enum Told: Equatable {
    case granted(Zone, [String])
    case refused(Refusal)
}

func told(_ request: PolicyRequest, under policy: PolicySnapshot) -> (outcome: Told, trail: [TrailStep]) {
    let decision = decide(request, under: policy)
    let trail = decision.trail
    switch decision.takeOutcome() {
    case .granted(var grant):
        let zone = grant.zone
        var hosts: [String] = []
        while let granted = grant.next() { hosts.append(granted.endpoint.host) }
        return (.granted(zone, hosts), trail)
    case .refused(let refusal):
        return (.refused(refusal), trail)
    }
}

/// A small seeded generator (SplitMix64): the same seed gives the same run.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
