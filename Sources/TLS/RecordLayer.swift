/// Whose the records of a connection are, once its handshake is over. The handshake is always OpenSSL's.
package enum RecordLayer: Sendable {
    /// OpenSSL's, to the end.
    case openSSL
    /// Our own, where the version is TLS 1.3: half of the work, and a fifth of the memory. OpenSSL's elsewhere.
    case direct
}
