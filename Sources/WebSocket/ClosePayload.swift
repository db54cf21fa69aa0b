import Bytes

/// The unmasked payload of a Close frame (RFC 6455 §5.5.1): nothing, or a code and a reason.
///
/// ```
///  0               1               2 …
/// +---------------+---------------+----------------------+
/// |        code, big-endian       |  reason, UTF-8       |
/// +---------------+---------------+----------------------+
/// ```
package struct ClosePayload: Equatable, Sendable {
    /// Nil when the payload is empty.
    package let code: CloseCode?
    /// For people; empty when there is none.
    package let reason: String

    /// The payload with neither code nor reason.
    package static let empty = ClosePayload(checked: nil, "")

    /// A payload to send; the reason is cut to what fits. Without a code there is no reason either.
    ///
    /// The code must be one that `mayBeSent`; any other is sent as nothing at all, so that it never reaches the wire.
    package init(code: CloseCode, reason: String = "") {
        self = code.mayBeSent ? ClosePayload(checked: code, Self.truncatedReason(reason)) : .empty
    }

    /// Reads a payload. Throws for a length of one byte, for a code that may not be sent, and for a reason that is not
    /// UTF-8.
    package init(parsing payload: RawSpan) throws(WebSocketError) {
        guard let high = payload.byte(at: 0) else {
            self = .empty
            return
        }
        // RFC 6455 §5.5.1: if there is a body, the first two bytes must be a code.
        guard let low = payload.byte(at: 1) else { throw .closePayloadTooShort }
        let code = CloseCode(rawValue: UInt16(high) << 8 | UInt16(low))
        guard code.mayBeSent else { throw .closeCodeInvalid }
        let reasonBytes = [UInt8](payload.extracting(droppingFirst: 2))
        guard let reason = String(validating: reasonBytes, as: UTF8.self) else { throw .closeReasonNotUTF8 }
        self.init(checked: code, reason)
    }

    private init(checked code: CloseCode?, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The payload's bytes, at most 125.
    package var bytes: [UInt8] {
        guard let code else { return [] }
        return [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)] + reason.utf8
    }

    /// What RFC 6455 §5.5 leaves for a reason in a control frame: 125 bytes less two for the code.
    package static let maxReasonBytes = 123

    /// The longest start of the text that fits a Close frame and ends with a whole character.
    package static func truncatedReason(_ text: String) -> String {
        var end = text.startIndex
        var room = maxReasonBytes
        for character in text {
            room -= character.utf8.count
            guard room >= 0 else { break }
            end = text.index(after: end)
        }
        return String(text[..<end])
    }
}
