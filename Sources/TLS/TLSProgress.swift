/// What came of one `TLSConnection.receive`.
package struct TLSProgress: Equatable, Sendable {
    /// Bytes of plaintext written to the caller's buffer.
    package var plaintextCount = 0
    /// The handshake became complete in this call; from here on `send` may be used.
    package var handshakeCompleted = false
    /// The peer has sent close_notify: its side of the stream is whole and over (RFC 8446 §6.1).
    package var closeNotify = false
}
