import COpenSSL

/// The signature algorithms of tokens that are understood, by their names in RFC 7518 §3.1 and RFC 8037 §3.1. All of them
/// are asymmetric: who can verify cannot sign.
package enum JSONWebAlgorithm: String, CaseIterable, Sendable {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    case rs256 = "RS256"
    /// ECDSA on P-256 with SHA-256.
    case es256 = "ES256"
    /// Ed25519.
    case edDSA = "EdDSA"
}

/// A public key that verifies by one algorithm and by no other, made of the numbers that a JSON Web Key holds.
/// Immutable; any thread.
package final class VerificationKey: Sendable {
    /// What it verifies by.
    package let algorithm: JSONWebAlgorithm
    // Unsafe only to the compiler: never changed after `init`, and OpenSSL counts references under its own locks.
    private nonisolated(unsafe) let pointer: OpaquePointer

    private init?(_ algorithm: JSONWebAlgorithm, _ pointer: OpaquePointer?) {
        OpenSSLError.discard()
        guard let pointer else { return nil }
        self.algorithm = algorithm
        self.pointer = pointer
    }

    deinit {
        EVP_PKEY_free(pointer)
    }

    /// An RSA key (RFC 7518 §6.3.1): both numbers unsigned, the first byte first. Nil when they make no key that can be
    /// relied on.
    package static func rsa(modulus: [UInt8], exponent: [UInt8]) -> VerificationKey? {
        guard rsaBits.contains(significantBits(modulus)), exponentBits.contains(significantBits(exponent)),
            isOdd(modulus), isOdd(exponent)
        else { return nil }
        let key = shim_EVP_PKEY_rsa(
            modulus, Int32(clamping: modulus.count), exponent, Int32(clamping: exponent.count))
        return VerificationKey(.rs256, key)
    }

    /// A point on P-256 (RFC 7518 §6.2.1): 32 bytes for each coordinate. Nil when there is no such point.
    package static func p256(x: [UInt8], y: [UInt8]) -> VerificationKey? {
        guard x.count == coordinateCount, y.count == coordinateCount else { return nil }
        // SEC 1 §2.3.3: 4 stands before a point that is written out.
        let point = [4] + x + y
        return VerificationKey(.es256, shim_EVP_PKEY_p256(point, point.count))
    }

    /// An Ed25519 key (RFC 8037 §2): its 32 bytes. Nil when there are not as many.
    package static func ed25519(_ bytes: [UInt8]) -> VerificationKey? {
        guard bytes.count == coordinateCount else { return nil }
        return VerificationKey(.edDSA, EVP_PKEY_new_raw_public_key(NID_ED25519, nil, bytes, bytes.count))
    }

    /// Whether `signature`, in the form that RFC 7518 §3 gives it, is that of `message` by this key. Any bytes may be
    /// asked about.
    package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        switch algorithm {
        case .rs256: verify(signature, of: message, EVP_sha256())
        case .es256: Self.der(ofPair: signature).map { verify($0, of: message, EVP_sha256()) } ?? false
        // RFC 8032 §5.1: Ed25519 hashes by itself.
        case .edDSA: verify(signature, of: message, nil)
        }
    }

    private func verify(_ signature: [UInt8], of message: [UInt8], _ digest: OpaquePointer?) -> Bool {
        let context = EVP_MD_CTX_new()
        defer {
            EVP_MD_CTX_free(context)
            OpenSSLError.discard()
        }
        return EVP_DigestVerifyInit(context, nil, digest, nil, pointer) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    /// RFC 7518 §3.4: a token has both numbers side by side, 32 bytes each; OpenSSL wants them as DER.
    private static func der(ofPair signature: [UInt8]) -> [UInt8]? {
        guard signature.count == 2 * coordinateCount, let pair = ECDSA_SIG_new() else { return nil }
        defer { ECDSA_SIG_free(pair) }
        let r = number(signature.prefix(coordinateCount))
        let s = number(signature.suffix(coordinateCount))
        guard ECDSA_SIG_set0(pair, r, s) == 1 else {
            BN_free(r)
            BN_free(s)
            OpenSSLError.discard()
            return nil
        }
        var der = [UInt8](repeating: 0, count: Int(max(0, i2d_ECDSA_SIG(pair, nil))))
        der.withUnsafeMutableBufferPointer { buffer in
            var cursor = buffer.baseAddress
            _ = i2d_ECDSA_SIG(pair, &cursor)
        }
        return der
    }

    /// RFC 7518 §3.3: 2048 bits or more. What is beyond 8192 only costs time, which is the point of sending one.
    private static let rsaBits = 2048...8192
    /// Odd, so 3 or more (RFC 8017 §3.1). Those in use have 17 bits; long ones only cost time.
    private static let exponentBits = 2...64
    /// Bytes of a number below the order of P-256's field, and of an Ed25519 key.
    private static let coordinateCount = 32
}

extension VerificationKey: Equatable {
    /// Whether both verify the same signatures.
    package static func == (left: VerificationKey, right: VerificationKey) -> Bool {
        defer { OpenSSLError.discard() }
        return left.algorithm == right.algorithm && EVP_PKEY_eq(left.pointer, right.pointer) == 1
    }
}

/// How long an unsigned number is, its first byte first.
private func significantBits(_ bytes: [UInt8]) -> Int {
    let digits = bytes.drop { $0 == 0 }
    return digits.count * 8 - (digits.first?.leadingZeroBitCount ?? 0)
}

private func isOdd(_ bytes: [UInt8]) -> Bool {
    bytes.last.map { $0 & 1 == 1 } ?? false
}

private func number(_ bytes: ArraySlice<UInt8>) -> OpaquePointer? {
    bytes.withUnsafeBufferPointer { BN_bin2bn($0.baseAddress, Int32(clamping: $0.count), nil) }
}
