import Configuration
import StandIn
import Testing
import WebSocket

/// What clients may not send: the code they are told, and that the provider is told to finish.
@Suite("08 Frames", .overEachHTTP) struct Frames {
    @Test(arguments: Offence.all)
    func aClientThatBreaksTheProtocolIsToldAndTheProviderIsTerminated(offence: Offence) throws {
        let harbour = try RelayHarbour { $0.limits.messageBytes = 64 << 10 }
        let client = try harbour.secureWire()
        client.request(key: harbour.key(of: "acme"))
        _ = try client.readHead()
        #expect(try client.readFrame().text.contains("Begin"))
        client.send(audio + offence.bytes + audio)
        let message = try client.readFrame()
        let close = try client.readFrame()
        #expect(!message.isMasked && !close.isMasked)
        #expect(message.text.contains(#""error_code":\#(offence.code),"#))
        #expect(message.text.contains(#""refusal":"client-violation""#))
        #expect(close.opcode == .close && close.code == offence.code)
        #expect(message.text.contains(#""error":"\#(close.reason)""#))
        // Nothing behind a breach can be read, so no answer to the Close is awaited.
        #expect(client.readToEnd() == [] && client.end == .finished)
        let session = try harbour.session()
        #expect(session.ending == .terminated && session.received.textMessages == 1)
        #expect(session.received.binaryMessages == 1 + offence.messages)
        #expect(session.closeReceived == 1001)
    }

    @Test(arguments: Offence.all)
    func theSameHoldsWhileTheUpstreamIsDialled(offence: Offence) throws {
        let harbour = try RelayHarbour { $0.limits.messageBytes = 64 << 10 }
        harbour.standIn.fail("eu", with: [StandIn.Fault(.slowAnswer(milliseconds: 50))])
        let client = try harbour.wire()
        client.send(
            Array(WireClient.head(lines: ["Authorization: \(harbour.key(of: "acme"))"]).utf8) + audio + offence.bytes)
        _ = try client.readHead()
        #expect(try client.readFrame().text.contains(#""refusal":"client-violation""#))
        #expect(try client.readFrame().code == offence.code)
        #expect(client.readToEnd() == [])
        #expect(harbour.ledger.snapshot.sessions.allSatisfy { $0.ending != .abandoned })
    }

    @Test func theOffendersNeighboursNoticeNothing() throws {
        let harbour = try RelayHarbour { $0.useEcho() }
        let neighbour = harbour.client()
        try neighbour.opened()
        for (number, offence) in Offence.all.enumerated() {
            let client = try harbour.wire()
            client.request(key: harbour.key(of: "acme"))
            client.send(offence.bytes)
            neighbour.send(text: "still here \(number)")
            #expect(try neighbour.event() == .text("still here \(number)"))
        }
    }

    @Test func aMessageOfExactlyTheLimitPasses() throws {
        let harbour = try RelayHarbour { plan in
            plan.useEcho()
            plan.limits.messageBytes = 64 << 10
        }
        let client = harbour.client()
        let whole = [UInt8](repeating: 1, count: 64 << 10)
        client.send(binary: whole)
        client.send(.binary, fragments: [Array(whole.dropLast(5)), [1, 1, 1], [1, 1]])
        try client.opened()
        #expect(try client.event() == .binary(whole))
        #expect(try client.event() == .binary(whole))
    }

    @Test func aSizeIsJudgedByTheHeaderAlone() throws {
        let harbour = try RelayHarbour()
        let client = try harbour.wire()
        client.request(key: harbour.key(of: "acme"))
        _ = try client.readHead()
        #expect(try client.readFrame().text.contains("Begin"))
        // Nine petabytes are announced, and none comes.
        client.send([0x82, 0xFF, 0, 0x20, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])
        _ = try client.readFrame()
        #expect(try client.readFrame().code == 1009)
    }

    @Test func pingsAreAnsweredByTheRelayAlsoInsideMessages() throws {
        let harbour = try RelayHarbour { $0.useEcho() }
        let client = try harbour.secureWire()
        client.request(key: harbour.key(of: "acme"))
        _ = try client.readHead()
        client.send(.binary, fin: false, [1])
        #expect(try client.readFrame().first == 0x02)
        let payload = (0..<125).map { UInt8($0) }
        client.send(.ping, payload)
        #expect(try client.readFrame() == WireClient.Frame(first: 0x8A, isMasked: false, payload: payload))
        client.send(.ping, [])
        #expect(try client.readFrame() == WireClient.Frame(first: 0x8A, isMasked: false, payload: []))
        client.send(.pong, [1, 2, 3])
        client.send(.continuation, [2])
        #expect(try client.readFrame() == WireClient.Frame(first: 0x80, isMasked: false, payload: [2]))
        let session = try harbour.session { $0.received.frames == 2 }
        #expect(session.received.pings == 0 && session.received.pongs == 0)
    }

    @Test func textThatIsNotUTF8IsTheProvidersToJudge() throws {
        let harbour = try RelayHarbour { $0.useEcho() }
        let client = try harbour.wire()
        client.request(key: harbour.key(of: "acme"))
        _ = try client.readHead()
        client.send(.text, [0x66, 0xFF, 0x66])
        let close = try client.readFrame()
        #expect(close.opcode == .close && close.code == 1007)
    }
}

private let audio = FrameSerializer.frame(opcode: .binary, payload: [UInt8](repeating: 0, count: 3200), mask: 1)

/// Bytes that no client may send.
struct Offence: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    var code: UInt16 = 1002
    /// Messages of audio among them that pass all the same, completed by the relay.
    var messages = 0

    var testDescription: String { name }

    private static let mask: [UInt8] = [0, 0, 0, 0]

    private static func frame(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [first, 0x80 | UInt8(payload.count)] + mask + payload
    }

    static let all = [
        Offence(name: "unmasked", bytes: [0x82, 0x02, 0x01, 0x02]),
        Offence(name: "RSV1", bytes: frame(0xC2, [1, 2])), Offence(name: "RSV2", bytes: frame(0xA2, [1, 2])),
        Offence(name: "RSV3", bytes: frame(0x92, [1, 2])), Offence(name: "RSV on a ping", bytes: frame(0xC9, [])),
        Offence(name: "opcode 3", bytes: frame(0x83, [])), Offence(name: "opcode 7", bytes: frame(0x87, [])),
        Offence(name: "opcode 11", bytes: frame(0x8B, [])), Offence(name: "opcode 15", bytes: frame(0x8F, [])),
        Offence(name: "fragmented ping", bytes: frame(0x09, [])),
        Offence(name: "fragmented close", bytes: frame(0x08, [3, 0xE8])),
        Offence(name: "long ping", bytes: [0x89, 0xFE, 0, 126] + mask + [UInt8](repeating: 0, count: 126)),
        Offence(
            name: "long close", bytes: [0x88, 0xFE, 0, 126] + mask + [3, 0xE8] + [UInt8](repeating: 0x61, count: 124)),
        Offence(name: "continuation of nothing", bytes: frame(0x80, [1, 2])),
        Offence(
            name: "start inside a message",
            bytes: FrameSerializer.frame(
                opcode: .binary, payload: [UInt8](repeating: 0, count: 3200), mask: 5, fin: false)
                + frame(0x82, [1, 2]), messages: 1),
        Offence(name: "length in three bytes for one", bytes: [0x82, 0xFE, 0, 125] + mask),
        Offence(name: "length in nine bytes for three", bytes: [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] + mask),
        Offence(name: "length of 2^63", bytes: [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0] + mask),
        Offence(name: "length of 2^64 - 1", bytes: [0x82] + [UInt8](repeating: 0xFF, count: 9) + mask),
        Offence(name: "too large", bytes: [0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 1] + mask, code: 1009),
        Offence(
            name: "too large in fragments",
            bytes: FrameSerializer.frame(
                opcode: .binary, payload: [UInt8](repeating: 0, count: 3200), mask: 5, fin: false)
                + [0x80, 0xFE, 0xF3, 0x81] + mask, code: 1009, messages: 1),
        Offence(name: "close with half a code", bytes: frame(0x88, [3])),
        Offence(name: "close with 999", bytes: frame(0x88, [0x03, 0xE7])),
        Offence(name: "close with 1004", bytes: frame(0x88, [0x03, 0xEC])),
        Offence(name: "close with 1005", bytes: frame(0x88, [0x03, 0xED])),
        Offence(name: "close with 1006", bytes: frame(0x88, [0x03, 0xEE])),
        Offence(name: "close with 1015", bytes: frame(0x88, [0x03, 0xF7])),
        Offence(name: "close with 1016", bytes: frame(0x88, [0x03, 0xF8])),
        Offence(name: "close with 2999", bytes: frame(0x88, [0x0B, 0xB7])),
        Offence(name: "close with 5000", bytes: frame(0x88, [0x13, 0x88])),
        Offence(name: "close with a reason that is no text", bytes: frame(0x88, [0x03, 0xE8, 0xC3, 0x28]), code: 1007),
        Offence(name: "HTTP", bytes: Array("GET / HTTP/1.1\r\n\r\n".utf8)),
    ]
}
