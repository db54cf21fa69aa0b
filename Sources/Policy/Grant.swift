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
    private var remaining: ArraySlice<Endpoint>

    init(tenant: TenantName, zone: Zone, policyVersion: String, endpoints: [Endpoint]) {
        self.tenant = tenant
        self.zone = zone
        self.policyVersion = policyVersion
        remaining = endpoints[...]
    }

    /// The next endpoint to try; `nil` when the grant is used up.
    package mutating func next() -> GrantedEndpoint? {
        guard let endpoint = remaining.popFirst() else { return nil }
        return GrantedEndpoint(endpoint: endpoint, tenant: tenant)
    }

    /// Whether there is an endpoint left to try.
    package var hasNext: Bool {
        !remaining.isEmpty
    }
}

/// One endpoint that may be dialled, once, for one tenant. The only thing the dialler takes.
package struct GrantedEndpoint: ~Copyable, Sendable {
    /// What may be dialled.
    package let endpoint: Endpoint
    /// Whom it was granted to.
    package let tenant: TenantName

    init(endpoint: Endpoint, tenant: TenantName) {
        self.endpoint = endpoint
        self.tenant = tenant
    }

    /// The zone the audio enters when this endpoint is dialled.
    package var zone: Zone { endpoint.zone }
}
