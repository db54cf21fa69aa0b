import COpenSSL

/// A cipher suite of TLS 1.3, by its registered name (RFC 8446 §B.4): an AEAD, and the hash that keys are derived with.
enum CipherSuite: String, CaseIterable, Sendable {
    case aes128GCM = "TLS_AES_128_GCM_SHA256"
    case aes256GCM = "TLS_AES_256_GCM_SHA384"
    case chaCha20Poly1305 = "TLS_CHACHA20_POLY1305_SHA256"

    /// Bytes in a key of the AEAD.
    var keyCount: Int {
        switch self {
        case .aes128GCM: 16
        case .aes256GCM, .chaCha20Poly1305: 32
        }
    }

    /// The hash, as libcrypto calls it.
    var digest: String {
        switch self {
        case .aes128GCM, .chaCha20Poly1305: "SHA256"
        case .aes256GCM: "SHA384"
        }
    }

    /// Bytes in a traffic secret: as many as the hash has (RFC 8446 §7.1).
    var secretCount: Int {
        switch self {
        case .aes128GCM, .chaCha20Poly1305: 32
        case .aes256GCM: 48
        }
    }

    /// The records that one key protects before the next takes over.
    ///
    /// RFC 8446 §5.5: 2^24.5 of full size for AES-GCM, and for ChaCha20-Poly1305 more than there can be.
    var recordsPerKey: UInt64 {
        switch self {
        case .aes128GCM, .aes256GCM: 1 << 24
        case .chaCha20Poly1305: 1 << 48
        }
    }

    /// The AEAD in libcrypto; nil where there is none, as in one that may do no more than FIPS 140 allows.
    var cipher: OpaquePointer? {
        switch self {
        case .aes128GCM: Self.aes128
        case .aes256GCM: Self.aes256
        case .chaCha20Poly1305: Self.chaCha20
        }
    }

    // Looked up once, because a look-up takes libcrypto's locks. Unsafe only to the compiler: never changed, and counted
    // atomically.
    private nonisolated(unsafe) static let aes128 = EVP_CIPHER_fetch(nil, "AES-128-GCM", nil)
    // As above.
    private nonisolated(unsafe) static let aes256 = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
    // As above.
    private nonisolated(unsafe) static let chaCha20 = EVP_CIPHER_fetch(nil, "ChaCha20-Poly1305", nil)
}
