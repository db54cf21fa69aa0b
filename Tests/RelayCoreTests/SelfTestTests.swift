import Policy
import RelayCore
import Testing

@Suite struct SelfTestTests {
    @Test(
        arguments: [
            .sample(), .sample(site: Site(name: "s", zone: .eu)), .sample(endpointsPerZone: 1),
            PolicySnapshot(version: "v", site: Site(name: "s", zone: .eu), zones: [one(.eu)], tenants: []),
            PolicySnapshot(version: "v", site: Site(name: "s"), zones: [one(.edge)], tenants: []),
        ] as [PolicySnapshot])
    func thePathOfSessionsPassesUnderAnyPolicy(policy: PolicySnapshot) {
        #expect(SelfTest.firstFailure(under: policy) == nil)
    }

    /// What a broken build might do, and the words that tell of it.
    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let says: String
        let path: @Sendable (SelfTest.Trial) -> SelfTest.Verdict
        var testDescription: String { name }
    }

    static let faults = [
        Fault(name: "the residency is ignored", says: "asks for") { trial in
            guard SelfTest.session(trial) == .refused(.residency) else { return SelfTest.session(trial) }
            return .dialled([trial.request.ask.zone].compactMap(\.self))
        },
        Fault(name: "everything is refused", says: "a tenant of edge that asks for it") { _ in .refused(.residency) },
        Fault(name: "failing over leaves the residency", says: "expected dialled (edge, edge)") { trial in
            guard case .dialled(let zones) = SelfTest.session(trial) else { return SelfTest.session(trial) }
            return .dialled(zones + [.us])
        },
        Fault(name: "the site is ignored", says: "at a site in") { trial in
            var trial = trial
            trial.policy = PolicySnapshot(
                version: "", site: Site(name: ""), zones: trial.policy.zones,
                tenants: Array(trial.policy.tenants.values))
            return SelfTest.session(trial)
        },
        Fault(name: "credentials are not looked at", says: "a credential that is missing") { trial in
            var trial = trial
            guard case .tenant = trial.identity else {
                trial.identity = trial.policy.tenants.keys.sorted().first.map { .tenant($0) } ?? .missing
                return SelfTest.session(trial)
            }
            return SelfTest.session(trial)
        },
        Fault(name: "origins are not looked at", says: "a foreign origin") { trial in
            var trial = trial
            trial.request.origin = nil
            return SelfTest.session(trial)
        },
        Fault(name: "parameters are not looked at", says: "a webhook for a tenant of us") { trial in
            var trial = trial
            trial.request.parameters = []
            return SelfTest.session(trial)
        },
        Fault(name: "limits are not looked at", says: "a session over a limit") { trial in
            var trial = trial
            trial.admission = .admitted
            return SelfTest.session(trial)
        },
    ]

    @Test(arguments: faults)
    func aBrokenPathIsNamed(fault: Fault) throws {
        let failure = try #require(SelfTest.firstFailure(under: .sample(), on: fault.path))
        #expect(failure.contains(fault.says), "\(failure)")
    }

    private static func one(_ zone: Zone) -> ZoneDefinition {
        ZoneDefinition(zone, endpoints: [try! Endpoint("wss://\(zone).example/", in: zone)])
    }
}
