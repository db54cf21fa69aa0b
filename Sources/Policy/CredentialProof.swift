/// What proved a tenant, as receipts and lists of sessions name it. Never the credential itself.
package struct CredentialProof: Equatable, Sendable {
    /// What kind of credential it was.
    package let kind: Kind
    /// The name that files give to what it rests on, for people.
    package let name: String
    /// Tells two credentials of one name apart: 12 hexadecimal digits of a hash, of the credential or of what it carries.
    package let id: String
    /// What is asked again when policy changes.
    package let ground: CredentialGround
    /// The key that signed it, by its id, where it was a session token: what it proved stands as long as that is in use.
    package let signingKey: [UInt8]?

    /// The kinds of credentials there are.
    package enum Kind: String, CaseIterable, Sendable {
        case clientKey = "key"
        case token
        case jwt
        case certificate
        /// A session token that an operator had the relay's own console mint.
        case console
    }

    /// - Parameter digest: at least 6 bytes of a hash; the first of them make the `id`.
    package init(kind: Kind, name: String, digest: [UInt8], ground: CredentialGround, signingKey: [UInt8]? = nil) {
        self.kind = kind
        self.name = name
        self.ground = ground
        self.signingKey = signingKey
        id = CredentialProof.id(of: digest)
    }

    /// The proof that is a client key.
    package init(_ key: ClientKeyHash) {
        self.init(kind: .clientKey, name: key.name, digest: key.sha256, ground: .key(sha256: key.sha256))
    }

    private static func id(of digest: [UInt8]) -> String {
        digest.prefix(6).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}

/// What a proof rests on in the files that people own. As long as it stands, what was proved with it does.
package enum CredentialGround: Hashable, Sendable {
    /// A client key of a policy file, by the SHA-256 of its text: 32 bytes.
    case key(sha256: [UInt8])
    /// A subject or alternative name of a policy file, as it is written there, and what revocation lists know the certificates
    /// by that the name was proved with.
    case certificate(name: String, chain: [[UInt8]])
    /// A claim of a policy file, and the issuer that made it.
    case claim(issuer: String, TenantClaim)
    /// Whoever holds the signing keys of tokens: the token names its tenant by itself.
    case operators
    /// An operator who asked for the session in the relay's own console: the token names its tenant by itself.
    case console
}
