import Bytes
import Testing
import WebSocket

@Suite struct FrameSerializerTests {
    @Test(arguments: FrameHeaderTests.forms) func aHeaderIsWrittenInItsOneForm(bytes: [UInt8], header: FrameHeader) {
        let encoded = FrameSerializer.encode(header)
        #expect([UInt8](encoded.bytes.span.bytes.extracting(first: encoded.count)) == bytes)
    }

    // RFC 6455 §5.7
    @Test func theExamplesOfTheRFCAreWritten() {
        let hello = Array("Hello".utf8)
        #expect(FrameSerializer.frame(opcode: .text, payload: hello) == [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(
            FrameSerializer.frame(opcode: .text, payload: hello, mask: 0x37FA_213D)
                == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
        #expect(
            FrameSerializer.frame(opcode: .text, payload: Array("Hel".utf8), fin: false) == [
                0x01, 0x03, 0x48, 0x65, 0x6C,
            ])
        #expect(FrameSerializer.frame(opcode: .ping) == [0x89, 0x00])
    }

    @Test(arguments: [0, 125, 126, 0xFFFF, 0x1_0000]) func aMaskedFrameUnmasksToItsPayload(length: Int) throws {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        let frame = FrameSerializer.frame(opcode: .binary, payload: payload, mask: 0xDEAD_BEEF)
        var parser = FrameParser()
        var offset = 0
        let event = try parser.next(frame.span.bytes, from: &offset)
        #expect(event == .header(FrameHeader(opcode: .binary, maskKey: 0xDEAD_BEEF, payloadLength: UInt64(length))))
        var body = Array(frame[offset...])
        Masking.apply(0xDEAD_BEEF, to: &body)
        #expect(body == payload)
    }
}
