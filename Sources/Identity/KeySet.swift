import Crypto
import JSON

/// The public keys of an identity provider: a JSON Web Key Set (RFC 7517), as far as it can verify tokens.
///
/// A provider's set may hold keys for other purposes and of kinds unknown here; RFC 7517 §5 has them skipped, as it has
/// those that are faulty. Immutable; any thread.
package struct KeySet: Sendable {
    private let keys: [(id: String?, key: VerificationKey)]

    /// Reads a set.
    ///
    /// - Throws: when it is no key set, is too large, or holds no key that can verify a token.
    package init(_ json: [UInt8]) throws(KeySetError) {
        guard json.count <= Self.maxBytes else { throw .tooLarge }
        guard case .list(let items) = JSONReader.read(json)?["keys"] else { throw .noSet }
        guard items.count <= Self.maxKeys else { throw .tooLarge }
        keys = items.compactMap(Self.key)
        guard !keys.isEmpty else { throw .noKey }
    }

    /// How many keys can verify tokens.
    package var count: Int { keys.count }

    /// The one key of this id that verifies by `algorithm`; nil when there is none, and when two different keys have the id.
    ///
    /// A token without an id (`nil`) is for the one key of its algorithm, when the set has one only: RFC 7515 §4.1.4 leaves
    /// the id out where nothing needs it.
    func key(_ id: String?, for algorithm: JSONWebAlgorithm) -> VerificationKey? {
        let fitting = keys.filter { entry in
            entry.key.algorithm == algorithm && (id == nil || entry.id.map { $0.isSameText(as: id) } ?? false)
        }
        guard let first = fitting.first?.key, fitting.allSatisfy({ $0.key == first }) else { return nil }
        return first
    }

    private static func key(_ item: JSONTree) -> (id: String?, key: VerificationKey)? {
        // RFC 7517 §4.2, §4.3: the purposes a provider allows its key.
        guard allows(item["use"], "sig"), allowsVerifying(item["key_ops"]), let key = verificationKey(item),
            allows(item["alg"], key.algorithm.rawValue)
        else { return nil }
        switch item["kid"] {
        case nil: return (nil, key)
        case .text(let id) where id.utf8.count <= maxIDBytes: return (id, key)
        default: return nil
        }
    }

    private static func allows(_ purpose: JSONTree?, _ wanted: String) -> Bool {
        purpose == nil || purpose == .text(wanted)
    }

    private static func allowsVerifying(_ operations: JSONTree?) -> Bool {
        guard let operations else { return true }
        guard case .list(let items) = operations else { return false }
        return items.contains("verify")
    }

    /// RFC 7518 §6.2, §6.3, RFC 8037 §2.
    private static func verificationKey(_ item: JSONTree) -> VerificationKey? {
        switch (item["kty"], item["crv"]) {
        case ("RSA", _):
            guard let modulus = bytes(item["n"]), let exponent = bytes(item["e"]) else { return nil }
            return .rsa(modulus: modulus, exponent: exponent)
        case ("EC", "P-256"):
            guard let x = bytes(item["x"]), let y = bytes(item["y"]) else { return nil }
            return .p256(x: x, y: y)
        case ("OKP", "Ed25519"): return bytes(item["x"]).flatMap { .ed25519($0) }
        default: return nil
        }
    }

    private static func bytes(_ value: JSONTree?) -> [UInt8]? {
        guard case .text(let text) = value, text.utf8.count <= maxNumberText else { return nil }
        return Base64.url.decode(text)
    }

    /// The largest providers publish about ten keys of 2 KiB, their certificates included.
    package static let maxBytes = 1 << 20
    private static let maxKeys = 100
    private static let maxIDBytes = 256
    /// An RSA modulus of 8192 bits in base64url has 1366 characters.
    private static let maxNumberText = 1400
}

/// Why a key set cannot be used.
package enum KeySetError: Error, Equatable {
    case tooLarge
    case noSet
    case noKey

    /// What is wrong, for operators; goes on after "the key set".
    package var sentence: String {
        switch self {
        case .tooLarge: "is larger than any provider's"
        case .noSet: "is not a JSON Web Key Set: a JSON object with a list of `keys` (RFC 7517)"
        case .noKey:
            "holds no key that can verify a token: RSA of 2048 to 8192 bits, EC on P-256, or OKP on Ed25519, for signatures"
        }
    }
}

extension String {
    /// RFC 7519 §7.3: names and values are compared code point by code point. Swift's `==` also finds those equal that only
    /// look the same.
    func isSameText(as other: String?) -> Bool {
        other.map { utf8.elementsEqual($0.utf8) } ?? false
    }
}
