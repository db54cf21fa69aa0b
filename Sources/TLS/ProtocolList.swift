import COpenSSL

/// Application protocols, best first, as they stand on the wire. Immutable; any thread.
final class ProtocolList: Sendable {
    // Memory of its own, because OpenSSL is handed pointers into it. Unsafe only to the compiler: never written again.
    private nonisolated(unsafe) let wire: UnsafeBufferPointer<UInt8>

    /// Names that are empty or longer than 255 bytes cannot be written and are left out.
    init(_ names: [String]) {
        // RFC 7301 §3.1: each name after one byte of its length.
        let bytes = names.flatMap { name in
            guard let count = UInt8(exactly: name.utf8.count), count > 0 else { return [UInt8]() }
            return [count] + name.utf8
        }
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = copy.initialize(fromContentsOf: bytes)
        wire = UnsafeBufferPointer(copy)
    }

    deinit { wire.deallocate() }

    /// Lends the bytes, which stay where they are as long as the list lives.
    func withWire<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        defer { withExtendedLifetime(self) {} }
        return body(wire)
    }
}

/// OpenSSL's question when it has read the client's protocols. It is asked only when the client offers some.
func selectProtocol(
    _ ssl: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ offeredCount: UInt32,
    _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let argument, let chosen else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    let ours = Unmanaged<ProtocolList>.fromOpaque(argument).takeUnretainedValue()
    var match: UnsafeMutablePointer<UInt8>?
    let outcome = ours.withWire {
        SSL_select_next_proto(&match, chosenCount, $0.baseAddress, UInt32($0.count), offered, offeredCount)
    }
    // RFC 7301 §3.2: nothing in common ends the handshake with no_application_protocol.
    guard outcome == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    chosen.pointee = UnsafePointer(match)
    return SSL_TLSEXT_ERR_OK
}
