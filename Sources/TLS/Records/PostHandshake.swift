/// The handshake messages that may come when the handshake is over (RFC 8446 §4.6), cut into records in any way.
///
/// Nothing of them is kept. A ticket is passed over: those that serve came before the first data, while OpenSSL was still
/// reading, and a client need not take any.
struct PostHandshake {
    /// A client may be sent tickets; a server, nothing but KeyUpdates.
    let isClient: Bool

    private var header: UInt32 = 0
    private var headerCount = 0
    private var bodyLeft = 0

    init(isClient: Bool) {
        self.isClient = isClient
    }

    /// A message has begun whose end is in another record.
    var isInside: Bool { headerCount > 0 }

    /// Reads the content of a record, and says whether the peer uses its next key from now on.
    mutating func read(_ content: UnsafeRawBufferPointer) throws(RecordFault) -> KeyUpdate? {
        var rest = content[...]
        while let byte = rest.first {
            guard headerCount == Self.headerCount else {
                rest = rest.dropFirst()
                try take(headerByte: byte)
                continue
            }
            if type == .keyUpdate {
                guard rest.count == 1 else { throw .dataBehindKeyUpdate }
                guard let update = KeyUpdate(rawValue: byte) else { throw .illegalKeyUpdate }
                headerCount = 0
                return update
            }
            let passed = min(bodyLeft, rest.count)
            rest = rest.dropFirst(passed)
            bodyLeft -= passed
            if bodyLeft == 0 { headerCount = 0 }
        }
        return nil
    }

    /// Looks at a message as soon as its type and length are known.
    private mutating func take(headerByte byte: UInt8) throws(RecordFault) {
        header = header << 8 | UInt32(byte)
        headerCount += 1
        guard headerCount == Self.headerCount else { return }
        bodyLeft = Int(header & 0xFF_FFFF)
        switch type {
        case .newSessionTicket:
            guard isClient else { throw .unexpectedMessage }
            guard Self.ticketCounts.contains(bodyLeft) else { throw .malformedMessage }
        case .keyUpdate: guard bodyLeft == 1 else { throw .malformedMessage }
        case nil: throw .unexpectedMessage
        }
    }

    private var type: MessageType? { MessageType(rawValue: UInt8(truncatingIfNeeded: header >> 24)) }

    /// The type, and three bytes of length (RFC 8446 §4).
    private static let headerCount = 4
    /// RFC 8446 §4.6.1: lifetime and age, a nonce of up to 255 bytes, a ticket of 1 to 65,535, extensions of up to 65,534.
    private static let ticketCounts = (8 + 1 + 3 + 2)...(8 + 256 + 65_537 + 65_536)

    /// RFC 8446 §B.3. A client that has not offered to authenticate itself later is asked for no certificate (§4.6.2).
    private enum MessageType: UInt8 {
        case newSessionTicket = 4
        case keyUpdate = 24
    }
}

/// Whether the peer of a KeyUpdate has to send one too (RFC 8446 §4.6.3).
enum KeyUpdate: UInt8 {
    case notRequested = 0
    case requested = 1

    /// The message: its type, its length, and this.
    var message: [UInt8] { [24, 0, 0, 1, rawValue] }
}
