import Configuration
import Policy
import Receipts
import RelayCore
import RelayServer
import RelayTestKit
import StandIn
import Testing
import Timing
import WebSocket

/// Whoever is refused too often hears no more than that it is: no reason, no record, no closing handshake. Whoever is good
/// notices nothing.
@Suite("29 Refusal limits", .overEachHTTP, .timeLimit(.minutes(10))) struct RefusalLimitStories {
    /// A few refusals, and none again for longer than any story takes.
    private static let few = RefusalLimits.Rules(
        party: TokenBucket.Rule(size: 3, interval: .seconds(3600)),
        strangers: TokenBucket.Rule(size: 1000, interval: .seconds(3600)))

    private func harbour(
        _ rules: RefusalLimits.Rules? = few, _ adjust: (inout RelayHarbour.Plan) throws -> Void = { _ in }
    ) throws -> RelayHarbour {
        try RelayHarbour { plan in
            plan.refusals = rules
            try adjust(&plan)
        }
    }

    // MARK: By address

    @Test func anAddressHearsAFewReasonsAndThenOnlyThatItMustWait() throws {
        let harbour = try harbour()
        for number in 1...3 { #expect(try harbour.ask(showing: "wrong \(number)").status == 401) }
        let client = try harbour.wire()
        client.request(key: "wrong again")
        let answer = try client.readAnswer()
        #expect(answer.status == 429)
        #expect(answer.field("Retry-After") == "3600" && answer.field("Connection") == "close")
        #expect(answer.field("Content-Type") == "application/problem+json")
        #expect(answer.body.hasPrefix(#"{"type":"urn:tidegate:refusal:limit","#))
        #expect(client.readToEnd().isEmpty && client.end == .finished)
        #expect(harbour.acceptedAnywhere == 0)
    }

    @Test func theSameHoldsOverTLS() throws {
        let harbour = try harbour()
        for number in 1...3 { #expect(try harbour.ask(showing: "wrong \(number)").status == 401) }
        let client = try harbour.secureWire()
        client.request(key: "wrong again")
        #expect(try client.readAnswer().status == 429)
        #expect(client.readToEnd().isEmpty && client.end == .finished)
    }

    @Test func aGoodClientBehindTheSameAddressIsServedMeanwhile() throws {
        let harbour = try harbour()
        for number in 1...10 { _ = try harbour.ask(showing: "wrong \(number)") }
        try harbour.client("acme").begun()
        #expect(try harbour.ask(showing: "wrong").status == 429)
        // What it does wrong itself, it is told.
        #expect(try harbour.ask(showing: harbour.key(of: "acme"), for: "/us/v3/ws").status == 403)
    }

    @Test func anotherAddressHearsItsReason() throws {
        let harbour = try harbour()
        for number in 1...10 { _ = try harbour.ask(showing: "wrong \(number)", from: "127.0.0.2") }
        #expect(try harbour.ask(showing: "wrong", from: "127.0.0.2").status == 429)
        #expect(try harbour.ask(showing: "another", from: "127.0.0.3").status == 401)
    }

    @Test func reasonsAreToldAgainInTime() throws {
        var rules = Self.few
        rules.party = TokenBucket.Rule(size: 3, interval: .milliseconds(100))
        let harbour = try harbour(rules)
        var statuses: [Int] = []
        repeat {
            statuses.append(try harbour.ask(showing: "wrong \(statuses.count)").status)
        } while statuses.last != 429
        repeat {
            statuses.append(try harbour.ask(showing: "wrong \(statuses.count)").status)
        } while statuses.last == 429
        #expect(statuses.last == 401)
    }

    // MARK: By credential, and by all

    @Test func aCredentialIsLimitedFromWhereverItComes() throws {
        let harbour = try harbour()
        for number in 2...4 { #expect(try harbour.ask(showing: "stale", from: "127.0.0.\(number)").status == 401) }
        #expect(try harbour.ask(showing: "stale", from: "127.0.0.5").status == 429)
        #expect(try harbour.ask(showing: "fresh", from: "127.0.0.5").status == 401)
    }

    @Test func aGoodCredentialAnswersForItsOwnRefusalsAlone() throws {
        let harbour = try harbour()
        let acme = harbour.key(of: "acme")
        for number in 2...4 {
            #expect(try harbour.ask(showing: acme, for: "/us/v3/ws", from: "127.0.0.\(number)").status == 403)
        }
        #expect(try harbour.ask(showing: acme, for: "/us/v3/ws", from: "127.0.0.5").status == 429)
        #expect(try harbour.ask(showing: harbour.key(of: "globex"), for: "/eu/v3/ws", from: "127.0.0.2").status == 403)
        // It is refused for what it asks, never because it was.
        try harbour.client("acme").begun()
    }

    @Test func allStrangersTogetherHaveABoundThatNoGoodClientMeets() throws {
        let rules = RefusalLimits.Rules(
            party: TokenBucket.Rule(size: 3, interval: .seconds(3600)),
            strangers: TokenBucket.Rule(size: 2, interval: .seconds(1800)))
        let harbour = try harbour(rules)
        for number in 2...3 {
            #expect(try harbour.ask(showing: "wrong \(number)", from: "127.0.0.\(number)").status == 401)
        }
        let answer = try harbour.ask(showing: "wrong", from: "127.0.0.9")
        #expect(answer.status == 429 && answer.field("Retry-After") == "1800")
        #expect(try harbour.ask(showing: harbour.key(of: "acme"), for: "/us/v3/ws").status == 403)
        try harbour.client("acme").begun()
    }

    @Test func settingsSayHowMany() throws {
        let harbour = try harbour(nil) { $0.limits.refusalsPerMinute = 2 }
        for _ in 1...2 { #expect(try harbour.ask(showing: "wrong").status == 401) }
        let answer = try harbour.ask(showing: "wrong")
        #expect(answer.status == 429 && answer.field("Retry-After") == "30")
        try harbour.reload { $0.limits.refusalsPerMinute = 1000 }
        // What was taken is owed still, and comes back at the new pace.
        var status = 429
        while status == 429 { status = try harbour.ask(showing: "wrong").status }
        #expect(status == 401)
    }

    // MARK: In every form

    @Test(
        .overHTTP1Alone, arguments: ["GET /v3/ws HTTP/1.1\r\nHost: localhost\r\n\r\n", "BREW /pot HTCPCP/1.0\r\n\r\n"])
    func whatIsNoProperRequestCountsToo(head: String) throws {
        let harbour = try harbour()
        func status() throws -> Int {
            let client = try harbour.wire()
            client.send(head)
            return try client.readAnswer().status
        }
        for _ in 1...3 { #expect(try status() != 429) }
        #expect(try status() == 429)
    }

    @Test(.overHTTP1Alone) func aRequestThatNeverComesToItsEndCountsToo() throws {
        let harbour = try harbour { $0.timeouts.handshake = .milliseconds(100) }
        func status() throws -> Int {
            let client = try harbour.wire()
            client.send("GET /v3/ws HTTP/1.1\r\n")
            return try client.readAnswer().status
        }
        for _ in 1...3 { #expect(try status() == 408) }
        #expect(try status() == 429)
    }

    @Test func aPageIsToldOverHTTPThen() throws {
        let harbour = try harbour()
        let page = WireClient.head(lines: ["Authorization: wrong", "Origin: \(HarbourTenant.origin)"])
        for _ in 1...3 {
            let client = try harbour.wire()
            client.send(page)
            #expect(try client.readHead().hasPrefix("HTTP/1.1 101 "))
        }
        let client = try harbour.wire()
        client.send(page)
        #expect(try client.readAnswer().status == 429)
        #expect(client.readToEnd().isEmpty && client.end == .finished)
    }

    /// A client that never ends its side, as long as the story lasts.
    @Test(.overHTTP1Alone) func nobodyIsWaitedForWhoIsTurnedAway() throws {
        let harbour = try harbour()
        for number in 1...3 { _ = try harbour.ask(showing: "wrong \(number)") }
        let clients = try (1...20).map { _ in
            let client = try harbour.wire()
            client.request(key: "wrong")
            _ = client.readToEnd()
            return client
        }
        // The clients' own ends alone.
        var ends = OpenSockets(sessions: 0)
        ends.withClients = clients.count
        #expect(OpenSockets.waiting(for: ends, of: harbour) == ends)
    }

    // MARK: On record

    @Test func thoseTurnedAwayAreCountedAndNotTold() throws {
        let log = try ReceiptLog()
        let harbour = try harbour {
            try $0.openAdmin()
            $0.receipts = log.settings()
        }
        for number in 1...10 { _ = try harbour.ask(showing: "wrong \(number)") }
        for number in 2...5 { _ = try harbour.ask(showing: "stale", from: "127.0.0.\(number)") }
        try harbour.log.lines("refusals-limited") { $0.compactMap { $0["count"]?.integer }.reduce(0, +) == 8 }
        #expect(harbour.log.text.count { $0.contains(#""event":"refused""#) } == 6)
        let metrics = try harbour.metrics()
        #expect(metrics["tidegate_refusals_limited_total", ["by": "address"]] == 7)
        #expect(metrics["tidegate_refusals_limited_total", ["by": "credential"]] == 1)
        #expect(metrics["tidegate_refusals_total", ["refusal": "limit"]] == 8)
        #expect(metrics["tidegate_refusals_total", ["refusal": "unauthenticated"]] == 6)
        harbour.relay.stop()
        harbour.relay.wait()
        #expect(log.lines(.refusal).count == 6)
        #expect(log.lines(.lost).reduce(0) { $0 + ($1.integer("count") ?? 0) } == 8)
        #expect(log.verdict().isWhole)
    }
}

/// Nothing tells one credential that is no good from another.
@Suite("29 Credentials that are no good", .overEachHTTP) struct WorthlessCredentials {
    @Test func theyAreAllAnsweredAlike() throws {
        let harbour = try RelayHarbour()
        let revoked = harbour.key(of: "globex")
        try harbour.reload { $0.tenants.removeAll { $0.name == "globex" } }
        let acme = harbour.key(of: "acme")
        let shown = [
            "tg_" + String(repeating: "A", count: 43), revoked, acme.dropLast() + "_", acme + "=", "x", "tg_",
            "Bearer " + acme.dropLast(), "Basic dXNlcjpwYXNzd29yZA==", String(repeating: "k", count: 8000),
        ].map { String($0) }
        let answers = try shown.map { key in
            let client = try harbour.wire()
            client.request(key: key)
            return String(decoding: client.readToEnd(), as: UTF8.self).replacing(/[0-9a-f]{32}/, with: "ID")
        }
        #expect(Set(answers).count == 1, "\(Set(answers))")
        #expect(answers[0].hasPrefix("HTTP/1.1 401 "))
    }
}

extension RelayHarbour {
    /// What somebody hears who asks for a session with this key.
    fileprivate func ask(
        showing key: String, for target: String = "/v3/ws", from source: String? = nil
    ) throws -> AdminReply {
        let client = try WireClient(port: plainPort, from: source)
        client.request(target, key: key)
        return try client.readAnswer()
    }
}
