/// The header of a frame, everything before its payload (RFC 6455 §5.2).
///
/// ```
///   7 6 5 4 3 2 1 0   7 6 5 4 3 2 1 0
///  +-+-----+-------+ +-+-------------+----------------------+---------------+
///  |F| RSV |opcode | |M|   length    |   extended length    |   mask key    |
///  |I| 123 |       | |A|   (7 bits)  |   2 bytes if 126     |   4 bytes     |
///  |N|     |       | |S|             |   8 bytes if 127     |   if MASK     |
///  +-+-----+-------+ +-+-------------+----------------------+---------------+
/// ```
/// Lengths are written in as few bytes as they need, so a header has exactly one form on the wire.
package struct FrameHeader: Equatable, Sendable {
    /// Whether the frame ends its message.
    package var fin: Bool
    /// The three reserved bits, RSV1 the highest: 0…7.
    package var rsv: UInt8
    /// What the frame carries.
    package var opcode: Opcode
    /// The four bytes of the key, the first on the wire the most significant; nil when the payload is not masked.
    package var maskKey: UInt32?
    /// In bytes; below 2^63 when it comes from a parser.
    package var payloadLength: UInt64

    /// A header as given; whether it may be sent is not checked.
    @inlinable package init(
        fin: Bool = true, rsv: UInt8 = 0, opcode: Opcode, maskKey: UInt32? = nil, payloadLength: UInt64
    ) {
        self.fin = fin
        self.rsv = rsv
        self.opcode = opcode
        self.maskKey = maskKey
        self.payloadLength = payloadLength
    }

    /// RSV1, permessage-deflate's bit (RFC 7692 §6).
    package static let rsv1: UInt8 = 0b100

    /// Room for the longest header: 2 + 8 + 4 bytes.
    package typealias Storage = InlineArray<14, UInt8>

    /// The header's own size on the wire: 2…14 bytes.
    @inlinable package var headerLength: Int {
        let extended = payloadLength <= 125 ? 0 : payloadLength <= 0xFFFF ? 2 : 8
        return 2 &+ extended &+ (maskKey == nil ? 0 : 4)
    }
}

extension FrameHeader {
    /// Reads the header at `offset`; nil when it does not end within `bytes`.
    ///
    /// Throws for a reserved opcode and for a length that is not minimal or not below 2^63.
    @inline(__always)
    init?(_ bytes: RawSpan, at offset: Int) throws(WebSocketError) {
        let available = bytes.byteCount &- offset
        guard available >= 2 else { return nil }
        let first = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
        let second = bytes.unsafeLoad(fromByteOffset: offset &+ 1, as: UInt8.self)
        // RFC 6455 §5.2: an unknown opcode fails the connection.
        guard let opcode = Opcode(rawValue: first & 0x0F) else { throw .reservedOpcode }

        let shortLength = second & 0x7F
        let maskOffset = shortLength < 126 ? 2 : shortLength == 126 ? 4 : 10
        let isMasked = second & 0x80 != 0
        guard available >= maskOffset &+ (isMasked ? 4 : 0) else { return nil }

        fin = first & 0x80 != 0
        rsv = first >> 4 & 0b111
        self.opcode = opcode
        payloadLength = try Self.length(shortLength, bytes, at: offset &+ 2)
        maskKey =
            isMasked
            ? UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ maskOffset, as: UInt32.self)) : nil
    }

    @inline(__always)
    private static func length(
        _ shortLength: UInt8, _ bytes: RawSpan, at offset: Int
    ) throws(WebSocketError) -> UInt64 {
        switch shortLength {
        case 126:
            let length = UInt16(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
            // RFC 6455 §5.2: the minimal number of bytes must be used.
            guard length > 125 else { throw .lengthNotMinimal }
            return UInt64(length)
        case 127:
            let length = UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
            // RFC 6455 §5.2: the most significant bit must be 0.
            guard length >> 63 == 0 else { throw .lengthTooLarge }
            guard length > 0xFFFF else { throw .lengthNotMinimal }
            return length
        default:
            return UInt64(shortLength)
        }
    }
}
