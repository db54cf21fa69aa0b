import Testing

@testable import WebSocket

@Suite struct FrameHeaderTests {
    // RFC 6455 §5.7, and the ends of each form of length
    static let forms: [([UInt8], FrameHeader)] = [
        ([0x81, 0x05], FrameHeader(opcode: .text, payloadLength: 5)),
        ([0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D], FrameHeader(opcode: .text, maskKey: 0x37FA_213D, payloadLength: 5)),
        ([0x01, 0x03], FrameHeader(fin: false, opcode: .text, payloadLength: 3)),
        ([0x80, 0x02], FrameHeader(opcode: .continuation, payloadLength: 2)),
        ([0x89, 0x05], FrameHeader(opcode: .ping, payloadLength: 5)),
        ([0x8A, 0x00], FrameHeader(opcode: .pong, payloadLength: 0)),
        ([0x88, 0x7D], FrameHeader(opcode: .close, payloadLength: 125)),
        ([0x82, 0x7E, 0x00, 0x7E], FrameHeader(opcode: .binary, payloadLength: 126)),
        ([0x82, 0x7E, 0x01, 0x00], FrameHeader(opcode: .binary, payloadLength: 256)),
        ([0x82, 0x7E, 0xFF, 0xFF], FrameHeader(opcode: .binary, payloadLength: 0xFFFF)),
        ([0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0], FrameHeader(opcode: .binary, payloadLength: 0x1_0000)),
        (
            [0x82, 0x7F, 0x7F] + [UInt8](repeating: 0xFF, count: 7),
            FrameHeader(opcode: .binary, payloadLength: .max >> 1)
        ),
        ([0xC2, 0x00], FrameHeader(rsv: FrameHeader.rsv1, opcode: .binary, payloadLength: 0)),
        ([0xF2, 0x00], FrameHeader(rsv: 7, opcode: .binary, payloadLength: 0)),
        (
            [0x02, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4],
            FrameHeader(fin: false, opcode: .binary, maskKey: 0x0102_0304, payloadLength: 0x1_0000)
        ),
    ]

    @Test(arguments: forms) func aHeaderIsReadFromItsOneForm(bytes: [UInt8], header: FrameHeader) throws {
        let read = try FrameHeader((bytes + [0xAA]).span.bytes, at: 0)
        #expect(read == header)
        #expect(header.headerLength == bytes.count)
    }

    @Test(arguments: forms) func aHeaderIsReadFromAnyOffsetButOnlyWhole(bytes: [UInt8], header: FrameHeader) throws {
        let shifted = [0xFF, 0xFF, 0xFF] + bytes
        let read = try FrameHeader(shifted.span.bytes, at: 3)
        #expect(read == header)
        for end in 3..<shifted.count {
            let partial = try FrameHeader(shifted.span.bytes.extracting(first: end), at: 3)
            #expect(partial == nil)
        }
    }

    // RFC 6455 §5.2
    @Test(
        arguments: [
            ([0x83, 0x00], .reservedOpcode), ([0x87, 0x00], .reservedOpcode), ([0x8B, 0x00], .reservedOpcode),
            ([0x8F, 0x00], .reservedOpcode),
            ([0x82, 0x7E, 0x00, 0x7D], .lengthNotMinimal),
            ([0x82, 0x7E, 0x00, 0x00], .lengthNotMinimal),
            ([0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], .lengthNotMinimal),
            ([0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0, 0], .lengthNotMinimal),
            ([0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0], .lengthTooLarge),
            ([0x82, 0x7F] + [UInt8](repeating: 0xFF, count: 8), .lengthTooLarge),
        ] as [([UInt8], WebSocketError)])
    func aHeaderThatBreaksARuleIsRefused(bytes: [UInt8], rule: WebSocketError) {
        #expect(throws: rule) { try FrameHeader(bytes.span.bytes, at: 0) }
    }
}
