/// The rules a frame's header must keep because of who sent it and what came before: one value for each direction.
///
/// Needs nothing but headers, so that a message too large is refused before any of it is taken in.
package struct FrameRules: Sendable {
    /// Which endpoint the frames come from.
    package enum Sender: Sendable {
        /// Masks every frame.
        case client
        /// Masks none.
        case server
    }

    private let sender: Sender
    private let maxMessageBytes: UInt64
    private let rsv1Negotiated: Bool

    private var isInsideMessage = false
    private var messageBytes: UInt64 = 0

    /// Rules for frames from one endpoint. `maxMessageBytes` bounds the payload of a message, summed over its
    /// fragments, as it is on the wire; `rsv1Negotiated` says that permessage-deflate was agreed.
    package init(from sender: Sender, maxMessageBytes: UInt64, rsv1Negotiated: Bool = false) {
        self.sender = sender
        self.maxMessageBytes = maxMessageBytes
        self.rsv1Negotiated = rsv1Negotiated
    }

    /// Whether no message is waiting for its next fragment. True from the header of a message's last frame on: whether
    /// that frame's payload has passed is `FrameParser`'s to say.
    package var isBetweenMessages: Bool { !isInsideMessage }

    /// Takes note of the next frame. Throws the rule it breaks.
    package mutating func check(_ header: FrameHeader) throws(WebSocketError) {
        try checkMask(header)
        try checkReservedBits(header)
        if header.opcode.isControl {
            try checkControl(header)
        } else {
            try enterMessage(header)
        }
    }

    /// RFC 6455 §5.1: a client masks every frame, a server none.
    private func checkMask(_ header: FrameHeader) throws(WebSocketError) {
        switch sender {
        case .client: guard header.maskKey != nil else { throw .maskMissing }
        case .server: guard header.maskKey == nil else { throw .maskForbidden }
        }
    }

    /// RFC 6455 §5.2: reserved bits are 0 unless an extension gives them a meaning.
    private func checkReservedBits(_ header: FrameHeader) throws(WebSocketError) {
        guard header.rsv != 0 else { return }
        // RFC 7692 §6.1: RSV1 stands on the first frame of a message only.
        let startsMessage = header.opcode == .text || header.opcode == .binary
        guard rsv1Negotiated, startsMessage, header.rsv == FrameHeader.rsv1 else { throw .reservedBits }
    }

    /// RFC 6455 §5.5: a control frame is whole and carries at most 125 bytes.
    private func checkControl(_ header: FrameHeader) throws(WebSocketError) {
        guard header.fin else { throw .controlFragmented }
        guard header.payloadLength <= Self.maxControlPayload else { throw .controlTooLong }
    }

    /// RFC 6455 §5.4: a message is one frame, or a start, continuations and an end with only control frames between
    /// them.
    private mutating func enterMessage(_ header: FrameHeader) throws(WebSocketError) {
        if header.opcode == .continuation {
            guard isInsideMessage else { throw .continuationWithoutStart }
        } else {
            guard !isInsideMessage else { throw .startInsideMessage }
            messageBytes = 0
        }
        let (sum, overflowed) = messageBytes.addingReportingOverflow(header.payloadLength)
        guard !overflowed, sum <= maxMessageBytes else { throw .messageTooBig }
        messageBytes = sum
        isInsideMessage = !header.fin
    }

    /// RFC 6455 §5.5
    package static let maxControlPayload: UInt64 = 125
}
