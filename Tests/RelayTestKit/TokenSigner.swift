import COpenSSL
import Crypto

/// An identity provider's key pair: signs tokens, and stands in key sets by its public half. Immutable; any thread.
package final class TokenSigner: Sendable {
    /// What it signs with.
    package let algorithm: JSONWebAlgorithm
    // Unsafe only to the compiler: never changed after `init`, and OpenSSL counts references under its own locks.
    private nonisolated(unsafe) let key: OpaquePointer

    /// A new key. Only RSA keys have a number of bits.
    package init(_ algorithm: JSONWebAlgorithm, bits: Int32 = 2048) {
        let names: [JSONWebAlgorithm: String] = [.rs256: "RSA", .es256: "EC", .edDSA: "ED25519"]
        let context = EVP_PKEY_CTX_new_from_name(nil, names[algorithm], nil)
        defer { EVP_PKEY_CTX_free(context) }
        EVP_PKEY_keygen_init(context)
        if algorithm == .rs256 { EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) }
        if algorithm == .es256 { EVP_PKEY_CTX_set_group_name(context, "P-256") }
        var key: OpaquePointer?
        guard EVP_PKEY_generate(context, &key) == 1, let key else {
            preconditionFailure("no key: \(OpenSSLError.take())")
        }
        self.algorithm = algorithm
        self.key = key
    }

    deinit {
        EVP_PKEY_free(key)
    }

    /// The numbers of the public key, by the names that a JSON Web Key gives them.
    package var numbers: [(name: String, bytes: [UInt8])] {
        switch algorithm {
        case .rs256: [("n", number("n")), ("e", number("e"))]
        case .es256: [("x", number("qx", count: 32)), ("y", number("qy", count: 32))]
        case .edDSA: [("x", rawPublicKey)]
        }
    }

    /// The signature of `message` as a token has it.
    package func sign(_ message: [UInt8]) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 2048)
        var count = signature.count
        guard EVP_DigestSignInit(context, nil, algorithm == .edDSA ? nil : EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        else { preconditionFailure("cannot sign: \(OpenSSLError.take())") }
        signature.removeSubrange(count...)
        return algorithm == .es256 ? Self.pair(ofDER: signature) : signature
    }

    private func number(_ name: String, count: Int32? = nil) -> [UInt8] {
        var number: OpaquePointer?
        EVP_PKEY_get_bn_param(key, name, &number)
        defer { BN_free(number) }
        return Self.bytes(number, count: count ?? (BN_num_bits(number) + 7) / 8)
    }

    private var rawPublicKey: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = bytes.count
        EVP_PKEY_get_raw_public_key(key, &bytes, &count)
        return bytes
    }

    private static func pair(ofDER der: [UInt8]) -> [UInt8] {
        let pair = der.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            return d2i_ECDSA_SIG(nil, &cursor, buffer.count)
        }
        defer { ECDSA_SIG_free(pair) }
        return bytes(ECDSA_SIG_get0_r(pair), count: 32) + bytes(ECDSA_SIG_get0_s(pair), count: 32)
    }

    private static func bytes(_ number: OpaquePointer?, count: Int32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(count))
        BN_bn2binpad(number, &bytes, count)
        return bytes
    }
}

extension TokenSigner {
    /// One of each kind, made once: RSA keys take their time.
    package static let rsa = TokenSigner(.rs256)
    /// See `rsa`.
    package static let p256 = TokenSigner(.es256)
    /// See `rsa`.
    package static let ed25519 = TokenSigner(.edDSA)

    /// The public key as a JSON Web Key. `more` stands before its last brace, such as `,"use":"sig"`.
    package func jwk(id: String? = nil, more: String = "") -> String {
        let kinds: [JSONWebAlgorithm: String] = [
            .rs256: #""kty":"RSA""#, .es256: #""kty":"EC","crv":"P-256""#, .edDSA: #""kty":"OKP","crv":"Ed25519""#,
        ]
        let numbers = numbers.map { #","\#($0.name)":"\#(Base64.url.encode($0.bytes))""# }.joined()
        return "{" + (kinds[algorithm] ?? "") + numbers + (id.map { #","kid":"\#($0)""# } ?? "") + more + "}"
    }

    /// A token with this header and these claims, whatever they are.
    package func token(header: String, claims: String) -> String {
        let signed = Base64.url.encode(Array(header.utf8)) + "." + Base64.url.encode(Array(claims.utf8))
        return signed + "." + Base64.url.encode(sign(Array(signed.utf8)))
    }

    /// A token with the header that its key asks for.
    package func token(id: String? = nil, claims: String) -> String {
        let keyID = id.map { #","kid":"\#($0)""# } ?? ""
        return token(header: #"{"typ":"JWT","alg":"\#(algorithm.rawValue)"\#(keyID)}"#, claims: claims)
    }

    /// A key set of these keys, each a JSON Web Key.
    package static func keySet(_ keys: String...) -> [UInt8] {
        Array(#"{"keys":[\#(keys.joined(separator: ","))]}"#.utf8)
    }
}

extension TokenSigner {
    /// The one made once for this algorithm.
    package static func of(_ algorithm: JSONWebAlgorithm) -> TokenSigner {
        switch algorithm {
        case .rs256: rsa
        case .es256: p256
        case .edDSA: ed25519
        }
    }

    /// The public half.
    package var verificationKey: VerificationKey? {
        let numbers = numbers.map(\.bytes)
        return switch algorithm {
        case .rs256: .rsa(modulus: numbers[0], exponent: numbers[1])
        case .es256: .p256(x: numbers[0], y: numbers[1])
        case .edDSA: .ed25519(numbers[0])
        }
    }
}
