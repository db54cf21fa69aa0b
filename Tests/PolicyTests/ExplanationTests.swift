import Testing

@testable import Policy

@Suite struct ExplanationTests {
    @Test func aGrantIsToldWithEveryEndpointItWouldHandOut() {
        let explanation = Explanation(
            tenant: .acme, asking: nil, origin: nil, under: policy(residency: .zones(.us, .eu)))
        #expect(
            explanation.outcome
                == .granted(
                    zone: "us",
                    endpoints: [
                        .init(zone: "us", url: "wss://us1.example/v3/ws"),
                        .init(zone: "eu", url: "wss://eu1.example/v3/ws"),
                        .init(zone: "eu", url: "wss://eu2.example/v3/ws"),
                    ]))
        #expect(explanation.rules.map(\.rule) == [1, 2, 3, 4, 8, 5, 6, 7])
        #expect(
            explanation.rules.map(\.finding) == [
                "holds", "holds", "holds", "holds", "holds", "holds", "ahead", "ahead",
            ])
        #expect(explanation.policy == "v1")
    }

    @Test func aRefusalIsToldWithTheRuleThatMadeIt() {
        let explanation = Explanation(
            tenant: .acme, asking: "us", origin: nil, under: policy(residency: .zones(.eu)))
        guard case .refused(let denial) = explanation.outcome else {
            Issue.record("granted")
            return
        }
        #expect(denial.name == "residency")
        #expect(denial.closeCode == 4403)
        #expect(explanation.rules.last?.rule == 3)
        #expect(explanation.rules.last?.finding == "refuses")
    }

    @Test func aParameterIsAskedAboutByItsName() throws {
        let explanation = Explanation(
            tenant: .acme, asking: nil, origin: nil, parameters: ["sample_rate", "webhook_url"],
            under: policy(residency: .zones(.eu)))
        #expect(explanation.parameters == ["sample_rate", "webhook_url"])
        #expect(explanation.rules.last?.rule == 8)
        #expect(explanation.rules.last?.sentence.contains("webhook_url") == true)
    }

    @Test func whatCannotBeAskedForNeverComesToTheRules() {
        let explanation = Explanation(tenant: .acme, asking: "mars", origin: nil, under: policy(residency: .any))
        guard case .refused(let denial) = explanation.outcome else {
            Issue.record("granted")
            return
        }
        #expect(denial.name == "bad-request")
        #expect(explanation.rules.isEmpty)
    }
}
