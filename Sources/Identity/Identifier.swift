import Crypto
import Policy

/// Whom credentials prove, in one version of the configuration: every kind of them, in the places where each is accepted.
///
/// It reads no clock, no file and no network: time and the issuers' keys are arguments.
package struct Identifier: Sendable {
    private let clientKeys: ClientKeys
    private let tokens: SessionTokens?
    private let clientCertificates: ClientCertificates
    private let issuers: [TokenIssuer]
    private let claims: TenantClaims
    private let isRevoked: @Sendable ([UInt8]) -> Bool

    /// Whom the credentials of `policy` prove.
    ///
    /// - Parameters:
    ///   - tokens: reads session tokens; `nil`: none are accepted.
    ///   - issuers: whose JWTs are believed.
    ///   - isRevoked: whether a revocation list names a certificate, by what `PresentedCertificate.chain` knows it by.
    package init(
        of policy: PolicySnapshot, tokens: SessionTokens? = nil, issuers: [TokenIssuer] = [],
        isRevoked: @escaping @Sendable ([UInt8]) -> Bool = { _ in false }
    ) {
        clientKeys = ClientKeys(of: policy)
        claims = TenantClaims(of: policy)
        self.tokens = tokens
        clientCertificates = ClientCertificates(of: policy)
        self.issuers = issuers
        self.isRevoked = isRevoked
    }

    /// Whom a credential proves at a moment, in Unix seconds.
    ///
    /// - Parameter keys: the keys of an issuer, as they are known now.
    package func identify(
        _ credential: Credential?, at unixSeconds: Double, keys: (String) -> KeySet? = { _ in nil }
    ) -> IdentityStep {
        guard let credential else { return .settled(Identification(.missing)) }
        if let certificate = credential.certificate { return .settled(identify(certificate)) }
        return credential.withText { identify($0, at: credential.place, unixSeconds, keys) } ?? .settled(.unknown)
    }

    private func identify(
        _ text: String, at place: Credential.Place, _ unixSeconds: Double, _ keys: (String) -> KeySet?
    ) -> IdentityStep {
        // URLs end up in logs, so a client key is refused in one even if it is right. In its place it comes first: one that
        // was chosen by hand may look like anything.
        if place == .authorization, let (tenant, key) = clientKeys.owner(of: text) {
            return .settled(Identification(.tenant(tenant), by: CredentialProof(key)))
        }
        if SessionTokens.isOne(text) { return .settled(identify(tokens?.read(text, at: unixSeconds))) }
        guard JSONWebToken.isOne(text) else { return .settled(.unknown) }
        return identify(JSONWebToken.judge(text, by: issuers, keys: keys, at: unixSeconds), of: text)
    }

    private func identify(_ verdict: JSONWebToken.Verdict, of text: String) -> IdentityStep {
        switch verdict {
        case .proves(let issuer, let claim):
            let ground = CredentialGround.claim(issuer: issuer, claim)
            guard let tenant = owner(by: ground) else { return .settled(.unknown) }
            let proof = CredentialProof(
                kind: .jwt, name: claim.value, digest: Digest.sha256([UInt8](text.utf8)), ground: ground)
            return .settled(Identification(.tenant(tenant), by: proof))
        case .expired: return .settled(Identification(.expired))
        case .worthless: return .settled(.unknown)
        case .unknownKey(let issuer): return .needsKeys(issuer: issuer)
        }
    }

    /// A token stands as long as the credential does that it was minted with.
    private func identify(_ reading: SessionTokens.Reading?) -> Identification {
        switch reading {
        case .valid(let token, let key):
            guard owner(by: token.ground, saying: token.tenant) == token.tenant else { return .unknown }
            return Identification(
                .tenant(token.tenant),
                by: CredentialProof(
                    kind: token.ground == .console ? .console : .token, name: token.name, digest: token.id,
                    ground: token.ground, signingKey: key),
                within: token.bounds, oneTime: OneTime(id: token.id, issued: token.issued, expires: token.expires))
        case .expired: return Identification(.expired)
        case .worthless, nil: return .unknown
        }
    }

    private func identify(_ certificate: PresentedCertificate) -> Identification {
        guard !certificate.chain.contains(where: isRevoked),
            let (tenant, name) = clientCertificates.owner(of: certificate.names)
        else { return .unknown }
        return Identification(
            .tenant(tenant),
            by: CredentialProof(
                kind: .certificate, name: name, digest: certificate.sha256,
                ground: .certificate(name: name, chain: certificate.chain)))
    }

    /// Whom a credential proves now that proved `tenant` before. What it rests on is asked, not the credential itself: a
    /// token or a JWT that opened a session in time need not be good for as long as the session lasts. But a signing key that
    /// is taken away may be in the wrong hands, and with it every token that it signed.
    package func identifyAgain(_ proof: CredentialProof, of tenant: TenantName) -> IdentityOutcome {
        if let key = proof.signingKey, tokens?.verifies(withKey: key) != true { return .unknown }
        return owner(by: proof.ground, saying: tenant).map { .tenant($0) } ?? .unknown
    }

    /// The tenant that a ground proves now; `tenant` is whom its credential names by itself.
    private func owner(by ground: CredentialGround, saying tenant: TenantName? = nil) -> TenantName? {
        switch ground {
        case .key(let sha256): clientKeys.owner(sha256: sha256)?.tenant
        case .certificate(let name, let chain):
            chain.contains(where: isRevoked) ? nil : clientCertificates.owner(of: [name])?.tenant
        case .claim(let issuer, let claim):
            issuers.contains { $0.issuer.isSameText(as: issuer) } ? claims.owner(of: claim, from: issuer) : nil
        case .operators, .console: tokens == nil ? nil : tenant
        }
    }
}

/// What came of looking at a request's credential, and what it was, for receipts.
package struct Identification: Equatable, Sendable {
    /// Whom the credential proves, or why nobody.
    package let outcome: IdentityOutcome
    /// What proved the tenant; `nil` when nothing did.
    package let proof: CredentialProof?
    /// What the credential narrows.
    package let bounds: CredentialBounds
    /// Set when it opens one session.
    package let oneTime: OneTime?

    /// The credential proves nothing here.
    package static let unknown = Identification(.unknown)

    init(
        _ outcome: IdentityOutcome, by proof: CredentialProof? = nil,
        within bounds: CredentialBounds = CredentialBounds(),
        oneTime: OneTime? = nil
    ) {
        self.outcome = outcome
        self.proof = proof
        self.bounds = bounds
        self.oneTime = oneTime
    }
}

/// A credential that opens one session.
package struct OneTime: Hashable, Sendable {
    /// Names it among all: 16 bytes.
    package let id: [UInt8]
    /// When it was minted, in milliseconds of Unix time.
    package let issued: Int
    /// Until when it opens a session, in Unix seconds.
    package let expires: Int

    /// - Parameter id: 16 bytes that no other has.
    package init(id: [UInt8], issued: Int, expires: Int) {
        self.id = id
        self.issued = issued
        self.expires = expires
    }
}

/// What is known of a credential at once.
package enum IdentityStep: Equatable, Sendable {
    /// All there is to know.
    case settled(Identification)
    /// Only the issuer's newer keys can tell; asked again with them, or without if they cannot be had.
    case needsKeys(issuer: String)
}
