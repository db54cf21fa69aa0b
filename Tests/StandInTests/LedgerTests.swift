import Testing

@testable import StandIn

@Suite struct LedgerTests {
    @Test func sessionsAreNumberedInTheOrderTheyCame() {
        var ledger = Ledger()
        #expect(ledger.addSession(entry("us")) == 1)
        #expect(ledger.addSession(entry("eu")) == 2)
        #expect(ledger.addSession(entry("us")) == 3)
        #expect(ledger.sessions.map(\.number) == [1, 2, 3])
        #expect(ledger.sessions(in: "us").map(\.number) == [1, 3])
    }

    @Test func aRequestIsAnsweredInItsPlace() {
        var ledger = Ledger()
        let first = ledger.addRequest(request("eu"))
        let second = ledger.addRequest(request("eu"))
        ledger.answerRequest(second, status: 101)
        #expect(ledger.requests.map(\.status) == [nil, 101])
        ledger.answerRequest(first, status: 503)
        #expect(ledger.requests.map(\.status) == [503, 101])
    }

    @Test func whatWasClearedIsNotWrittenTo() {
        var ledger = Ledger()
        let number = ledger.addRequest(request("eu"))
        let session = ledger.addSession(entry("eu"))
        ledger.connections["eu"] = .init(accepted: 3, open: 1, insecure: 1)
        ledger.clear()
        ledger.answerRequest(number, status: 101)
        ledger.updateSession(session) { $0.hasBegun = true }
        #expect(ledger.requests.isEmpty && ledger.sessions.isEmpty)
        #expect(ledger.connections["eu"] == .init(accepted: 0, open: 1, insecure: 0))
        let next = ledger.addRequest(request("eu"))
        ledger.answerRequest(next, status: 200)
        #expect(ledger.requests.map(\.status) == [200])
        #expect(ledger.addSession(entry("eu")) == 2)
    }

    @Test func theJSONHasEveryFactOfASession() {
        var ledger = Ledger()
        let number = ledger.addSession(entry("eu"))
        ledger.updateSession(number) {
            $0.keyName = "main"
            $0.ending = .abandoned
            $0.billedSeconds = 10_800
            $0.closeReceived = 1001
        }
        let session = ledger.json["sessions"]?.items?.first
        #expect(session?["key"] == "main" && session?["credential"] == "key")
        #expect(session?["ended"] == "abandoned" && session?["billed_seconds"] == 10_800)
        #expect(session?["close_received"] == 1001 && session?["close_sent"] == .null)
        #expect(session?["received"]?["frames"] == 0)
        #expect(session?["target"] == "/v3/ws" && session?["authorization"] == ["{key:main}"])
    }

    private func request(_ zone: String) -> Ledger.Request {
        Ledger.Request(zone: zone, head: "GET", target: "/v3/ws", authorization: ["{key:main}"])
    }

    private func entry(_ zone: String) -> Ledger.Session {
        Ledger.Session(number: 0, request: request(zone), openedAt: 5)
    }
}
