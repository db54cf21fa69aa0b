import Bytes

/// Reads the heads of frames as bytes pass, wherever they are cut: what kind, how long, how it is marked. nghttp2 reports
/// frames too, but not those that it ignores, and those cost as well.
///
/// ```
/// +-----------------------------------------------+
/// |                 Length (24)                   |
/// +---------------+---------------+---------------+
/// |   Type (8)    |   Flags (8)   |
/// +-+-------------+---------------+-------------------------------+
/// |R|                 Stream Identifier (31)                      |
/// +=+=============================================================+
/// ```
/// (RFC 9113 §4.1; the connection preface of §3.4 goes before the first.)
struct FrameScanner {
    /// What a frame's head says of its cost.
    struct Frame: Equatable {
        let type: UInt8
        let flags: UInt8
        let payloadBytes: Int
    }

    /// `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`
    static let prefaceBytes = 24
    static let headBytes = 9

    /// What is still to come of the frame, or the preface, whose bytes are passing.
    private(set) var payloadLeft: Int
    /// The bytes of a head that came so far, the last one lowest.
    private var head: (count: Int, type: UInt8, flags: UInt8, length: Int) = (0, 0, 0, 0)

    /// At the start of what a client sends; without a preface at the start of what a server sends.
    init(expectsPreface: Bool = true) {
        payloadLeft = expectsPreface ? Self.prefaceBytes : 0
    }

    /// The next frame whose head ends in `bytes` at or after `offset`, which is moved behind that head; nil when there is
    /// none, and all bytes have been taken.
    mutating func next(in bytes: RawSpan, from offset: inout Int) -> Frame? {
        while offset < bytes.byteCount {
            if payloadLeft > 0 {
                let skipped = min(payloadLeft, bytes.byteCount &- offset)
                payloadLeft &-= skipped
                offset &+= skipped
            } else if let byte = bytes.byte(at: offset) {
                offset &+= 1
                if let frame = take(byte) { return frame }
            }
        }
        return nil
    }

    private mutating func take(_ byte: UInt8) -> Frame? {
        switch head.count {
        case 0...2: head.length = head.length << 8 | Int(byte)
        case 3: head.type = byte
        case 4: head.flags = byte
        default: break
        }
        head.count &+= 1
        guard head.count == Self.headBytes else { return nil }
        let frame = Frame(type: head.type, flags: head.flags, payloadBytes: head.length)
        payloadLeft = head.length
        head = (0, 0, 0, 0)
        return frame
    }
}
