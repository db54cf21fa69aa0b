import Configuration
import StandIn
import Testing
import WebSocket

/// A provider bills an abandoned session for three hours: however a client goes, `Terminate` is said, once.
@Suite("06 Terminate", .overEachHTTP) struct Terminate {
    @Test(arguments: Death.allCases, Moment.all)
    func aClientThatDiesIsTerminated(death: Death, moment: Moment) throws {
        let harbour = try RelayHarbour()
        if let fault = moment.fault { harbour.standIn.fail("eu", with: [fault]) }
        let client = try harbour.secureWire()
        client.request(key: harbour.key(of: "acme"))
        #expect(try client.readHead().hasPrefix("HTTP/1.1 101 "))
        for mark in moment.awaits { while try !client.readFrame().text.contains(mark) {} }
        for bytes in moment.sends { client.send(bytes) }
        try moment.settle(harbour)
        client.die(death)

        let session = try harbour.session()
        #expect(session.ending == .terminated)
        #expect(session.received.textMessages == 1)
        // A reset may overtake what was sent before it.
        if death != .reset { #expect(session.received.binaryMessages == moment.messages) }
        let line = try harbour.log.line("session-ended")
        #expect(line["terminated_by"]?.string == moment.terminatedBy)
    }

    @Test(arguments: Death.allCases)
    func aClientThatDiesBeforeTheProviderIsAskedCostsNoSession(death: Death) throws {
        let harbour = try RelayHarbour()
        // Accepts, and never speaks TLS.
        harbour.standIn.fail("eu", with: [StandIn.Fault(.noAnswer, at: .accept)])
        let client = try harbour.secureWire()
        client.request(key: harbour.key(of: "acme"))
        _ = try client.readHead()
        client.send(.binary, [UInt8](repeating: 0, count: 3200))
        _ = try harbour.wait { $0.connections["eu"]?.accepted == 1 ? true : nil }
        client.die(death)
        #expect(try harbour.log.line("session-ended")["ending"] == "abandoned")
        _ = try harbour.wait { $0.connections["eu"]?.open == 0 ? true : nil }
        let ledger = harbour.ledger.snapshot
        #expect(ledger.requests.isEmpty && ledger.sessions.isEmpty)
    }

    @Test func aClientThatDiesWhileTheNextEndpointIsTriedIsTerminatedThereOrNowhere() throws {
        let harbour = try RelayHarbour { plan in
            try plan.addStandIn("eu-2", in: .eu)
            plan.endpoints[.eu] = ["eu", "eu-2"]
        }
        harbour.standIn.fail(
            "eu", with: [StandIn.Fault(.slowAnswer(milliseconds: 100)), StandIn.Fault(.status(503, body: nil))])
        let client = try harbour.secureWire()
        client.request(key: harbour.key(of: "acme"))
        _ = try client.readHead()
        _ = try harbour.wait { $0.requests.count == 1 ? true : nil }
        client.die(.reset)
        _ = try harbour.log.line("session-ended")
        #expect(harbour.ledger.snapshot.sessions.isEmpty && harbour.accepted(in: "eu-2") == 0)
    }

    @Test(arguments: Death.allCases)
    func anotherProviderHearsWhatItWantsToHear(death: Death) throws {
        let harbour = try RelayHarbour { plan in
            plan.useEcho()
            plan.adjustZone = { zone, _ in
                zone.provider = .generic
                zone.onClientLoss = #"{"type":"CloseStream"}"#
            }
        }
        let client = try harbour.secureWire()
        client.request(key: harbour.key(of: "acme"))
        _ = try client.readHead()
        client.send(.binary, [1, 2, 3])
        #expect(try client.readFrame().payload == [1, 2, 3])
        client.send(Array(FrameSerializer.frame(opcode: .binary, payload: [4, 5, 6, 7], mask: 9).dropLast(2)))
        client.die(death)
        let session = try harbour.session()
        #expect(session.received.textMessages == 1 && session.closeReceived == 1001)
    }
}

/// How a client goes.
enum Death: CaseIterable {
    /// With a proper end of TLS and TCP, but no Close frame.
    case finish
    /// With a FIN in the middle of TLS.
    case cut
    case reset
}

extension WireClient {
    fileprivate func die(_ death: Death) {
        switch death {
        case .finish: finish()
        case .cut: cut()
        case .reset: reset()
        }
    }
}

/// When a client goes.
struct Moment: CustomTestStringConvertible, Sendable {
    var name: String
    /// Binary messages that the provider counts.
    var messages: Int
    /// Reads up to messages with these words.
    var awaits: [String] = [#""Begin""#]
    /// Then sends this.
    var sends: [[UInt8]] = []
    var fault: StandIn.Fault?
    var terminatedBy = "relay"
    /// What the ledger must say before the client goes.
    var isSettled: @Sendable (Ledger) -> Bool = { _ in true }

    var testDescription: String { name }

    func settle(_ harbour: RelayHarbour) throws {
        _ = try harbour.wait { isSettled($0) ? true : nil }
    }

    private static let terminate = FrameSerializer.frame(
        opcode: .text, payload: Array(#"{"type":"Terminate"}"#.utf8), mask: 3)

    /// A message of audio: 3200 bytes are a tenth of a second.
    private static func audio(_ count: Int = 3200, fin: Bool = true, _ opcode: Opcode = .binary) -> [UInt8] {
        FrameSerializer.frame(
            opcode: opcode, payload: [UInt8](repeating: 0x11, count: count), mask: 0xDEAD_BEEF, fin: fin)
    }

    private static func text(_ count: Int, fin: Bool = true) -> [UInt8] {
        FrameSerializer.frame(
            opcode: .text, payload: [UInt8](repeating: UInt8(ascii: " "), count: count), mask: 5, fin: fin)
    }

    static let all = [
        Moment(name: "after Begin", messages: 0),
        Moment(name: "between messages", messages: 2, sends: [audio(), audio()]),
        Moment(name: "in a header", messages: 1, sends: [audio() + audio().prefix(1)]),
        Moment(name: "before the mask", messages: 1, sends: [audio() + audio().prefix(5)]),
        Moment(name: "behind a header", messages: 2, sends: [audio() + audio().prefix(8)]),
        Moment(name: "in a message", messages: 2, sends: [audio() + audio().prefix(1001)]),
        Moment(name: "a byte before the end", messages: 2, sends: [audio() + audio().dropLast()]),
        Moment(name: "in a large message", messages: 1, sends: [Array(audio(32_000).prefix(17_003))]),
        Moment(name: "between fragments", messages: 1, sends: [audio(fin: false)]),
        Moment(
            name: "in a fragment", messages: 1, sends: [audio(1600, fin: false) + audio(1600, .continuation).prefix(99)]
        ),
        Moment(
            name: "in a fragment that is not the last", messages: 1,
            sends: [audio(1600, fin: false) + audio(1600, fin: false, .continuation).prefix(99)]),
        Moment(name: "in a small text", messages: 1, sends: [audio() + text(80).prefix(40)]),
        Moment(name: "between fragments of a small text", messages: 1, sends: [audio() + text(80, fin: false)]),
        Moment(
            name: "in a ping", messages: 1,
            sends: [audio() + FrameSerializer.frame(opcode: .ping, payload: [1, 2], mask: 1).prefix(7)]),
        Moment(
            name: "in a Terminate", messages: 1, sends: [audio() + terminate.dropLast()]),
        Moment(
            name: "before the 101 of the provider", messages: 0, awaits: [], sends: [audio()],
            fault: StandIn.Fault(.slowAnswer(milliseconds: 150)), isSettled: { $0.requests.count == 1 }),
        Moment(
            name: "before the 101, in a message", messages: 0, awaits: [], sends: [Array(audio().prefix(99))],
            fault: StandIn.Fault(.slowAnswer(milliseconds: 150)), isSettled: { $0.requests.count == 1 }),
        Moment(
            name: "before Begin", messages: 1, awaits: [], sends: [audio()],
            fault: StandIn.Fault(.slowBegin(milliseconds: 150)),
            isSettled: { $0.sessions.first?.received.binaryMessages == 1 }),
        Moment(
            name: "after its own Terminate", messages: 1, sends: [audio() + terminate],
            fault: StandIn.Fault(.slowTermination(milliseconds: 150)), terminatedBy: "client",
            isSettled: { $0.sessions.first?.received.textMessages == 1 }),
        Moment(
            name: "after Termination", messages: 1, sends: [audio() + terminate], terminatedBy: "client",
            isSettled: { $0.sessions.first?.ending != nil }),
    ]
}
