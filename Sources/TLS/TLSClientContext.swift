import COpenSSL

/// All that the connections to one zone share: whom they trust, and the sessions they can resume.
///
/// One for each zone and trust profile, never shared between zones: a ticket earned in one is never shown in another.
/// Immutable but for the sessions, which are under a lock; one for all loops.
package final class TLSClientContext: Sendable {
    /// Whose the records of its connections are.
    package let records: RecordLayer

    let sessions = SessionStore()
    let context: SharedContext

    /// A context that believes `trust` alone. `certificate` is shown to servers that ask for one. `protocols` are offered
    /// (RFC 7301), best first: the upstream leg speaks WebSocket over HTTP/1.1 only.
    ///
    /// Throws `.setup` when the certificate cannot be used.
    package init(
        trust: TrustStore, minimumVersion: TLSVersion = .tls12, certificate: TLSCertificate? = nil,
        protocols: [String] = ["http/1.1"], records: RecordLayer = .openSSL
    ) throws(TLSError) {
        self.records = records
        context = try SharedContext(method: TLS_client_method(), minimumVersion: minimumVersion, records: records)
        if let certificate { try context.use(certificate) }
        let pointer = context.pointer
        _ = shim_SSL_CTX_set1_cert_store(pointer, trust.store)
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        // Sessions come to us, because OpenSSL's own cache would not know which endpoint they are for.
        _ = shim_SSL_CTX_set_session_cache_mode(
            pointer, Int(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL))
        SSL_CTX_sess_set_new_cb(pointer, rememberSession)
        // This function returns 0 for success.
        let refused = ProtocolList(protocols).withWire {
            SSL_CTX_set_alpn_protos(pointer, $0.baseAddress, UInt32($0.count))
        }
        guard refused == 0 else {
            throw .setup("libssl refuses the protocol list", remedy: "OpenSSL 3.0 or later is needed.")
        }
    }

    /// A new `SSL` for one connection.
    func makeSSL() -> OpaquePointer? {
        SSL_new(context.pointer)
    }
}

/// OpenSSL's news of a session ticket. Answers 1 when the session was kept, which takes over its reference.
private func rememberSession(_ ssl: OpaquePointer?, _ session: OpaquePointer?) -> Int32 {
    guard let session, let connection = SSL_get_ex_data(ssl, TLSConnection.backReference) else { return 0 }
    Unmanaged<TLSConnection>.fromOpaque(connection).takeUnretainedValue().remember(session)
    return 1
}
