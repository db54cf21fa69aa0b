import Policy

/// Whom credentials prove, in one version of the configuration: every kind of them, in the places where each is accepted.
///
/// It reads no clock, no file and no network: time and the issuers' keys are arguments.
package struct Identifier: Sendable {
    private let clientKeys: ClientKeys

    /// Whom the credentials of `policy` prove.
    package init(of policy: PolicySnapshot) {
        clientKeys = ClientKeys(of: policy)
    }

    /// Whom a credential proves.
    package func identify(_ credential: Credential?) -> IdentityStep {
        guard let credential else { return .settled(Identification(.missing)) }
        return credential.withText { identify($0, at: credential.place) } ?? .settled(.unknown)
    }

    private func identify(_ text: String, at place: Credential.Place) -> IdentityStep {
        switch place {
        case .authorization:
            return .settled(identifyKey(text))
        // URLs end up in logs, so a client key is refused in one even if it is right.
        case .tokenParameter, .subprotocol, .certificate:
            return .settled(.unknown)
        }
    }

    private func identifyKey(_ text: String) -> Identification {
        guard let (tenant, key) = clientKeys.owner(of: text) else { return .unknown }
        return Identification(.tenant(tenant), by: CredentialProof(key))
    }

    /// Whom a credential proves now that proved `tenant` before. What it rests on is asked, not the credential itself: a
    /// token or a JWT that opened a session in time need not be good for as long as the session lasts.
    package func identifyAgain(_ proof: CredentialProof, of tenant: TenantName) -> IdentityOutcome {
        switch proof.ground {
        case .key(let sha256): clientKeys.owner(sha256: sha256).map { .tenant($0.tenant) } ?? .unknown
        case .certificate, .claim: .unknown
        case .operators: .tenant(tenant)
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
    /// Until when it opens a session, in Unix seconds.
    package let expires: Int

    /// - Parameter id: 16 bytes that no other has.
    package init(id: [UInt8], expires: Int) {
        self.id = id
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
