import Crypto

/// A new client key: the text for the client, to be shown once, and its hash for the policy file.
package struct ClientKey: Sendable {
    /// `tg_` and 43 characters of base64url: 256 random bits.
    package let text: String

    /// Takes fresh bytes from the system's generator.
    package static func make() -> ClientKey {
        ClientKey(bytes: RandomBytes.make(byteCount))
    }

    init(bytes: [UInt8]) {
        text = "tg_" + Base64.url.encode(bytes)
    }

    /// The SHA-256 of the text: 32 bytes.
    package var digest: [UInt8] {
        Digest.sha256([UInt8](text.utf8))
    }

    /// The digest in hex: what the policy file holds under `sha256`.
    package var sha256: String {
        Hex.encode(digest)
    }

    private static let byteCount = 32
}

extension ClientKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "‹redacted›" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
