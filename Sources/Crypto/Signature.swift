import COpenSSL

/// Ed25519 (RFC 8032): who holds the private key signs, who has the public key can tell.
package enum Signature {
    /// Bytes in a signature.
    package static let count = 64

    /// What signs. Immutable; any thread.
    package final class PrivateKey: Sendable {
        private let key: Key

        /// Reads a PEM private key (PKCS #8, not encrypted), as `openssl genpkey -algorithm ed25519` writes it.
        ///
        /// - Parameter name: stands in errors where the key was found.
        package init(pem: Secret, named name: String) throws(SignatureError) {
            self.key = try Key(PrivateKeyPEM.read(pem), named: name)
        }

        /// A new key, from libcrypto's random bytes.
        package init() {
            let seed = Secret.random(Signature.seedCount)
            let key = seed.withBytes {
                EVP_PKEY_new_raw_private_key(NID_ED25519, nil, $0.baseAddress, $0.count)
            }
            guard let key else { preconditionFailure("libcrypto has no Ed25519: \(OpenSSLError.take())") }
            self.key = Key(owning: key)
        }

        /// The signature of `message`: 64 bytes, always the same for the same message (RFC 8032 §5.1.6).
        package func sign(_ message: [UInt8]) -> [UInt8] {
            let context = EVP_MD_CTX_new()
            defer { EVP_MD_CTX_free(context) }
            var signature = [UInt8](repeating: 0, count: Signature.count)
            var length = signature.count
            // Nothing here depends on the message: a failure is a libcrypto without memory or without Ed25519.
            guard EVP_DigestSignInit(context, nil, nil, nil, key.pointer) == 1,
                EVP_DigestSign(context, &signature, &length, message, message.count) == 1, length == Signature.count
            else { preconditionFailure("libcrypto cannot sign: \(OpenSSLError.take())") }
            return signature
        }

        /// What others verify with.
        package var publicKey: PublicKey { PublicKey(key) }

        /// The key as PEM (PKCS #8).
        package var pem: Secret {
            PrivateKeyPEM.write(key.pointer)
        }
    }

    /// What verifies. Immutable; any thread.
    package final class PublicKey: Sendable {
        private let key: Key

        /// Reads a PEM public key, as `openssl pkey -pubout` writes it; of a private key it takes the public half.
        ///
        /// - Parameter name: stands in errors where the key was found.
        package init(pem: [UInt8], named name: String) throws(SignatureError) {
            let key = pem.withUnsafeBytes { bytes in
                MemoryBIO.over(bytes) { PEM_read_bio_PUBKEY($0, nil, refusePassword, nil) }
                    ?? MemoryBIO.over(bytes) { PEM_read_bio_PrivateKey($0, nil, refusePassword, nil) }
            }
            self.key = try Key(key, named: name)
        }

        fileprivate init(_ key: Key) {
            self.key = key
        }

        /// Whether `signature` is that of `message` by this key. Any bytes may be asked about.
        package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
            let context = EVP_MD_CTX_new()
            defer {
                EVP_MD_CTX_free(context)
                OpenSSLError.discard()
            }
            return EVP_DigestVerifyInit(context, nil, nil, nil, key.pointer) == 1
                && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        }

        /// The key's short name: the first 16 hexadecimal digits of the SHA-256 of its SubjectPublicKeyInfo (DER).
        package var id: String {
            Hex.encode(Array(Digest.sha256(der).prefix(8)))
        }

        /// The key as PEM (SubjectPublicKeyInfo).
        package var pem: String {
            String(decoding: written { PEM_write_bio_PUBKEY($0, key.pointer) }, as: UTF8.self)
        }

        private var der: [UInt8] {
            var bytes = [UInt8](repeating: 0, count: Int(max(0, i2d_PUBKEY(key.pointer, nil))))
            bytes.withUnsafeMutableBufferPointer { buffer in
                var cursor = buffer.baseAddress
                _ = i2d_PUBKEY(key.pointer, &cursor)
            }
            return bytes
        }
    }

    /// RFC 8032 §5.1.5.
    private static let seedCount = 32
}

/// Why a key cannot sign or verify: names the place and the remedy, never the key.
package enum SignatureError: Error, Equatable {
    /// Nothing in it is a PEM key that can be read without a password.
    case unreadable(String)
    /// A key of another kind.
    case wrongKind(String, kind: String)

    /// What is wrong and what to do, for operators.
    package var sentence: String {
        let remedy = "make one with `openssl genpkey -algorithm ed25519`"
        switch self {
        case .unreadable(let name): return "\(name) holds no readable key: it must be PEM and not encrypted; \(remedy)"
        case .wrongKind(let name, let kind):
            return "\(name) is a key of kind \(kind); receipts are signed by an Ed25519 key: \(remedy)"
        }
    }
}

/// An Ed25519 key, either half.
private final class Key: Sendable {
    // Unsafe only to the compiler: never changed after `init`, and OpenSSL counts references under its own locks.
    nonisolated(unsafe) let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    /// Takes over what OpenSSL read, if it is a key of the right kind.
    convenience init(_ pointer: OpaquePointer?, named name: String) throws(SignatureError) {
        OpenSSLError.discard()
        guard let pointer else { throw .unreadable(name) }
        guard EVP_PKEY_get_base_id(pointer) == NID_ED25519 else {
            let kind = EVP_PKEY_get0_type_name(pointer).map { String(cString: $0) }
            EVP_PKEY_free(pointer)
            throw .wrongKind(name, kind: kind ?? "unknown")
        }
        self.init(owning: pointer)
    }

    deinit {
        EVP_PKEY_free(pointer)
    }
}

/// What one of OpenSSL's PEM writers writes.
private func written(_ write: (OpaquePointer?) -> Int32) -> [UInt8] {
    let bio = BIO_new(BIO_s_mem())
    defer { BIO_free(bio) }
    guard write(bio) == 1 else { preconditionFailure("libcrypto cannot write a key: \(OpenSSLError.take())") }
    var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(bio))
    let count = BIO_read(bio, &bytes, Int32(clamping: bytes.count))
    return Array(bytes.prefix(Int(max(0, count))))
}
