import COpenSSL
import Crypto

/// An `SSL_CTX` with what both sides of every connection have in common.
///
/// Set up by one thread and immutable from then on, which is what OpenSSL asks for sharing one among threads.
final class SharedContext: Sendable {
    // Unsafe only to the compiler: only `init` and the owner's `init` change it; SSL_new counts references atomically.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// RFC 9325 §4.2: TLS 1.2 with forward secrecy and authenticated encryption only. AES-128 first: safe, and fastest.
    private static let suites12 = """
        ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
        ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
        ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
        """
    private static let suites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    /// X25519 first: the cheapest handshake, and what every current client offers a share for.
    private static let groups = "X25519:P-256"
    /// OpenSSL's scale: 2 asks for 112 bits, so RSA keys of 2048 and more.
    static let securityLevel: Int32 = 2

    init(method: OpaquePointer, minimumVersion: TLSVersion, records: RecordLayer) throws(TLSError) {
        guard let context = SSL_CTX_new(method) else {
            throw .setup("libssl cannot make a context", remedy: "Check the installation of OpenSSL.")
        }
        pointer = context
        SSL_CTX_set_security_level(context, Self.securityLevel)
        // A connection begins with credentials.
        SSL_CTX_set_options(context, shim_SSL_OP_CLEANSE_PLAINTEXT())
        // No renegotiation: it serves nobody here and costs a handshake each. No compression: it leaks (CRIME).
        SSL_CTX_set_options(context, shim_SSL_OP_NO_RENEGOTIATION() | shim_SSL_OP_NO_COMPRESSION())
        // An idle connection holds no record buffer. The modes about partial and moving writes would be without
        // effect: our sink takes every write whole.
        _ = shim_SSL_CTX_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS))
        if records == .direct { watchKeys() }
        guard
            shim_SSL_CTX_set_min_proto_version(context, minimumVersion.number) == 1,
            SSL_CTX_set_cipher_list(context, Self.suites12) == 1,
            SSL_CTX_set_ciphersuites(context, Self.suites13) == 1,
            shim_SSL_CTX_set1_groups_list(context, Self.groups) == 1
        else {
            throw .setup("libssl refuses a version, suite or group", remedy: "OpenSSL 3.0 or later is needed.")
        }
    }

    deinit { SSL_CTX_free(pointer) }

    /// Presents `certificate` to peers.
    func use(_ certificate: TLSCertificate) throws(TLSError) {
        guard SSL_CTX_use_cert_and_key(pointer, certificate.leaf, certificate.key, certificate.chain, 1) == 1 else {
            throw .setup(
                "the certificate for \(certificate.dnsNames) cannot be used",
                remedy: "Issue it anew with an EC P-256 or an RSA key of at least 2048 bits.")
        }
    }
}
