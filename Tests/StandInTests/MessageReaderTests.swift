import RelayTestKit
import StandIn
import Testing
import WebSocket

@Suite struct MessageReaderTests {
    private static let mask: UInt32 = 0x1234_5678

    @Test func messagesComeWholeAndFramesAsTheyAre() {
        let bytes =
            frame(.text, "He", fin: false) + frame(.ping, "?") + frame(.continuation, "llo") + frame(.binary, "\u{1}")
            + frame(.close, [0x03, 0xE8] + "bye".utf8)
        let expected: [MessageReader.Event] = [
            .frame(.text, fin: false, Array("He".utf8)), .ping(Array("?".utf8)),
            .frame(.continuation, fin: true, Array("llo".utf8)), .text("Hello"), .frame(.binary, fin: true, [1]),
            .binary([1]), .close(ClosePayload(code: .normal, reason: "bye")),
        ]
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for longest in [1, 2, 5, bytes.count] {
            var reader = MessageReader(from: .client, maxMessageBytes: 100)
            let events = bytes.split(longest: longest, using: &random).flatMap { reader.read($0.span.bytes) }
            #expect(events == expected, "pieces up to \(longest), seed \(seed)")
        }
    }

    @Test func nothingIsReadAfterACloseOrAViolation() {
        for end in [frame(.close, []), frame(.text, [0xFF]), [0xF1, 0x80]] {
            var reader = MessageReader(from: .client, maxMessageBytes: 100)
            #expect(!reader.read((end + frame(.text, "x")).span.bytes).contains(.text("x")))
            #expect(reader.read(frame(.text, "x").span.bytes).isEmpty)
        }
    }

    @Test func rulesAreTheReceiversToEnforce() {
        var reader = MessageReader(from: .client, maxMessageBytes: 3)
        #expect(code(reader.read(frame(.text, "four").span.bytes)) == .messageTooBig)
        reader = MessageReader(from: .client, maxMessageBytes: 3)
        #expect(code(reader.read(FrameSerializer.frame(opcode: .text).span.bytes)) == .protocolError)
        reader = MessageReader(from: .client, maxMessageBytes: 3)
        let events = reader.read(frame(.text, [0xC3]).span.bytes)
        #expect(code(events) == .invalidPayload && events.count == 1)
        reader = MessageReader(from: .server, maxMessageBytes: 3)
        #expect(reader.read(FrameSerializer.frame(opcode: .text).span.bytes).last == .text(""))
    }

    private func frame(_ opcode: Opcode, _ text: String, fin: Bool = true) -> [UInt8] {
        frame(opcode, Array(text.utf8), fin: fin)
    }

    private func frame(_ opcode: Opcode, _ payload: [UInt8], fin: Bool = true) -> [UInt8] {
        FrameSerializer.frame(opcode: opcode, payload: payload, mask: Self.mask, fin: fin)
    }

    private func code(_ events: [MessageReader.Event]) -> CloseCode? {
        guard case .violation(let code, _) = events.last else { return nil }
        return code
    }
}
