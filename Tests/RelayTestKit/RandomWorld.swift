import Policy

/// A configuration made by chance, without its endpoints' addresses: whoever runs it says where they are.
package struct RandomWorld: CustomStringConvertible {
    /// The zones defined, in order, each with the number of its endpoints.
    package let zones: [(zone: Zone, endpoints: Int)]
    /// In one of the zones, in a place of its own, or nowhere.
    package let site: Site
    /// Host names, and the zones they ask for.
    package let hosts: [String: Zone]
    /// What operators do to queries.
    package let parameters: ParameterRules
    /// Residencies, origins and rules of parameters of every form; no credentials.
    package let tenants: [Tenant]

    /// - Parameter names: the zones there may be; some are left out, and then asked for all the same.
    package init(of names: [Zone], using random: inout some RandomNumberGenerator) {
        let defined = names.shuffled(using: &random).filter { _ in Int.random(in: 0..<5, using: &random) > 0 }
        zones = (defined.isEmpty ? names : defined).map { ($0, Int.random(in: 1...3, using: &random)) }
        let elsewhere = names.filter { _ in Bool.random(using: &random) }.map { ($0, "wss://\($0).stt.example/v3/ws") }
        site = Site(
            name: "scene",
            zone: Bool.random(using: &random) ? names.filter { $0 != .edge }.randomElement(using: &random) : nil,
            elsewhere: Dictionary(uniqueKeysWithValues: elsewhere))
        hosts = Dictionary(
            uniqueKeysWithValues: zones.map { ("\($0.zone).stt.example", $0.zone) }.filter { _ in
                Bool.random(using: &random)
            })
        parameters = RandomWorld.rules(&random)
        tenants = (0..<4).compactMap { number in
            TenantName("tenant-\(number)").map { name in
                Tenant(
                    name: name, residency: RandomWorld.residency(among: names, &random),
                    origins: RandomWorld.patterns.filter { _ in Bool.random(using: &random) },
                    parameters: RandomWorld.rules(&random))
            }
        }
    }

    /// The whole policy, once it is known where the endpoints are.
    package func policy(endpoint: (Zone, Int) throws -> Endpoint) rethrows -> PolicySnapshot {
        PolicySnapshot(
            version: "by-chance", site: site,
            zones: try zones.map { zone, count in
                ZoneDefinition(zone, endpoints: try (1...count).map { try endpoint(zone, $0) })
            },
            hosts: hosts, parameters: parameters, tenants: tenants)
    }

    package var description: String {
        let zones = zones.map { "\($0.zone)×\($0.endpoints)" }.joined(separator: " ")
        let tenants = tenants.map { "\($0.name): \($0.residency)" }.joined(separator: "; ")
        return "zones \(zones), site \(site.zone?.name ?? "nowhere"), \(tenants)"
    }

    private static let patterns = ["https://app.example", "https://*.pages.example"].compactMap {
        try? OriginPattern($0)
    }

    /// Parameters that exist, one of them able to carry data out.
    fileprivate static let names: [ParameterName] = ["sample_rate", "prompt", "webhook_url"]

    private static func rules(_ random: inout some RandomNumberGenerator) -> ParameterRules {
        let hasList = Int.random(in: 0..<4, using: &random) == 0
        let forced = Int.random(in: 0..<8, using: &random) == 0 ? names.randomElement(using: &random) : nil
        return ParameterRules(
            allow: hasList ? Set(names.filter { _ in Bool.random(using: &random) }) : nil,
            force: forced.map { [$0: "by-policy"] } ?? [:])
    }

    private static func residency(among zones: [Zone], _ random: inout some RandomNumberGenerator) -> Residency {
        let count = Int.random(in: 0...zones.count, using: &random)
        return ZoneList(Array(zones.shuffled(using: &random).prefix(count))).map { .zones($0) } ?? .any
    }
}

/// What a client sends, as far as a decision depends on it.
package struct RandomRequest: CustomStringConvertible {
    /// Whom its credential proves.
    package let tenant: TenantName
    /// The value of `Host`.
    package let host: String
    /// Without a query.
    package let path: String
    /// The values of `zone` in the query.
    package let zoneParameters: [String]
    /// The value of `Origin`, if there is one.
    package let origin: String?
    /// The names of other parameters in the query.
    package let parameters: [ParameterName]
    /// The zones asked for, in every way there is; none of them need be defined.
    package let asked: [Zone]

    /// A request for one of a world's tenants: it asks for nothing, or in up to three ways for a zone, or for two.
    package init(in world: RandomWorld, asking names: [Zone], using random: inout some RandomNumberGenerator) {
        let zone = names.randomElement(using: &random)
        let other = Int.random(in: 0..<8, using: &random) == 0 ? names.randomElement(using: &random) : zone
        let byHost = Bool.random(using: &random) ? nil : world.hosts.first { $0.value == zone }
        let byPath = Int.random(in: 0..<3, using: &random) == 0 ? other : nil
        let byQuery = Int.random(in: 0..<3, using: &random) == 0 ? zone : nil
        tenant = world.tenants.randomElement(using: &random)?.name ?? world.tenants[0].name
        host = byHost?.key ?? "stt.example"
        path = byPath.map { "/\($0)/v3/ws" } ?? (Bool.random(using: &random) ? "/v3/ws" : "//v3/ws")
        zoneParameters = byQuery.map { [$0.name] } ?? []
        origin = RandomRequest.origins.randomElement(using: &random) ?? nil
        let isPlain = Int.random(in: 0..<3, using: &random) > 0
        parameters = isPlain ? [] : RandomWorld.names.filter { _ in Bool.random(using: &random) }
        asked = [byHost?.value, byPath, byQuery].compactMap { $0 }
    }

    package var description: String {
        "\(tenant) at \(host)\(path)\(zoneParameters.isEmpty ? "" : "?zone=\(zoneParameters)") from \(origin ?? "nowhere")"
    }

    private static let origins: [String?] = [
        nil, nil, nil, "https://app.example", "https://one.pages.example", "https://one.two.pages.example",
        "https://evil.example", "null",
    ]
}
