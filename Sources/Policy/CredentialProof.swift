/// What proved a tenant, as receipts and lists of sessions name it. Never the credential itself.
package struct CredentialProof: Equatable, Sendable {
    /// What kind of credential it was.
    package let kind: Kind
    /// The name the policy file gives it.
    package let name: String
    /// The SHA-256 of the credential's text: what the policy file holds of it, 32 bytes.
    package let sha256: [UInt8]

    /// The kinds of credentials there are.
    package enum Kind: String, Sendable {
        case clientKey = "key"
    }

    package init(kind: Kind, name: String, sha256: [UInt8]) {
        self.kind = kind
        self.name = name
        self.sha256 = sha256
    }

    /// Tells two credentials of one name apart: the first 12 hexadecimal digits of the hash.
    package var id: String {
        sha256.prefix(6).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
