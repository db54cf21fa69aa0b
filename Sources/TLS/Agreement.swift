import COpenSSL

/// What a handshake has agreed on: nothing until that is known.
struct Agreement {
    let version: TLSVersion?
    let negotiatedProtocol: String?
    let serverName: String?
    let isResumed: Bool
    /// One of libssl's own, which stay where they are.
    private let suite: OpaquePointer?

    init(of ssl: OpaquePointer) {
        let isComplete = SSL_is_init_finished(ssl) == 1
        version = isComplete ? TLSVersion.allCases.first { $0.number == SSL_version(ssl) } : nil
        suite = isComplete ? SSL_get_current_cipher(ssl) : nil
        isResumed = SSL_session_reused(ssl) == 1
        serverName = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        negotiatedProtocol =
            count > 0 ? String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self) : nil
    }

    /// The cipher suite's standard name.
    var cipher: String? {
        SSL_CIPHER_standard_name(suite).map { String(cString: $0) }
    }
}
