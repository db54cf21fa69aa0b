import HTTP
import StandIn
import Testing
import WebSocket

@Suite struct SessionConnectionTests {
    @Test(arguments: [true, false])
    func aSessionRunsFromTheUpgradeToTheFIN(_ isSecure: Bool) throws {
        let bed = try TestBed(isSecure: isSecure)
        let client = bed.client("sample_rate=16000")
        try client.begin()
        client.send(binary: Sound.sentence(words: 2, pause: 0))
        #expect(try client.message()["type"] == "SpeechStarted")
        client.send(text: #"{"type":"Terminate"}"#)
        let rest = client.rest()
        #expect(rest.suffix(2) == [.close(ClosePayload(code: .normal, reason: "Session Ended")), .ended("closed")])

        let session = try bed.session()
        #expect(session.ending == .terminated && session.billedSeconds == 1)
        #expect(session.keyName == "main" && !session.isToken)
        #expect(session.serverName == (isSecure ? "localhost" : nil))
        #expect(session.audioSeconds == 0.6)
        let inbox = client.inbox.snapshot
        #expect(session.received == inbox.sent && session.sent == inbox.received)
    }

    @Test(
        arguments: [
            ("", [:], 1008, "Unauthorized Connection: Missing Authorization header"),
            ("", ["Authorization": "Bearer KEY"], 1008, "Unauthorized Connection: Invalid API key"),
            ("token=KEY", [:], 1008, "Unauthorized Connection: Invalid API key"),
            (
                "encoding=flac", ["Authorization": "KEY"], 3006,
                "User Input Validation Error: Invalid 'encoding': 'flac' is not a valid Encoding"
            ),
        ] as [(String, HeaderFields, Int, String)])
    func refusalsAreToldInBand(_ query: String, _ fields: HeaderFields, _ code: Int, _ text: String) throws {
        let bed = try TestBed()
        let client = bed.client(query, fields: fields)
        guard case .opened = client.next() else { throw TestBed.Unanswered() }
        let error = try client.message()
        #expect(error == ["type": "Error", "error_code": JSONValue(code), "error": .string(text)])
        let payload = ClosePayload(
            code: CloseCode(rawValue: UInt16(code)), reason: "See Error message for details")
        #expect(client.rest() == [.close(payload), .ended("closed")])
        #expect(try bed.session().ending == .refused)
    }

    @Test func bigMessagesAreRefusedFromTheirHeader() throws {
        let bed = try TestBed()
        let client = bed.client()
        try client.begin()
        client.send(raw: [0x82, 0xFF, 0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0])
        #expect(try client.message()["error_code"] == 1009)
        #expect(client.next() == .close(ClosePayload(code: .messageTooBig, reason: "See Error message for details")))
    }

    @Test func brokenFramesEndTheConnection() throws {
        let bed = try TestBed()
        let client = bed.client()
        try client.begin()
        client.send(raw: [0xF1, 0x80, 0, 0, 0, 0])
        guard case .close(let payload) = client.next() else { throw TestBed.Unanswered() }
        #expect(payload.code == .protocolError)
        #expect(try bed.session().ending == .abandoned)
    }

    @Test func aClientThatGoesAwayLeavesAnAbandonedSession() throws {
        let bed = try TestBed { $0.maxSessionSeconds = 600 }
        for leave in [{ $0.close(.goingAway) }, { $0.finish() }, { $0.reset() }] as [(StandInClient) -> Void] {
            bed.server.ledger.update { $0.clear() }
            let client = bed.client()
            try client.begin()
            leave(client)
            let session = try bed.session()
            #expect(session.ending == .abandoned && session.billedSeconds == 600)
        }
    }

    @Test func aCloseFrameIsAnsweredWithItsOwnCode() throws {
        let bed = try TestBed()
        let client = bed.client()
        try client.begin()
        client.close(CloseCode(rawValue: 4000), reason: "enough")
        #expect(
            client.rest() == [
                .close(ClosePayload(code: CloseCode(rawValue: 4000), reason: "enough")), .ended("closed"),
            ])
        #expect(try bed.session().closeReceived == 4000)
    }

    @Test func delaysAreKept() throws {
        let bed = try TestBed {
            $0.delays.begin = .milliseconds(30)
            $0.delays.termination = .milliseconds(30)
        }
        let client = bed.client()
        client.send(text: #"{"type":"Terminate"}"#)
        guard case .opened = client.next() else { throw TestBed.Unanswered() }
        #expect(client.next(within: .milliseconds(1)) == nil)
        #expect(try client.message()["type"] == "Begin")
        #expect(try client.message()["type"] == "Termination")
    }

    // MARK: Faults

    @Test(arguments: [
        ("rst", ["opened", "ended lost"]),
        ("eof@begin", ["opened", "Begin", "ended closed"]),
        ("truncate@begin", ["opened", "Begin", "ended closed"]),
        ("eof-mid-message", ["opened", "Begin", "ended closed"]),
        ("garbage", ["opened", "violation 1002"]),
        ("raw:8900@begin", ["opened", "Begin", "ping"]),
        ("ping:2", ["opened", "Begin", "ping", "ping"]),
        ("binary:3", ["opened", "Begin", "binary 3"]),
        ("big:3000000", ["opened", "Begin", "Warning"]),
        ("text:{\"type\":\"New\"}@begin", ["opened", "Begin", "New"]),
        ("close:1008:go", ["opened", "close 1008 go", "ended closed"]),
        ("close:1006", ["opened", "close nil ", "ended closed"]),
        ("error:3005@begin", ["opened", "Begin", "Error", "close 3005 See Error message for details", "ended closed"]),
        ("error:1011", ["opened", "Error", "close 1011 See Error message for details", "ended closed"]),
        ("echo-key:message", ["opened", "Warning", "Begin"]),
        ("echo-key:reason", ["opened", "close 1008 KEY", "ended closed"]),
    ])
    func faultsStrikeAsAsked(_ fault: String, _ story: [String]) throws {
        let bed = try TestBed(isSecure: fault == "truncate@begin")
        bed.server.fail("eu", with: [try Fault(fault)])
        let client = bed.client()
        var seen: [String] = []
        while seen.count < story.count, let event = client.next() { seen.append(try summary(event)) }
        #expect(seen == (fault == "truncate@begin" ? story.dropLast() + ["ended truncated"] : story))
    }

    @Test func aFaultCanStrikeInTheMiddleOfTheAudio() throws {
        let bed = try TestBed()
        let client = bed.client("standin_fault=rst@audio:3")
        try client.begin()
        for _ in 1...3 { client.send(binary: Sound.silence(milliseconds: 50)) }
        #expect(client.rest() == [.ended("lost")])
        #expect(try bed.session().received.binaryMessages == 3)
    }

    @Test func aFloodLastsWhileTheClientReads() throws {
        let bed = try TestBed()
        let client = bed.client("standin_fault=flood:binary:65536")
        let found: Bool? = client.inbox.wait(upTo: .seconds(5)) { $0.received.binaryMessages > 200 ? true : nil }
        #expect(found == true)
        client.reset()
        #expect(try bed.session().ending == .abandoned)
    }

    @Test func aStandInThatStopsReadingHoldsItsClientUp() throws {
        let bed = try TestBed()
        let client = bed.client("standin_fault=stop-reading")
        try client.begin()
        for _ in 1...200 { client.send(binary: [UInt8](repeating: 0, count: 65_536)) }
        let found: Bool? = client.inbox.wait(upTo: .seconds(5)) { $0.queuedBytes > 1 << 20 ? true : nil }
        #expect(found == true)
        #expect(try bed.session { $0.hasBegun }.received.binaryMessages <= 1)
    }

    @Test func silenceAndMissingTerminationLastUntilTheClientGivesUp() throws {
        for fault in ["silence", "no-termination"] {
            let bed = try TestBed()
            let client = bed.client("standin_fault=\(fault)")
            client.send(text: #"{"type":"Terminate"}"#)
            client.close(.normal)
            let rest = client.rest()
            #expect(rest.last == .ended("closed"))
            #expect(!rest.contains { (try? summary($0)) == "Termination" })
            #expect(try bed.session().ending == .terminated)
        }
    }

    @Test func aCloseCanStayWithoutAnswer() throws {
        let bed = try TestBed()
        let client = bed.client("standin_fault=no-close-answer")
        try client.begin()
        client.close(.normal)
        #expect(try bed.session { $0.closeReceived == 1000 }.connectionEnd == nil)
    }

    private func summary(_ event: ClientEvent) throws -> String {
        switch event {
        case .opened: "opened"
        case .text(let text): try JSONValue(parsing: text)["type"]?.string ?? text
        case .binary(let bytes): "binary \(bytes.count)"
        case .ping: "ping"
        case .pong: "pong"
        case .close(let payload): "close \(payload.code.map { "\($0.rawValue)" } ?? "nil") \(payload.reason)"
        case .violation(let code, _): "violation \(code.rawValue)"
        case .ended(let end): "ended \(end)"
        case .answered(let head, _): "answered \(head.status)"
        case .badHandshake(let why): "bad handshake: \(why)"
        }
    }
}
