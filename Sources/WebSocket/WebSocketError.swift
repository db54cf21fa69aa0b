/// What a peer can get wrong on an open WebSocket: each case is one rule, beside the code its breach is closed with.
package enum WebSocketError: Error, Equatable, Sendable, CaseIterable {
    // The header alone, RFC 6455 §5.2.
    /// RFC 6455 §5.2: 0x3…0x7 and 0xB…0xF are reserved.
    case reservedOpcode
    /// RFC 6455 §5.2: lengths take as few bytes as they can.
    case lengthNotMinimal
    /// RFC 6455 §5.2: the top bit of a 64-bit length is 0.
    case lengthTooLarge

    // The header in its place.
    /// RFC 6455 §5.2: reserved bits are 0 unless an extension says otherwise.
    case reservedBits
    /// RFC 6455 §5.1: a client masks every frame.
    case maskMissing
    /// RFC 6455 §5.1: a server masks none.
    case maskForbidden
    /// RFC 6455 §5.5: control frames are whole.
    case controlFragmented
    /// RFC 6455 §5.5: control frames carry at most 125 bytes.
    case controlTooLong
    /// RFC 6455 §5.4: a continuation needs an open message.
    case continuationWithoutStart
    /// RFC 6455 §5.4: one message at a time.
    case startInsideMessage
    /// RFC 6455 §7.4.1, 1009: larger than the limit.
    case messageTooBig

    // The Close frame, RFC 6455 §5.5.1.
    /// RFC 6455 §5.5.1: nothing follows a Close.
    case frameAfterClose
    /// RFC 6455 §5.5.1: a code takes two bytes.
    case closePayloadTooShort
    /// RFC 6455 §7.4: reserved codes are never on the wire.
    case closeCodeInvalid
    /// RFC 6455 §5.5.1: the reason is UTF-8.
    case closeReasonNotUTF8
}

extension WebSocketError {
    /// The code of the Close frame that answers the breach (RFC 6455 §7.4.1).
    package var closeCode: CloseCode {
        switch self {
        case .messageTooBig: .messageTooBig
        case .closeReasonNotUTF8: .invalidPayload
        default: .protocolError
        }
    }

    /// The rule, as a sentence for the people at the other end; it fits a Close frame.
    package var sentence: String {
        switch self {
        case .reservedOpcode: "The frame's opcode is reserved."
        case .lengthNotMinimal: "The frame's length must be written in as few bytes as it needs."
        case .lengthTooLarge: "The frame's length must be below 2^63."
        case .reservedBits: "A reserved bit is set that no extension was agreed for."
        case .maskMissing: "Frames from a client must be masked."
        case .maskForbidden: "Frames from a server must not be masked."
        case .controlFragmented: "A control frame must not be fragmented."
        case .controlTooLong: "A control frame carries at most 125 bytes."
        case .continuationWithoutStart: "A continuation frame came while no message was open."
        case .startInsideMessage: "A new message started before the last one had ended."
        case .messageTooBig: "The message is larger than this server takes."
        case .frameAfterClose: "No frame may follow a Close frame."
        case .closePayloadTooShort: "The payload of a Close frame starts with a code of two bytes."
        case .closeCodeInvalid: "The code of the Close frame may not be sent."
        case .closeReasonNotUTF8: "The reason of the Close frame is not UTF-8."
        }
    }
}
