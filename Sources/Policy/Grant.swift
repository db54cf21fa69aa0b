/// The permission to dial: the endpoints a decision allows, handed out one at a time, in order.
///
/// Only `decide` makes one, it cannot be copied, and failing over is asking the same grant for its next endpoint: so no
/// retry can leave the tenant's residency.
package struct Grant: ~Copyable, Sendable {
    /// Whom it was granted to.
    package let tenant: TenantName
    /// The zone asked for, or else the tenant's first.
    package let zone: Zone
    /// The version of the policy that granted it.
    package let policyVersion: String
    private let endpoints: [Endpoint]
    private var remaining: ArraySlice<Endpoint>

    init(tenant: TenantName, zone: Zone, policyVersion: String, endpoints: [Endpoint]) {
        self.tenant = tenant
        self.zone = zone
        self.policyVersion = policyVersion
        self.endpoints = endpoints
        remaining = endpoints[...]
    }

    /// The next endpoint to try; `nil` when the grant is used up.
    package mutating func next() -> GrantedEndpoint? {
        guard let endpoint = remaining.popFirst() else { return nil }
        return GrantedEndpoint(endpoint: endpoint, tenant: tenant, key: .current)
    }

    /// An endpoint of the grant that refused its key, once more, to be shown the one that was in use before; `nil` when the
    /// grant does not hold it.
    package func again(_ endpoint: Endpoint) -> GrantedEndpoint? {
        guard endpoints.contains(endpoint) else { return nil }
        return GrantedEndpoint(endpoint: endpoint, tenant: tenant, key: .previous)
    }

    /// Whether there is an endpoint left to try.
    package var hasNext: Bool {
        !remaining.isEmpty
    }

    /// The endpoints not handed out yet, in order: to look at, not to dial.
    package var ahead: [Endpoint] {
        Array(remaining)
    }
}

/// One endpoint that may be dialled, once, for one tenant. The only thing the dialler takes.
package struct GrantedEndpoint: ~Copyable, Sendable {
    /// What may be dialled.
    package let endpoint: Endpoint
    /// Whom it was granted to.
    package let tenant: TenantName
    /// Which of the keys it is shown.
    package let key: KeyChoice

    init(endpoint: Endpoint, tenant: TenantName, key: KeyChoice) {
        self.endpoint = endpoint
        self.tenant = tenant
        self.key = key
    }

    /// The zone the audio enters when this endpoint is dialled.
    package var zone: Zone { endpoint.zone }
}

/// Which provider key an endpoint is shown.
package enum KeyChoice: String, CaseIterable, Sendable {
    case current
    /// The one that `current` replaced, for as long as a provider may not know the new one.
    case previous
}
