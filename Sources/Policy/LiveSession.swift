/// What a running relay tells of one of its sessions, as far as policy cares.
package struct LiveSession: Equatable, Sendable {
    /// The session's id.
    package let id: String
    /// Whom it belongs to.
    package let tenant: TenantName
    /// The zone its audio is in.
    package let zone: Zone
    /// What it is connected to, as `Endpoint` describes itself.
    package let endpoint: String
    /// The request's `Origin`, as it came.
    package let origin: String?
    /// Whether an `Authorization` header came with the request.
    package let hasAuthorization: Bool
    /// The names of its query's parameters, as far as they are known.
    package let parameters: [ParameterName]
    /// The client key that proved the tenant, as `CredentialProof.id` tells it; `nil`: not known, or none did.
    package let keyID: String?
    /// The name of a certificate that proved the tenant, as the policy file writes it; `nil`: none did.
    package let certificate: String?

    package init(
        id: String, tenant: TenantName, zone: Zone, endpoint: String, origin: String? = nil,
        hasAuthorization: Bool = true, parameters: [ParameterName] = [], keyID: String? = nil,
        certificate: String? = nil
    ) {
        self.id = id
        self.tenant = tenant
        self.zone = zone
        self.endpoint = endpoint
        self.origin = origin
        self.hasAuthorization = hasAuthorization
        self.parameters = parameters
        self.keyID = keyID
        self.certificate = certificate
    }

    /// Why this session would end when `new` takes the place of `old`, under which it runs; `nil`: it may go on.
    package func refusal(from old: PolicySnapshot, to new: PolicySnapshot) -> Refusal? {
        let request = PolicyRequest(
            identity: identity(under: new), origin: origin, hasAuthorizationHeader: hasAuthorization,
            ownOrigins: ownOrigins(under: old), parameters: parameters)
        guard let endpoint = connected(under: new) ?? connected(under: old) else {
            return Refusal(.residency, "\(self.endpoint) is not an endpoint of zone \(zone) any more.")
        }
        return Policy.refusal(ofSessionOn: endpoint, request, under: new)
    }

    /// A credential that proves another tenant now proves nothing for a session of this one.
    private func identity(under policy: PolicySnapshot) -> IdentityOutcome {
        guard let tenant = policy.tenants[tenant] else { return .tenant(tenant) }
        return isKnownKey(of: tenant) && isKnownCertificate(of: tenant) ? .tenant(tenant.name) : .unknown
    }

    private func isKnownKey(of tenant: Tenant) -> Bool {
        guard let keyID else { return true }
        return tenant.keys.contains { CredentialProof($0).id == keyID }
    }

    private func isKnownCertificate(of tenant: Tenant) -> Bool {
        guard let name = certificate.flatMap(CertificateName.init) else { return true }
        return tenant.certificates.contains { CertificateName($0) == name }
    }

    /// It was let in: an origin that is none of the tenant's was the relay's own.
    private func ownOrigins(under policy: PolicySnapshot) -> [Origin] {
        guard hasAuthorization, let origin = origin.flatMap({ Origin($0) }) else { return [] }
        let isListed = policy.tenants[tenant]?.origins.contains { $0.matches(origin) } ?? false
        return isListed ? [] : [origin]
    }

    private func connected(under policy: PolicySnapshot) -> Endpoint? {
        policy.endpoints(of: zone).first { $0.description == endpoint }
    }
}
