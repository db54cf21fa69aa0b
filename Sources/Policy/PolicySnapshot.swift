/// One version of policy, whole and immutable: every tenant, every zone, and where this process stands.
package struct PolicySnapshot: Sendable {
    /// A short hash of the files it was read from; receipts and logs name it.
    package let version: String
    /// Where this process stands.
    package let site: Site
    /// In the order they are defined.
    package let zones: [ZoneDefinition]
    /// Host names, lowercase, and the zones they ask for.
    package let hosts: [String: Zone]
    /// What operators do to the query of every session.
    package let parameters: ParameterRules
    /// Every tenant, by name.
    package let tenants: [TenantName: Tenant]

    /// Of two tenants or zones of one name the first counts; the loader reports such pairs before they get here.
    package init(
        version: String, site: Site, zones: [ZoneDefinition], hosts: [String: Zone] = [:],
        parameters: ParameterRules = ParameterRules(), tenants: [Tenant]
    ) {
        self.version = version
        self.site = site
        self.zones = zones
        self.hosts = hosts
        self.parameters = parameters
        self.tenants = Dictionary(tenants.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The zones' names, in the order they are defined.
    package var definedZones: [Zone] {
        zones.map(\.zone)
    }

    /// The endpoints of a zone in order of preference; none when it is not defined.
    package func endpoints(of zone: Zone) -> [Endpoint] {
        zones.first { $0.zone == zone }?.endpoints ?? []
    }

    func defines(_ zone: Zone) -> Bool {
        zones.contains { $0.zone == zone }
    }
}

/// A zone and what may be dialled in it.
package struct ZoneDefinition: Equatable, Sendable {
    /// The zone.
    package let zone: Zone
    /// In order of preference; all of them of this zone.
    package let endpoints: [Endpoint]

    package init(_ zone: Zone, endpoints: [Endpoint]) {
        precondition(endpoints.allSatisfy { $0.zone == zone }, "an endpoint of another zone under \(zone)")
        self.zone = zone
        self.endpoints = endpoints
    }
}
