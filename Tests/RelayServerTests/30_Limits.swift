import Configuration
import HTTP
import Policy
import Reactor
import Receipts
import RelayCore
import RelayServer
import RelayTestKit
import StandIn
import Testing
import Timing
import WebSocket

/// A tenant has what its limits say, all of it and no more, and nobody else notices.
@Suite("30 Limits", .timeLimit(.minutes(10))) struct LimitStories {
    private static let usedUp = "The audio that may be sent today is used up. The next day begins at 00:00 UTC."

    private func harbour(
        _ limits: TenantLimits, _ adjust: (inout RelayHarbour.Plan) throws -> Void = { _ in }
    ) throws -> RelayHarbour {
        try RelayHarbour { plan in
            plan.change("acme") { $0.limits = limits }
            try plan.openAdmin()
            try adjust(&plan)
        }
    }

    // MARK: Sessions at once

    @Test func sessionsAtOnceAreBoundedAndEveryPlaceIsUsed() throws {
        let harbour = try harbour(TenantLimits(sessions: 3))
        let clients = try (1...3).map { _ in try harbour.begunClient("acme") }
        let answer = try harbour.refused("acme")
        #expect(answer.status == 429 && answer.field("Retry-After") == "5")
        #expect(answer.body.contains("A limit is reached: 3 sessions of tenant acme."))
        try harbour.client("globex").begun()
        #expect(harbour.accepted(in: "eu") == 3)
        clients[1].close(.normal)
        _ = try clients[1].toTheEnd()
        try harbour.untilBegun("acme")
        #expect(try harbour.refused("acme").status == 429)
    }

    /// A hundred at once, on both loops: as many as there are places get one.
    @Test func howeverManyComeAtOnceThePlacesAreGivenOutOnce() throws {
        let harbour = try harbour(TenantLimits(sessions: 7))
        let clients = (1...60).map { _ in harbour.client("acme") }
        var begun = 0
        for client in clients {
            if case .opened = try client.event() { begun += 1 }
        }
        #expect(begun == 7)
        #expect(harbour.accepted(in: "eu") == 7)
    }

    @Test func aPageIsToldInItsOwnWay() throws {
        let harbour = try harbour(TenantLimits(sessions: 1))
        let client = try harbour.begunClient("acme")
        let page = harbour.client("acme", fields: ["Origin": HarbourTenant.origin])
        let events = try page.toTheEnd()
        #expect(events.closeCode == 4429)
        #expect(events.messages.first?["refusal"] == "limit")
        client.close(.normal)
    }

    @Test func whoeverIsRefusedForAnotherReasonTakesNoPlace() throws {
        let harbour = try harbour(TenantLimits(sessions: 1, newSessionsPerMinute: 1))
        for _ in 1...3 { #expect(try harbour.refused("acme", "/us/v3/ws").status == 403) }
        try harbour.client("acme").begun()
    }

    @Test func aLowerBoundTurnsNobodyOut() throws {
        let harbour = try harbour(TenantLimits(sessions: 3))
        let clients = try (1...3).map { _ in try harbour.begunClient("acme") }
        try harbour.reload { $0.change("acme") { $0.limits.sessions = 1 } }
        #expect(try harbour.refused("acme").status == 429)
        for client in clients {
            client.send(text: #"{"type":"Terminate"}"#)
            #expect(try client.toTheEnd().closeCode == 1000)
        }
        try harbour.untilBegun("acme")
    }

    // MARK: New sessions

    @Test func newSessionsInAMinuteAreBoundedForEachTenantAlone() throws {
        let harbour = try harbour(TenantLimits(newSessionsPerMinute: 3)) { plan in
            plan.change("globex") { $0.limits.newSessionsPerMinute = 3 }
        }
        for _ in 1...3 {
            let client = try harbour.begunClient("acme")
            client.close(.normal)
            _ = try client.toTheEnd()
        }
        for _ in 1...20 {
            let answer = try harbour.refused("acme")
            #expect(answer.status == 429)
            let wait = try #require(answer.field("Retry-After").flatMap { Int($0) })
            #expect((1...61).contains(wait))
        }
        // What one tenant asked for in vain is not the other's loss.
        for _ in 1...3 { try harbour.client("globex").begun() }
    }

    // MARK: The day's audio

    /// A chunk is a message of 100 ms; quotas lie within one and at its end.
    @Test(
        arguments: [AudioEncoding.pcmS16LE, .pcmMulaw].flatMap { encoding in
            [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000].map { (encoding, $0) }
        })
    func aQuotaEndsASessionWithinOneChunk(encoding: AudioEncoding, rate: Int) throws {
        let quota = 1.25
        let harbour = try harbour(TenantLimits(audioHoursPerDay: quota / 3600))
        let client = harbour.client("acme", "/v3/ws?encoding=\(encoding.rawValue)&sample_rate=\(rate)")
        try client.begun()
        let chunk = [UInt8](repeating: 1, count: rate * (encoding.bytesPerSample ?? 0) / 10)
        // All at once: what is read together is not passed together.
        for _ in 0..<30 { client.send(binary: chunk) }
        let events = try client.toTheEnd()
        #expect(events.closeCode == 4429)
        #expect(events.messages.last?["error"]?.string == Self.usedUp)
        let heard = try harbour.session().audioSeconds
        #expect(heard >= quota - 0.001 && heard <= quota + 0.1)
        let line = try harbour.log.line("session-ended")
        #expect(line["ending"] == "quota-reached" && line["limit"] == "audio-hours-per-day")
        let measured = try #require(line["audio_milliseconds"]?.integer)
        #expect(abs(Double(measured) / 1000 - heard) <= 0.1)
    }

    @Test(arguments: [AudioEncoding.opus, .oggOpus, .aac])
    func compressedAudioEndsByTheClock(encoding: AudioEncoding) throws {
        let quota = 0.6
        let harbour = try harbour(TenantLimits(audioHoursPerDay: quota / 3600))
        let client = harbour.client("acme", "/v3/ws?encoding=\(encoding.rawValue)")
        try client.begun()
        let chunk = Double(Compressed.chunk(encoding)) / 1000
        client.send(binary: Compressed.message(0, encoding))
        try harbour.waitForMessages(1)
        var due = MonotonicClock.now()
        var events: [ClientEvent] = []
        for number in 1..<100 where events.closeCode == nil {
            due = due + .seconds(chunk)
            while MonotonicClock.now() < due, events.closeCode == nil {
                if let event = client.next(within: due.duration(since: MonotonicClock.now())) { events.append(event) }
            }
            client.send(binary: Compressed.message(number, encoding))
        }
        #expect(events.closeCode == 4429)
        // The message that came when the time was over is the last; how long it lasts the clock does not know.
        #expect(try harbour.session().audioSeconds <= quota + 2 * chunk)
        let line = try harbour.log.line("session-ended")
        let measured = try #require(line["audio_milliseconds"]?.integer)
        #expect(Double(measured) >= quota * 1000)
    }

    @Test func allSessionsOfATenantShareItsDay() throws {
        let quota = 4.0
        let harbour = try harbour(TenantLimits(audioHoursPerDay: quota / 3600))
        let clients = try (1...4).map { _ in try harbour.begunClient("acme") }
        let chunk = [UInt8](repeating: 1, count: 3_200)
        for client in clients { for _ in 0..<60 { client.send(binary: chunk) } }
        for client in clients { #expect(try client.toTheEnd().closeCode == 4429) }
        let heard = try harbour.wait { ledger in
            let sessions = ledger.sessions(in: "eu")
            return sessions.allSatisfy { $0.connectionEnd != nil } ? sessions.map(\.audioSeconds).reduce(0, +) : nil
        }
        #expect(heard >= quota - 0.001 && heard <= quota + 0.4)
        try harbour.log.lines("session-ended") { $0.count == 4 }
        let answer = try harbour.refused("acme")
        #expect(answer.status == 429)
        #expect(answer.body.contains("A limit is reached: the audio of tenant acme for today, UTC."))
        #expect(try #require(answer.field("Retry-After").flatMap { Int($0) }) <= 86_400)
        try harbour.client("globex").begun()
    }

    /// What nobody heard is not used.
    @Test func audioThatReachedNoZoneComesBack() throws {
        let harbour = try harbour(TenantLimits(audioHoursPerDay: 2.0 / 3600))
        try harbour.takeDown("eu")
        for _ in 1...4 {
            let client = harbour.client("acme")
            try client.opened()
            for _ in 0..<5 { client.send(binary: [UInt8](repeating: 1, count: 3_200)) }
            #expect(try client.toTheEnd().closeCode == 4503)
        }
        #expect(try harbour.client("acme").toTheEnd().closeCode == 4503)
    }

    @Test func aQuotaIsMeasuredFromTheFirstByteThatWaitsForTheUpstream() throws {
        let harbour = try harbour(TenantLimits(audioHoursPerDay: 1.0 / 3600))
        let client = harbour.client("acme")
        for _ in 0..<30 { client.send(binary: [UInt8](repeating: 1, count: 3_200)) }
        #expect(try client.toTheEnd().closeCode == 4429)
        harbour.relay.stop()
        harbour.relay.wait()
        #expect(harbour.ledger.snapshot.sessions.map(\.audioSeconds).reduce(0, +) <= 1.1)
    }

    // MARK: The rate

    @Test func aClientThatIsTooFastIsSlowedDownAndLosesNothing() throws {
        let harbour = try harbour(TenantLimits(audioRate: 2))
        let client = try harbour.begunClient("acme")
        // Ten seconds may come at once; five more take 2.5 s, of which a client may be half ahead.
        let start = MonotonicClock.now()
        for _ in 0..<150 { client.send(binary: [UInt8](repeating: 1, count: 3_200)) }
        client.send(text: #"{"type":"Terminate"}"#)
        let events = try client.toTheEnd()
        let elapsed = MonotonicClock.now().duration(since: start)
        #expect(events.closeCode == 1000)
        #expect(events.messages.last?["audio_duration_seconds"] == 15)
        #expect(elapsed >= .seconds(1))
        #expect(try harbour.metric("audio-rate") == 1)
    }

    @Test func whoeverIsWithinTheRateIsNot() throws {
        let harbour = try harbour(TenantLimits(audioRate: 100))
        let client = try harbour.begunClient("acme")
        for _ in 0..<130 { client.send(binary: [UInt8](repeating: 1, count: 3_200)) }
        client.send(text: #"{"type":"Terminate"}"#)
        #expect(try client.toTheEnd().closeCode == 1000)
        _ = try harbour.log.line("session-ended")
        #expect(try harbour.metric("audio-rate") == 0)
    }

    /// Whoever is gone is not waited for, and whoever leaves properly is heard to the end.
    @Test func aClientThatLeavesWhileItIsHeldBackIsHeardToTheEnd() throws {
        let harbour = try harbour(TenantLimits(audioRate: 4))
        let client = try harbour.wire()
        client.request(key: harbour.key(of: "acme"))
        _ = try client.readHead()
        for _ in 0..<220 { client.send(.binary, [UInt8](repeating: 1, count: 3_200)) }
        client.send(.text, Array(#"{"type":"Terminate"}"#.utf8))
        client.cut()
        let session = try harbour.session()
        #expect(session.audioSeconds == 22)
    }

    // MARK: The session's time

    @Test func aTenantsSessionEndsWithTheProvidersOwnCodeAndWords() throws {
        let harbour = try harbour(TenantLimits(session: .milliseconds(600)))
        let start = MonotonicClock.now()
        let client = try harbour.begunClient("acme")
        let other = try harbour.begunClient("globex")
        let events = try client.toTheEnd()
        #expect(MonotonicClock.now().duration(since: start) >= .milliseconds(600))
        #expect(events.closeCode == 3008)
        #expect(events.messages.last?["error_code"] == 3008)
        #expect(try harbour.session().ending == .terminated)
        let line = try harbour.log.line("session-ended")
        #expect(line["ending"] == "session-time-over" && line["limit"] == "session")
        other.send(text: #"{"type":"Terminate"}"#)
        #expect(try other.toTheEnd().closeCode == 1000)
    }

    @Test func aShorterTimeBindsTheSessionsThatAreThere() throws {
        let harbour = try harbour(TenantLimits())
        let client = try harbour.begunClient("acme")
        try harbour.reload { $0.change("acme") { $0.limits.session = .milliseconds(100) } }
        #expect(try client.toTheEnd().closeCode == 3008)
    }

    // MARK: Connections

    @Test func connectionsOfOneAddressAreBounded() throws {
        let harbour = try harbour(TenantLimits()) { plan in
            plan.limits.connectionsPerAddress = 3
            plan.limits.bindsOwnMachine = true
            plan.admin = nil
        }
        var wires = try (1...3).map { _ in try harbour.wire() }
        // The loops take connections in their own time: those that are in have been answered.
        for wire in wires { wire.send("GET /v3/ws HTTP/1.1\r\n") }
        let surplus = try harbour.untilTurnedAway()
        #expect(surplus.readToEnd().isEmpty)
        let other = try WireClient(port: harbour.plainPort, from: "127.0.0.2")
        other.request(key: harbour.key(of: "acme"))
        #expect(try other.readHead().hasPrefix("HTTP/1.1 101 "))
        wires[0].reset()
        wires.removeFirst()
        try harbour.untilTaken()
        let line = try harbour.log.line("connection-failed") { $0["limit"] == "connections-per-address" }
        #expect(line["level"] == "warning")
    }

    @Test func unlessItIsSaidThisMachinesOwnAreNotBound() throws {
        let harbour = try harbour(TenantLimits()) { $0.limits.connectionsPerAddress = 2 }
        for _ in 1...4 { try harbour.client("acme").begun() }
    }

    // MARK: On record

    @Test func whatReachedALimitIsOnRecordByItsName() throws {
        let log = try ReceiptLog()
        let harbour = try harbour(TenantLimits(sessions: 1, audioHoursPerDay: 1.0 / 3600)) {
            $0.receipts = log.settings()
        }
        let client = try harbour.begunClient("acme")
        #expect(try harbour.refused("acme").status == 429)
        for _ in 0..<30 { client.send(binary: [UInt8](repeating: 1, count: 3_200)) }
        #expect(try client.toTheEnd().closeCode == 4429)
        _ = try harbour.log.line("session-ended")
        #expect(try harbour.log.line("refused")["limit"] == "sessions")
        for (limit, count) in [("sessions", 1), ("audio-hours-per-day", 1), ("new-sessions-per-minute", 0)] {
            #expect(try harbour.metric(limit) == Double(count), "\(limit)")
        }
        harbour.relay.stop()
        harbour.relay.wait()
        #expect(log.lines(.refusal).map { $0.string("limit") } == ["sessions"])
        #expect(log.lines(.session).map { $0.string("limit") } == ["audio-hours-per-day"])
        #expect(log.lines(.session).map { $0.string("ending") } == ["quota-reached"])
        #expect(log.verdict().isWhole)
    }
}

extension RelayHarbour {
    /// What somebody of a tenant hears who is let in nowhere.
    fileprivate func refused(_ tenant: String, _ target: String = "/v3/ws") throws -> AdminReply {
        let client = try wire()
        client.request(target, key: key(of: tenant))
        return try client.readAnswer()
    }

    /// Asks until a place is free.
    fileprivate func untilBegun(_ tenant: String) throws {
        while true {
            let client = client(tenant)
            guard case .opened = try client.event() else { continue }
            #expect(try client.message()["type"] == "Begin")
            return
        }
    }

    /// Connects until a connection is turned away.
    fileprivate func untilTurnedAway() throws -> WireClient {
        while true {
            let client = try wire()
            client.send("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if client.readToEnd().isEmpty { return client }
        }
    }

    /// Connects until a connection is taken.
    fileprivate func untilTaken() throws {
        while true {
            let client = try wire()
            client.send("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if !client.readToEnd().isEmpty { return }
        }
    }

    /// How often a limit was reached.
    fileprivate func metric(_ limit: String) throws -> Double? {
        try metrics()["tidegate_limits_reached_total", ["limit": limit]]
    }
}
