import Testing

@testable import Policy

@Suite struct ParameterRulesTests {
    /// What becomes of `name` under the relay's rules, the tenant's, and a residency.
    struct Case: Sendable {
        var name: ParameterName
        var relay = ParameterRules()
        var tenant = ParameterRules()
        var residency = Residency.zones(.eu)
        var fate: SessionParameters.Fate
    }

    private static let list = ParameterRules(allow: ["a"])
    private static let webhook = ParameterRules(allow: ["webhook_url"])

    static let cases = [
        Case(name: "a", fate: .passes),
        Case(name: "", fate: .passes),
        Case(name: "a", relay: list, tenant: list, fate: .passes),
        // Both must allow it.
        Case(name: "b", relay: list, fate: .refused(.relay)),
        Case(name: "b", tenant: list, fate: .refused(.tenant)),
        Case(name: "b", relay: list, tenant: ParameterRules(allow: ["b"]), fate: .refused(.relay)),
        Case(name: "a", tenant: ParameterRules(allow: []), fate: .refused(.tenant)),
        Case(name: "", tenant: list, fate: .refused(.tenant)),
        Case(name: "A", tenant: list, fate: .refused(.tenant)),
        // Tidegate's own need no permission and take no value.
        Case(name: "token", relay: list, tenant: ParameterRules(allow: [], force: ["token": "x"]), fate: .passes),
        Case(name: "zone", relay: ParameterRules(allow: []), fate: .passes),
        // What is set need not be allowed, and the tenant's value wins.
        Case(name: "b", relay: ParameterRules(force: ["b": "1"]), tenant: list, fate: .set("1")),
        Case(name: "b", relay: list, tenant: ParameterRules(force: ["b": "2"]), fate: .set("2")),
        Case(
            name: "b", relay: ParameterRules(force: ["b": "1"]), tenant: ParameterRules(force: ["b": "2"]),
            fate: .set("2")),
        // What can carry data out of a residency must be named by the tenant's own rules.
        Case(name: "webhook_url", fate: .refused(.egress)),
        Case(name: "webhook_url", relay: webhook, fate: .refused(.egress)),
        Case(name: "webhook_url", residency: .zones(.us, .eu), fate: .refused(.egress)),
        Case(name: "webhook_url", tenant: webhook, fate: .passes),
        Case(name: "webhook_url", relay: list, tenant: webhook, fate: .refused(.relay)),
        Case(name: "webhook_url", tenant: ParameterRules(force: ["webhook_url": "u"]), fate: .set("u")),
        Case(name: "webhook_url", relay: ParameterRules(force: ["webhook_url": "u"]), fate: .refused(.egress)),
        Case(
            name: "webhook_url", relay: ParameterRules(force: ["webhook_url": "u"]), tenant: webhook, fate: .set("u")),
        Case(name: "webhook_auth_header_value", tenant: webhook, fate: .refused(.egress)),
        // Without a promise there is nothing to break.
        Case(name: "webhook_url", residency: .any, fate: .passes),
        Case(name: "webhook_url", residency: .zones(.edge), fate: .passes),
        Case(name: "webhook_url", residency: .zones(.eu, .edge), fate: .passes),
        Case(name: "webhook_url", tenant: list, residency: .any, fate: .refused(.tenant)),
    ]

    @Test(arguments: cases)
    func aParameterPassesIsSetOrIsRefused(_ example: Case) throws {
        let policy = policy(relay: example.relay, tenant: example.tenant, residency: example.residency)
        let parameters = try #require(policy.parameters(of: .acme))
        #expect(parameters.fate(of: example.name) == example.fate)
    }

    @Test(arguments: ParameterName.egress)
    func nothingThatCarriesDataOutOfAResidencyPasses(name: ParameterName) {
        let (outcome, trail) = told(request(["sample_rate", name]), under: policy())
        let sentence =
            "The parameter \(name) can carry data out of eu. Leave it out, unless the rules of tenant acme come to name it."
        #expect(outcome == .refused(Refusal(.badRequest, sentence)))
        #expect(trail.map(\.rule) == [.credential, .origin, .residency, .site, .parameters])
        #expect(Rule.parameters.rawValue == 8)
    }

    @Test func aRefusalNamesWhatIsPlainAndNothingElse() {
        let rules = policy(tenant: ParameterRules(allow: ["a"]))
        let key = ParameterName(decoded: Array(("tg_" + String(repeating: "k", count: 43)).utf8))
        for (name, what) in [
            ("b", "The parameter b"), (key, "A parameter of the query"), ("", "A parameter of the query"),
            ("b\r\nx", "A parameter of the query"),
        ] as [(ParameterName, String)] {
            #expect(
                told(request([name]), under: rules).outcome
                    == .refused(
                        Refusal(.badRequest, "\(what) is not among those that tenant acme may send. Leave it out.")))
        }
        #expect(
            told(request(["b"]), under: policy(relay: ParameterRules(allow: []))).outcome
                == .refused(
                    Refusal(.badRequest, "The parameter b is not among those that this relay takes. Leave it out.")))
    }

    @Test func operatorsCannotSendATenantsDataOut() throws {
        let rules = policy(relay: ParameterRules(force: ["webhook_url": "https://elsewhere.example"]))
        guard case .refused(let refusal) = told(request([]), under: rules).outcome else {
            Issue.record("granted")
            return
        }
        #expect(refusal.name == .badRequest)
        #expect(refusal.sentence.hasPrefix("This relay sets the parameter webhook_url"))
        #expect(!refusal.sentence.contains("elsewhere.example"))
    }

    @Test func whatIsSetIsToldByNameInOrder() throws {
        let rules = policy(
            relay: ParameterRules(force: ["b": "1", "a": "1"]), tenant: ParameterRules(force: ["a": "2", "c": "3"]))
        let forced = try #require(rules.parameters(of: .acme)).forced
        #expect(forced.map(\.name) == ["a", "b", "c"])
        #expect(forced.map(\.value) == ["2", "1", "3"])
        let trail = told(request(["a"]), under: rules).trail
        #expect(trail.first { $0.rule == .parameters }?.sentence.hasSuffix("set by policy: a, b and c.") == true)
        #expect(rules.parameters(of: TenantName("nobody")!)?.forced.count == nil)
    }

    @Test func aRunningSessionIsJudgedByItsParametersToo() throws {
        let endpoint = endpoints(of: .eu)[0]
        #expect(refusal(ofSessionOn: endpoint, request(["b"]), under: policy()) == nil)
        let forbidden = policy(tenant: ParameterRules(allow: ["a"]))
        #expect(refusal(ofSessionOn: endpoint, request(["b"]), under: forbidden)?.name == .badRequest)
        #expect(refusal(ofSessionOn: endpoint, request(["a"]), under: forbidden) == nil)
        // What is set binds the next session.
        let set = policy(tenant: ParameterRules(force: ["b": "1"]))
        #expect(refusal(ofSessionOn: endpoint, request(["b"]), under: set) == nil)
    }
}

private func request(_ parameters: [ParameterName]) -> PolicyRequest {
    PolicyRequest(identity: .tenant(.acme), parameters: parameters)
}

private func policy(
    relay: ParameterRules = ParameterRules(), tenant: ParameterRules = ParameterRules(),
    residency: Residency = .zones(.eu)
) -> PolicySnapshot {
    PolicySnapshot(
        version: "v1", site: Site(name: "here"),
        zones: [Zone.edge, .us, .eu].map { ZoneDefinition($0, endpoints: endpoints(of: $0)) }, parameters: relay,
        tenants: [Tenant(name: .acme, residency: residency, parameters: tenant)])
}
