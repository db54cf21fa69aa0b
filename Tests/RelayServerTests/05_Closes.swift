import Configuration
import StandIn
import Testing
import WebSocket

/// How sessions end with Close frames, and without.
@Suite("05 Closes", .overEachHTTP) struct Closes {
    @Test func theClientsCloseReachesTheProviderAndItsAnswerComesBack() throws {
        let harbour = try RelayHarbour { $0.useEcho() }
        for (number, code) in ((codes as [UInt16?]) + [nil]).enumerated() {
            let client = try harbour.echoing()
            let payload = code.map { ClosePayload(code: CloseCode(rawValue: $0), reason: "weil \($0) – §") } ?? .empty
            client.send(.close, payload.bytes)
            // The answer is the provider's: it echoes what it was sent.
            #expect(try client.readFrame() == .close(payload))
            #expect(client.readToEnd() == [] && client.end == .finished)
            let session = try harbour.session(number: number + 1)
            #expect(session.closeReceived == code && session.connectionEnd == "finished")
        }
    }

    @Test(arguments: [ZoneSettings.Provider.generic, .assemblyai])
    func theProvidersCloseReachesTheClient(provider: ZoneSettings.Provider) throws {
        let harbour = try RelayHarbour { $0.adjustZone = { zone, _ in zone.provider = provider } }
        for (number, code) in codes.enumerated() {
            harbour.standIn.fail(
                "eu", with: [StandIn.Fault(.close(code, reason: "weil \(code) – §"), at: .begin)], times: 1)
            let client = try harbour.opened()
            #expect(try client.readFrame().text.contains("Begin"))
            let close = try client.readFrame()
            #expect(close == .close(code, "weil \(code) – §"))
            client.send(.close, close.payload)
            #expect(client.readToEnd() == [] && client.end == .finished)
            // It was answered at once, whether the client answers or not.
            #expect(try harbour.session(number: number + 1).closeReceived == code)
        }
    }

    @Test func aClientThatClosesWithoutTerminateIsAnsweredAtOnceAndTheProviderHearsBoth() throws {
        let harbour = try RelayHarbour()
        harbour.standIn.fail("eu", with: [StandIn.Fault(.slowTermination(milliseconds: 100))])
        for (number, code) in ([1000, 1001, 4321, nil] as [UInt16?]).enumerated() {
            let client = try harbour.opened()
            _ = try client.readFrame()
            let payload = code.map { ClosePayload(code: CloseCode(rawValue: $0), reason: "genug") } ?? .empty
            client.send(.close, payload.bytes)
            #expect(try client.readFrame() == .close(payload))
            #expect(client.readToEnd() == [] && client.end == .finished)
            let session = try harbour.session(number: number + 1)
            #expect(session.ending == .terminated && session.received.textMessages == 1)
            #expect(session.closeReceived == code)
        }
    }

    @Test func aClientThatTerminatesHearsTheProviderOut() throws {
        let harbour = try RelayHarbour()
        let client = harbour.client()
        try client.begun()
        client.send(text: #"{"type":"Terminate"}"#)
        let types = try client.toTheEnd().compactMap { event -> String? in
            switch event {
            case .text(let text): try JSONValue(parsing: text)["type"]?.string
            case .close(let payload): "\(payload.code?.rawValue ?? 0) \(payload.reason)"
            case .ended(let end): end
            default: "\(event)"
            }
        }
        #expect(types.suffix(3) == ["Termination", "1000 Session Ended", "closed"])
        let session = try harbour.session()
        #expect(session.ending == .terminated && session.received.textMessages == 1 && session.closeReceived == 1000)
    }

    @Test(arguments: [ZoneSettings.Provider.generic, .assemblyai])
    func closesThatCrossEndTheSessionOnce(provider: ZoneSettings.Provider) throws {
        let harbour = try RelayHarbour { $0.adjustZone = { zone, _ in zone.provider = provider } }
        harbour.standIn.fail("eu", with: [StandIn.Fault(.close(4001, reason: "up"), at: .audio(1))])
        for number in 1...10 {
            let client = try harbour.opened()
            #expect(try client.readFrame().text.contains("Begin"))
            let audio = FrameSerializer.frame(opcode: .binary, payload: [UInt8](repeating: 0, count: 3200), mask: 1)
            client.send(audio + FrameSerializer.frame(opcode: .close, payload: [0x0F, 0xA2], mask: 2))
            let close = try client.readFrame()
            #expect(close.code == 4001 || close.code == 4002)
            client.send(.close, close.payload)
            #expect(client.readToEnd() == [] && client.end == .finished)
            let session = try harbour.session(number: number)
            #expect(session.ending == .failed && session.closeSent == 4001)
            #expect(session.closeReceived == 4001 || session.closeReceived == 4002)
        }
    }

    @Test func aCloseThatNobodyAnswersEndsInTimeAllTheSame() throws {
        let harbour = try RelayHarbour { $0.adjustZone = { zone, _ in zone.provider = .generic } }
        harbour.standIn.fail("eu", with: [StandIn.Fault(.noCloseAnswer)])
        harbour.standIn.fail("us", with: [StandIn.Fault(.close(4001, reason: "up"), at: .begin)])
        let asking = try harbour.opened()
        #expect(try asking.readFrame().text.contains("Begin"))
        asking.send(.close, [0x0F, 0xA2])
        let deaf = try harbour.opened("globex")
        #expect(try deaf.readFrame().text.contains("Begin"))
        #expect(try deaf.readFrame().code == 4001)
        // The provider does not answer the client: the relay does in its place.
        #expect(try asking.readFrame() == .close(4002, ""))
        #expect(asking.readToEnd() == [])
        // The client does not answer the provider: it is cut off.
        #expect(deaf.readToEnd() == [])
        #expect(try harbour.session(in: "us").closeReceived == 4001)
        #expect(try harbour.session(in: "eu").closeReceived == 4002)
    }

    @Test func theEndOfTheConnectionFollowsTheClosesAtOnce() throws {
        let harbour = try RelayHarbour { $0.useEcho() }
        let client = try harbour.echoing()
        let clock = ContinuousClock()
        let start = clock.now
        client.send(.close, [0x03, 0xE8])
        #expect(try client.readFrame() == .close(1000, ""))
        #expect(client.readToEnd() == [] && client.end == .finished)
        // Far less than anybody's patience with a Close.
        #expect(clock.now - start < .seconds(4))
    }

    @Test func nothingPassesBehindAClose() throws {
        let harbour = try RelayHarbour { $0.useEcho() }
        let client = try harbour.echoing()
        let before = FrameSerializer.frame(opcode: .binary, payload: [1], mask: 1)
        let after = FrameSerializer.frame(opcode: .binary, payload: [2], mask: 1)
        let ping = FrameSerializer.frame(opcode: .ping, mask: 1)
        client.send(
            before + FrameSerializer.frame(opcode: .close, payload: [0x03, 0xE8], mask: 3) + after + ping + after)
        #expect(try client.readFrame() == WireClient.Frame(first: 0x82, isMasked: false, payload: [1]))
        #expect(try client.readFrame() == .close(1000, ""))
        #expect(client.readToEnd() == [])
        let session = try harbour.session()
        #expect(session.received.frames == 2 && session.received.pings == 0)
    }

    @Test(arguments: [
        [StandIn.Fault(.end, at: .begin)], [StandIn.Fault(.reset, at: .begin)], [StandIn.Fault(.truncate, at: .begin)],
        [StandIn.Fault(.cutMessage(reset: false))], [StandIn.Fault(.cutMessage(reset: true))],
    ])
    func aProviderThatIsLostIsTold(faults: [StandIn.Fault]) throws {
        let harbour = try RelayHarbour()
        harbour.standIn.fail("eu", with: faults)
        let client = try harbour.opened()
        #expect(try client.readFrame().text.contains("Begin"))
        let sentence = "The connection to the speech provider was lost."
        let message = try JSONValue(parsing: try client.readFrame().text)
        #expect(message["type"] == "Error" && message["error_code"] == 1014 && message["error"] == .string(sentence))
        #expect(message["refusal"] == "upstream-lost" && message["session"] != nil)
        let close = try client.readFrame()
        #expect(close == .close(1014, sentence))
        client.send(.close, close.payload)
        #expect(client.readToEnd() == [] && client.end == .finished)
        #expect(try harbour.log.line("session-ended")["ending"] == "upstream-lost")
    }

    @Test func aProviderThatIsLostInTheMiddleOfAFrameCutsTheClientOff() throws {
        let harbour = try RelayHarbour()
        // A binary frame of a thousand bytes, of which six come.
        harbour.standIn.fail(
            "eu",
            with: [
                StandIn.Fault(.raw([0x82, 126, 3, 232, 1, 2, 3, 4, 5, 6]), at: .begin), StandIn.Fault(.end, at: .begin),
            ])
        let client = try harbour.opened()
        #expect(try client.readFrame().text.contains("Begin"))
        #expect(client.readToEnd() == [0x82, 126, 3, 232, 1, 2, 3, 4, 5, 6])
        #expect(client.end != WireClient.End.none && client.end != .finished)
    }
}

/// Every code of RFC 6455 and IANA that may be sent, and some of the others' ranges.
private let codes: [UInt16] =
    [1000, 1001, 1002, 1003] + Array(1007...1014) + [3000, 3005, 3008, 3999, 4000, 4401, 4999]

extension RelayHarbour {
    /// A connection of a tenant's with its 101 read.
    fileprivate func opened(_ tenant: String = "acme") throws -> WireClient {
        let client = try secureWire()
        client.request(key: key(of: tenant))
        #expect(try client.readHead().hasPrefix("HTTP/1.1 101 "))
        return client
    }

    /// A connection to a server that echoes, and has done so.
    fileprivate func echoing() throws -> WireClient {
        let client = try opened()
        client.send(.binary, [0])
        #expect(try client.readFrame() == WireClient.Frame(first: 0x82, isMasked: false, payload: [0]))
        return client
    }

    /// Waits for the end of the session with this number.
    fileprivate func session(number: Int) throws -> Ledger.Session {
        try wait { $0.sessions.first { $0.number == number && $0.connectionEnd != nil } }
    }
}

extension WireClient.Frame {
    fileprivate static func close(_ payload: ClosePayload) -> WireClient.Frame {
        WireClient.Frame(first: 0x88, isMasked: false, payload: payload.bytes)
    }
}
