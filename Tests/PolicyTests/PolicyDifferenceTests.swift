import Testing

@testable import Policy

@Suite struct PolicyDifferenceTests {
    @Test func equalPoliciesDifferInNothing() {
        let tenant = Tenant(name: .acme, residency: .zones(.eu), keys: [key("web", 1)], origins: [page])
        #expect(PolicyDifference(from: policy(tenant), to: policy(tenant)).isEmpty)
    }

    // MARK: What a tenant's change comes to, request by request

    private static let changes: [(name: String, before: Tenant, after: Tenant, told: [String])] = [
        (
            "another zone", Tenant(name: .acme, residency: .zones(.eu)), Tenant(name: .acme, residency: .zones(.us)),
            [
                "- from nowhere: eu → us (3)", "us from nowhere: residency → us (3)",
                "eu from nowhere: eu → residency (3)",
            ]
        ),
        (
            "a zone to fall back to", Tenant(name: .acme, residency: .zones(.eu)),
            Tenant(name: .acme, residency: .zones(.eu, .us)),
            ["- from nowhere: eu → eu, us (3)", "us from nowhere: residency → us (3)"]
        ),
        (
            "any zone", Tenant(name: .acme, residency: .zones(.eu)), Tenant(name: .acme, residency: .any),
            [
                "- from nowhere: eu → edge (3)", "edge from nowhere: residency → edge (3)",
                "us from nowhere: residency → us (3)",
            ]
        ),
        (
            "a page more", Tenant(name: .acme, residency: .zones(.eu)),
            Tenant(name: .acme, residency: .zones(.eu), origins: [page]),
            [
                "- from https://app.example: origin → eu (3)",
                // A refusal of another name is another decision.
                "edge from https://app.example: origin → residency (3)",
                "us from https://app.example: origin → residency (3)",
                "eu from https://app.example: origin → eu (3)",
            ]
        ),
        (
            "all pages of a domain instead of one", Tenant(name: .acme, residency: .any, origins: [page]),
            Tenant(name: .acme, residency: .any, origins: [pages]),
            ["-", "edge", "us", "eu"].flatMap { asked in
                let zone = asked == "-" ? "edge" : asked
                return [
                    "\(asked) from https://app.example: \(zone) → origin (2)",
                    "\(asked) from https://*.example.com: origin → \(zone) (3)",
                ]
            }
        ),
        (
            "one page of a domain instead of all", Tenant(name: .acme, residency: .zones(.eu), origins: [pages]),
            Tenant(name: .acme, residency: .zones(.eu), origins: [try! OriginPattern("https://page.example.com")]),
            ["-: eu", "edge: residency", "us: residency", "eu: eu"].map { line in
                let parts = line.split(separator: ": ")
                return "\(parts[0]) from https://*.example.com: \(parts[1]) → origin (2)"
            }
        ),
        (
            "limits alone", Tenant(name: .acme, residency: .zones(.eu)),
            Tenant(name: .acme, residency: .zones(.eu), limits: TenantLimits(sessions: 1)), []
        ),
    ]

    @Test(arguments: changes.map(\.name))
    func onlyRequestsWhoseDecisionDiffersAreTold(name: String) throws {
        let change = try #require(Self.changes.first { $0.name == name })
        let difference = PolicyDifference(from: policy(change.before), to: policy(change.after))
        let tenant = try #require(difference.tenants.first)
        #expect(tenant.kind == .changed)
        #expect(tenant.requests.map(told) == change.told)
    }

    @Test func whatIsSaidDifferentlyIsNamedEvenWhenNoDecisionDiffers() {
        let before = Tenant(name: .acme, residency: .zones(.eu), certificates: ["CN=a"])
        let after = Tenant(
            name: .acme, residency: .zones(.eu), limits: TenantLimits(sessions: 1),
            parameters: ParameterRules(allow: ["a"]))
        let difference = PolicyDifference(from: policy(before), to: policy(after))
        #expect(difference.tenants.map(\.members) == [["certificates", "limits", "parameters"]])
        #expect(difference.tenants.map(\.requests) == [[]])
    }

    @Test func parametersOfWhichSomethingElseBecomesAreTold() throws {
        let before = Tenant(
            name: .acme, residency: .zones(.eu), parameters: ParameterRules(force: ["redact_pii": "true", "b": "1"]))
        let after = Tenant(
            name: .acme, residency: .zones(.eu),
            parameters: ParameterRules(allow: ["a", "webhook_url"], force: ["redact_pii": "false"]))
        let tenant = try #require(PolicyDifference(from: policy(before), to: policy(after)).tenants.first)
        #expect(tenant.members == ["parameters"])
        #expect(
            tenant.parameters == [
                .init(names: ["b"], before: .set("1"), after: .refused(.tenant)),
                .init(names: ["redact_pii"], before: .set("true"), after: .set("false")),
                .init(names: ["webhook_url"], before: .refused(.egress), after: .passes),
                .init(names: [nil], before: .passes, after: .refused(.tenant)),
            ])
    }

    @Test func aResidencyThatStopsPromisingLetsDataLeave() throws {
        let before = policy(Tenant(name: .acme, residency: .zones(.eu)))
        let after = policy(Tenant(name: .acme, residency: .any))
        let parameters = try #require(PolicyDifference(from: before, to: after).tenants.first).parameters
        #expect(parameters == [.init(names: ParameterName.egress.sorted(), before: .refused(.egress), after: .passes)])
    }

    @Test func whatOthersKnowToDifferIsNamedToo() {
        let tenant = policy(Tenant(name: .acme, residency: .any))
        let difference = PolicyDifference(from: tenant, to: tenant) { $0 == .acme ? ["provider_keys"] : [] }
        #expect(difference.tenants.map(\.members) == [["provider_keys"]])
    }

    @Test func requestsThatDifferInTheirOriginAloneAreToldTogether() throws {
        let before = Tenant(name: .acme, residency: .zones(.eu), origins: [page, pages])
        let after = Tenant(name: .acme, residency: .zones(.us), origins: [page, pages])
        let tenant = try #require(PolicyDifference(from: policy(before), to: policy(after)).tenants.first)
        #expect(
            tenant.requests.map(\.origins) == Array(repeating: [.none, .listed(page), .listed(pages)], count: 3))
    }

    @Test func aSiteThatMayNotServeATenantAnyMoreIsNamed() throws {
        let site = Site(name: "here", zone: .eu, elsewhere: [.us: "wss://us.example/"])
        let difference = PolicyDifference(
            from: policy(Tenant(name: .acme, residency: .zones(.eu)), site: site),
            to: policy(Tenant(name: .acme, residency: .zones(.us)), site: site))
        let after = try #require(difference.tenants.first?.requests.first?.after)
        #expect(after.outcome == .refused(.wrongSite, site: "wss://us.example/"))
        #expect(after.rule == .site)
    }

    @Test func anotherGroundIsDecidedAnew() {
        let tenant = Tenant(name: .acme, residency: .zones(.us, .eu))
        let difference = PolicyDifference(from: policy(tenant), to: policy(tenant, zones: [.eu, .ap]))
        #expect(difference.tenants.map(\.members) == [[]])
        #expect(
            difference.tenants.first?.requests.map(told) == [
                "- from nowhere: us, eu → eu (3)", "us from nowhere: us → residency (3)",
            ])
    }

    // MARK: Tenants and keys

    @Test func tenantsThatComeAndGoAreTold() {
        let difference = PolicyDifference(
            from: policy(Tenant(name: .acme, residency: .any)),
            to: policy(Tenant(name: TenantName("b")!, residency: .any)))
        #expect(difference.tenants.map { "\($0.name) \($0.kind)" } == ["acme removed", "b added"])
    }

    @Test func keysThatComeGoAndMoveAreTold() {
        let before = [
            Tenant(name: .acme, residency: .zones(.eu), keys: [key("stays", 1), key("goes", 2), key("moves", 3)]),
            Tenant(name: TenantName("b")!, residency: .zones(.us)),
        ]
        let after = [
            Tenant(name: .acme, residency: .zones(.eu), keys: [key("renamed", 1)]),
            Tenant(name: TenantName("b")!, residency: .zones(.us), keys: [key("moved", 3), key("comes", 4)]),
        ]
        let difference = PolicyDifference(from: policy(before), to: policy(after))
        #expect(
            difference.keys.map { "\($0.name): \($0.before?.text ?? "-") → \($0.after?.text ?? "-")" } == [
                "comes: - → b", "goes: acme → -", "moves: acme → b",
            ])
        #expect(
            difference.keys.last?.requests.map(told) == [
                "- from nowhere: eu → us (3)", "us from nowhere: residency → us (3)",
                "eu from nowhere: eu → residency (3)",
            ])
    }

    @Test func aDifferenceIsSeenByTheRealDecision() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Seeded(state: seed)
        for _ in 0..<300 {
            let before = Tenant(name: .acme, residency: randomResidency(&random))
            let after = Tenant(name: .acme, residency: randomResidency(&random))
            let difference = PolicyDifference(from: policy(before), to: policy(after))
            let asked = Set(difference.tenants.flatMap(\.requests).map(\.asked))
            for zone in [nil, Zone.edge, .us, .eu] {
                let request = PolicyRequest(identity: .tenant(.acme), ask: Ask(zone: zone))
                let isSame = outcome(request, policy(before)) == outcome(request, policy(after))
                #expect(asked.contains(zone) == !isSame, "seed \(seed)")
            }
        }
    }
}

private let page = try! OriginPattern("https://app.example")
private let pages = try! OriginPattern("https://*.example.com")

private func key(_ name: String, _ byte: UInt8) -> ClientKeyHash {
    ClientKeyHash(name: name, sha256: Array(repeating: byte, count: 32))
}

private func policy(
    _ tenants: [Tenant], site: Site = Site(name: "here"), zones: [Zone] = [.edge, .us, .eu]
) -> PolicySnapshot {
    PolicySnapshot(
        version: "v", site: site, zones: zones.map { ZoneDefinition($0, endpoints: endpoints(of: $0)) },
        tenants: tenants)
}

private func policy(
    _ tenant: Tenant, site: Site = Site(name: "here"), zones: [Zone] = [.edge, .us, .eu]
) -> PolicySnapshot {
    policy([tenant], site: site, zones: zones)
}

/// A change as a line: what is asked, from where, before and after, and the rule that made the new decision.
private func told(_ change: PolicyDifference.RequestChange) -> String {
    let origins = change.origins.map { origin in
        switch origin {
        case .none: "nowhere"
        case .listed(let pattern): "\(pattern)"
        case .foreign: "elsewhere"
        }
    }
    return "\(change.asked?.name ?? "-") from \(origins.joined(separator: " and ")): "
        + "\(told(change.before)) → \(told(change.after)) (\(change.after.rule.rawValue))"
}

private func told(_ verdict: PolicyDifference.Verdict) -> String {
    switch verdict.outcome {
    case .granted(_, let endpoints):
        endpoints.map(\.zone.name).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
            .joined(separator: ", ")
    case .refused(let name, _): name.rawValue
    }
}

private func outcome(_ request: PolicyRequest, _ policy: PolicySnapshot) -> String {
    switch told(request, under: policy).outcome {
    case .granted(let zone, let hosts): "\(zone) \(hosts)"
    case .refused(let refusal): refusal.name.rawValue
    }
}

private func randomResidency(_ random: inout Seeded) -> Residency {
    let zones = [Zone.edge, .us, .eu].shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random))
    return ZoneList(Array(zones)).map { .zones($0) } ?? .any
}
