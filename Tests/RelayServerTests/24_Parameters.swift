import Configuration
import HTTP
import Policy
import RelayServer
import StandIn
import Testing

/// What policy does to the query of a session, on the wire.
@Suite("24 Parameters", .overEachHTTP, .timeLimit(.minutes(10))) struct Parameters {
    @Test(arguments: [
        // However the name is written, and however often it stands there: one is left, with policy's value, at the end.
        ("?a=1&redact_pii=false&b=2", "?a=1&b=2&redact_pii=true"),
        ("?redact%5Fpii=false&redact_pii&a=1&%72edact_pii=x", "?a=1&redact_pii=true"),
        ("?redact_pii=true", "?redact_pii=true"), ("", "?redact_pii=true"), ("?", "?redact_pii=true"),
        ("?&&token=x&a=%2f+%2B", "?&&a=%2f+%2B&redact_pii=true"),
        // Other names, all of them.
        ("?Redact_pii=1&redact+pii=1&redact_pii%00=1&xredact_pii=1", nil),
    ])
    func whatPolicySetsReplacesWhatTheClientSent(sent: String, expected: String?) throws {
        let harbour = try RelayHarbour { plan in
            plan.useEcho()
            plan.parameters = ParameterRules(force: ["redact_pii": "never"])
            plan.change("acme") { $0.parameters = ParameterRules(force: ["redact_pii": "true"]) }
        }
        let client = try harbour.wire()
        client.request("/v3/ws" + sent, key: harbour.key(of: "acme"))
        _ = try client.readHead()
        let target = try harbour.session { _ in true }.request.target
        #expect(target == "/v3/ws" + (expected ?? "\(sent)&redact_pii=true"))
    }

    @Test func aValueIsWrittenAsAQueryHasIt() throws {
        let harbour = try RelayHarbour { plan in
            plan.useEcho()
            plan.parameters = ParameterRules(force: ["b": "x y&c=ü#", "a": ""])
        }
        try harbour.client("acme", "/v3/ws?z=1").opened()
        #expect(try harbour.session { _ in true }.request.target == "/v3/ws?z=1&a=&b=x%20y%26c%3D%C3%BC%23")
    }

    @Test(arguments: [
        ("?sample_rate=16000&token=x&zone=eu", true), ("?s%61mple_rate=16000", true), ("", true), ("?&&", true),
        ("?set=client", true), ("?prompt=x", false), ("?sample_rate=1&sample_rate=2&prompt=x", false), ("?=x", false),
        ("?Sample_rate=1", false), ("?sample_rate+=1", false), ("?sample%20rate=1", false),
        ("?sample_rate%00=1", false),
        ("?%20sample_rate=1", false), ("?a;sample_rate=1", false),
    ])
    func onlyWhatIsAllowedReachesTheProvider(query: String, passes: Bool) throws {
        let harbour = try RelayHarbour { plan in
            plan.useEcho()
            plan.parameters = ParameterRules(allow: ["sample_rate", "other"], force: ["set": "1"])
            plan.change("acme") { $0.parameters = ParameterRules(allow: ["sample_rate", "prompt"]) }
        }
        let client = try harbour.wire()
        client.request("/v3/ws" + query, key: harbour.key(of: "acme"))
        let head = try client.readHead()
        #expect(head.hasPrefix(passes ? "HTTP/1.1 101 " : "HTTP/1.1 400 "), "\(head)")
        if !passes { #expect(harbour.acceptedAnywhere == 0) }
    }

    @Test(arguments: ParameterName.egress)
    func whatCarriesDataOutReachesTheProviderOnlyWhereItMay(name: ParameterName) throws {
        let harbour = try RelayHarbour { plan in
            plan.change("globex") { $0.parameters = ParameterRules(allow: [name]) }
        }
        let refused = harbour.client("acme", "/v3/ws?\(name)=private")
        guard case .answered(let head, let body) = try refused.event() else {
            Issue.record("let in")
            return
        }
        #expect(head.status == 400)
        #expect(String(decoding: body, as: UTF8.self).contains("The parameter \(name) can carry data out of eu."))
        #expect(harbour.acceptedAnywhere == 0)
        // One tenant's rules name it, the other makes no promise.
        for (tenant, zone) in [("globex", "us"), ("hooli", "edge")] {
            try harbour.client(tenant, "/v3/ws?\(name)=private").opened()
            let target = try harbour.session(in: zone) { _ in true }.request.target
            #expect(target == "/v3/ws?\(name)=private")
        }
        #expect(!harbour.log.text.contains { $0.contains("private") })
    }

    @Test func aParameterThatPolicyForbidsNowEndsItsSessionAndNoOther() throws {
        let harbour = try RelayHarbour()
        let prompted = harbour.client("acme", "/v3/ws?prompt=hush&sample_rate=16000")
        let plain = harbour.client("acme", "/v3/ws?sample_rate=16000")
        try prompted.begun()
        try plain.begun()
        try harbour.reload { plan in
            plan.change("acme") {
                $0.parameters = ParameterRules(allow: ["sample_rate"], force: ["redact_pii": "true"])
            }
        }
        let events = try prompted.toTheEnd()
        #expect(events.closeCode == 4403)
        let told = events.messages.last?["error"]?.string
        #expect(told == "The parameter prompt is not among those that tenant acme may send. Leave it out.")
        plain.send(text: #"{"type":"Terminate"}"#)
        #expect(try plain.toTheEnd().closeCode == 1000)
        #expect(!harbour.log.text.contains { $0.contains("hush") })
        // Who comes now gets what is set now.
        try harbour.client("acme").begun()
        let targets = try harbour.wait { ledger in
            let sessions = ledger.sessions(in: "eu")
            return sessions.count == 3 ? sessions.map(\.request.target) : nil
        }
        #expect(targets.last == "/v3/ws?redact_pii=true")
    }

    @Test func aFailedDialIsFollowedByOneWithTheSameQuery() throws {
        let harbour = try RelayHarbour { plan in
            plan.parameters = ParameterRules(force: ["redact_pii": "true"])
        }
        harbour.standIn.fail("us", with: [StandIn.Fault(.status(500, body: nil))])
        try harbour.client("initech", "/v3/ws?redact_pii=false&a=1").begun()
        #expect(try harbour.session(in: "eu") { $0.hasBegun }.request.target == "/v3/ws?a=1&redact_pii=true")
    }
}
