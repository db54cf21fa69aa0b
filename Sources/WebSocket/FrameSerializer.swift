import Bytes

/// A header in its one form on the wire.
package struct EncodedFrameHeader: Sendable {
    /// The header's bytes, followed by zeros.
    package fileprivate(set) var bytes = FrameHeader.Storage(repeating: 0)
    /// How many of them count: 2…14.
    package fileprivate(set) var count = 0

    fileprivate mutating func append(_ integer: some FixedWidthInteger) {
        for shift in stride(from: integer.bitWidth - 8, through: 0, by: -8) {
            bytes[count] = UInt8(truncatingIfNeeded: integer >> shift)
            count += 1
        }
    }
}

/// Writes frames (RFC 6455 §5.2). What may be sent, and when, is not its business.
package enum FrameSerializer {
    /// A header's bytes.
    package static func encode(_ header: FrameHeader) -> EncodedFrameHeader {
        var encoded = EncodedFrameHeader()
        encoded.append((header.fin ? 0x80 : 0) | (header.rsv & 0b111) << 4 | header.opcode.rawValue)
        let maskBit: UInt8 = header.maskKey == nil ? 0 : 0x80
        switch header.payloadLength {
        case 0...125:
            encoded.append(maskBit | UInt8(truncatingIfNeeded: header.payloadLength))
        case 126...0xFFFF:
            encoded.append(maskBit | 126)
            encoded.append(UInt16(truncatingIfNeeded: header.payloadLength))
        default:
            encoded.append(maskBit | 127)
            encoded.append(header.payloadLength)
        }
        if let maskKey = header.maskKey { encoded.append(maskKey) }
        return encoded
    }

    /// A whole frame. With a `mask`, the payload given is plain and the payload written is masked.
    ///
    /// A client must give a fresh random key for each frame (RFC 6455 §5.3), a server none.
    package static func frame(
        opcode: Opcode, payload: [UInt8] = [], mask: UInt32? = nil, fin: Bool = true
    ) -> [UInt8] {
        let header = FrameHeader(fin: fin, opcode: opcode, maskKey: mask, payloadLength: UInt64(payload.count))
        let encoded = encode(header)
        var frame = [UInt8](encoded.bytes.span.bytes.extracting(first: encoded.count))
        frame += payload
        if let mask {
            frame.withUnsafeMutableBytes {
                Masking.apply(mask, to: UnsafeMutableRawBufferPointer(rebasing: $0[encoded.count...]))
            }
        }
        return frame
    }
}
