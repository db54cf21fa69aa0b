/// Everything about one request that a decision depends on. Two equal requests under one snapshot get equal decisions.
package struct PolicyRequest: Equatable, Sendable {
    /// What came of the credential.
    package var identity: IdentityOutcome
    /// What the credential narrows.
    package var bounds: CredentialBounds
    /// The `Origin` field as it came.
    package var origin: String?
    /// No page script can set one on a WebSocket.
    package var hasAuthorizationHeader: Bool
    /// The relay's own origins as this client sees them; see `Origin.own`.
    package var ownOrigins: [Origin]
    /// The zone asked for.
    package var ask: Ask
    /// The names in its query, decoded, each once. Never a value.
    package var parameters: [ParameterName]
    /// What the limits say.
    package var admission: Admission

    package init(
        identity: IdentityOutcome, bounds: CredentialBounds = CredentialBounds(), origin: String? = nil,
        hasAuthorizationHeader: Bool = false,
        ownOrigins: [Origin] = [],
        ask: Ask = Ask(), parameters: [ParameterName] = [], admission: Admission = .admitted
    ) {
        self.identity = identity
        self.bounds = bounds
        self.origin = origin
        self.hasAuthorizationHeader = hasAuthorizationHeader
        self.ownOrigins = ownOrigins
        self.ask = ask
        self.parameters = parameters
        self.admission = admission
    }
}

/// What came of looking at a request's credential.
package enum IdentityOutcome: Equatable, Sendable {
    /// The credential proves this tenant.
    case tenant(TenantName)
    /// There is none.
    case missing
    /// It proves nothing here, or is not accepted where it stands.
    case unknown
    /// It was good once.
    case expired
    /// It opens one session, and has.
    case spent
    /// It opens one session, and was tried too often without one.
    case exhausted
    /// It opens one session, and may have done so before this relay began to remember.
    case unremembered
}

/// Whether the limits of the tenant and of the relay admit one more session.
package enum Admission: Equatable, Sendable {
    case admitted
    /// `what` completes "The limit is reached: …".
    case over(Limit, what: String, retryAfter: Duration?)
}
