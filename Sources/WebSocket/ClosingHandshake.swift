/// Who has sent and who has received a Close frame on one leg (RFC 6455 §7.1).
///
/// ```
///              sendClose              receiveClose
///   open ───────────────▶ sent ───────────────────────▶ complete
///     └──── receiveClose ─────▶ received ── sendClose ──▶ complete
/// ```
package struct ClosingHandshake: Equatable, Sendable {
    /// What we sent, once we have.
    package private(set) var sent: ClosePayload?
    /// What the peer sent, once it has.
    package private(set) var received: ClosePayload?

    /// An open leg: nobody has closed.
    package init() {}

    /// Whether frames may still be sent. RFC 6455 §5.5.1: none after our own Close.
    package var maySend: Bool { sent == nil }

    /// Whether the peer waits for our Close. RFC 6455 §5.5.1: an endpoint that receives one and has sent none must
    /// answer.
    package var owesClose: Bool { received != nil && sent == nil }

    /// Whether we wait for the peer's Close.
    package var awaitsClose: Bool { sent != nil && received == nil }

    /// Whether both have closed, so that the connection may end (RFC 6455 §7.1.1).
    package var isComplete: Bool { sent != nil && received != nil }

    /// Notes that we send a Close. False, and nothing changes, when we have sent one before: then this one must not go
    /// out.
    package mutating func sendClose(_ payload: ClosePayload) -> Bool {
        guard maySend else { return false }
        sent = payload
        return true
    }

    /// Notes that the peer sent a Close. Throws `frameAfterClose` when it had sent one before.
    package mutating func receiveClose(_ payload: ClosePayload) throws(WebSocketError) {
        try checkReceived()
        received = payload
    }

    /// Throws `frameAfterClose` when a frame comes from a peer that has sent its Close (RFC 6455 §5.5.1).
    package func checkReceived() throws(WebSocketError) {
        guard received == nil else { throw .frameAfterClose }
    }
}
