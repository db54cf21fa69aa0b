import Crypto
import Policy

/// Mints session tokens and reads them: nothing needs to be kept of a token, because whoever holds a signing key can tell
/// that it is genuine.
///
/// A token's text is `tgt_` and base64url of a version, the id of the key that signed it, what it says
/// (`TokenPayload`), and the HMAC-SHA-256 of all that. It can stand in a field, a query and a subprotocol as it is.
package struct SessionTokens: Sendable {
    private let signer: Key
    private let keys: [[UInt8]: Secret]

    private struct Key {
        let id: [UInt8]
        let secret: Secret
    }

    /// What a text turns out to be.
    package enum Reading: Equatable, Sendable {
        /// Genuine, and signed by the key of this id.
        case valid(SessionToken, key: [UInt8])
        /// Genuine, but its time is over.
        case expired
        /// No token, altered, or signed by a key that is not among these.
        case worthless
    }

    /// - Parameter keys: the first signs, all verify; there must be one.
    package init(keys: [Secret]) {
        let keys = keys.map { Key(id: Self.id(of: $0), secret: $0) }
        guard let first = keys.first else { preconditionFailure("tokens without a key that signs them") }
        signer = first
        self.keys = Dictionary(keys.map { ($0.id, $0.secret) }, uniquingKeysWith: { first, _ in first })
    }

    /// The token's text: `A-Z`, `a-z`, `0-9`, `-` and `_`.
    package func mint(_ token: SessionToken) -> String {
        let signed = [Self.version] + signer.id + TokenPayload.encode(token)
        return Self.prefix + Base64.url.encode(signed + HMAC.sha256(Self.domain + signed, key: signer.secret))
    }

    /// What `text` is worth at a moment, in Unix seconds. Any thread.
    package func read(_ text: String, at unixSeconds: Double) -> Reading {
        guard Self.isOne(text), text.utf8.count <= Self.maxTextBytes,
            let bytes = Base64.url.decode(text.dropFirst(Self.prefix.count)),
            let (token, key) = genuine(bytes)
        else { return .worthless }
        return unixSeconds < Double(token.expires) ? .valid(token, key: key) : .expired
    }

    /// Whether the key of this id is among these.
    package func verifies(withKey id: [UInt8]) -> Bool {
        keys[id] != nil
    }

    /// Whether a text says of itself that it is a session token, and not another kind of credential.
    package static func isOne(_ text: String) -> Bool {
        text.hasPrefix(prefix)
    }

    private func genuine(_ bytes: [UInt8]) -> (SessionToken, key: [UInt8])? {
        let head = 1 + Self.keyIDCount
        guard bytes.count >= head + HMAC.count, bytes[0] == Self.version else { return nil }
        let signed = Array(bytes.dropLast(HMAC.count))
        let id = Array(signed[1..<head])
        guard let key = keys[id],
            HMAC.verifies(Array(bytes.suffix(HMAC.count)), of: Self.domain + signed, key: key)
        else { return nil }
        return TokenPayload.decode(signed[head...]).map { ($0, id) }
    }

    /// Says which key to try, and nothing else of it.
    private static func id(of key: Secret) -> [UInt8] {
        Array(HMAC.sha256(keyDomain, key: key).prefix(keyIDCount))
    }

    private static let prefix = "tgt_"
    private static let version: UInt8 = 2
    private static let keyIDCount = 4
    /// What a code is made for, so that no code made with the same key for another purpose can pass as a token's.
    private static let domain = Array("tidegate session token\0".utf8)
    private static let keyDomain = Array("tidegate session token key\0".utf8)
    /// Far beyond any token: what names, claims and origins of a configuration need is a few hundred bytes.
    private static let maxTextBytes = 8 << 10
}
