import HTTP2

/// Frames as bytes, right or wrong: for a client that does what no library would let it do.
package enum HTTP2Frame {
    /// `PRI * HTTP/2.0`, with which a client begins (RFC 9113 §3.4).
    package static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Kinds of frames (RFC 9113 §6).
    package enum Kind: UInt8, Sendable {
        case data = 0
        case headers = 1
        case priority = 2
        case resetStream = 3
        case settings = 4
        case pushPromise = 5
        case ping = 6
        case goAway = 7
        case windowUpdate = 8
        case continuation = 9
    }

    /// END_STREAM of DATA and HEADERS.
    package static let endStream: UInt8 = 0x1
    /// ACK of SETTINGS and PING.
    package static let acknowledgement: UInt8 = 0x1
    /// END_HEADERS of HEADERS and CONTINUATION.
    package static let endHeaders: UInt8 = 0x4
    /// PADDED of DATA and HEADERS.
    package static let padded: UInt8 = 0x8

    /// Any frame at all; `type` may be one that is not registered.
    package static func frame(type: UInt8, flags: UInt8 = 0, stream: Int32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        let length = payload.count
        return [UInt8(length >> 16 & 0xFF), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), type, flags]
            + bytes(UInt32(bitPattern: stream)) + payload
    }

    /// A frame of a registered kind.
    package static func frame(_ kind: Kind, flags: UInt8 = 0, stream: Int32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        frame(type: kind.rawValue, flags: flags, stream: stream, payload)
    }

    /// SETTINGS of these identifiers and values.
    package static func settings(_ values: [(UInt16, UInt32)] = []) -> [UInt8] {
        frame(.settings, values.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 0xFF)] + bytes($0.1) })
    }

    /// RST_STREAM.
    package static func reset(_ stream: Int32, _ code: HTTP2ErrorCode = .cancel) -> [UInt8] {
        frame(.resetStream, stream: stream, bytes(code.rawValue))
    }

    /// WINDOW_UPDATE; stream 0 is the connection.
    package static func windowUpdate(_ stream: Int32, by increment: UInt32) -> [UInt8] {
        frame(.windowUpdate, stream: stream, bytes(increment))
    }

    /// A whole head in one HEADERS frame.
    package static func head(_ fields: [(String, String)], stream: Int32, isLast: Bool = true) -> [UInt8] {
        frame(.headers, flags: endHeaders | (isLast ? endStream : 0), stream: stream, block(fields))
    }

    /// Fields compressed in the simplest of ways: literal, and remembered by nobody (RFC 7541 §6.2.2).
    package static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0] + literal($0.0) + literal($0.1) }
    }

    /// `H` 0 and a length with a prefix of seven bits (RFC 7541 §5.1, §5.2), then the text.
    private static func literal(_ text: String) -> [UInt8] {
        var length: [UInt8] = []
        var rest = text.utf8.count
        if rest < 127 {
            length = [UInt8(rest)]
        } else {
            length = [127]
            rest -= 127
            while rest >= 128 {
                length.append(UInt8(rest & 127 | 128))
                rest >>= 7
            }
            length.append(UInt8(rest))
        }
        return length + text.utf8
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(number >> $0 & 0xFF) }
    }
}
