import Crypto
import Policy

/// One of compliance's files, read: its tenants, each with the places that later checks point at.
struct PolicyFile {
    let tenants: [PlacedTenant]

    struct PlacedTenant {
        let tenant: Tenant
        let place: Place
        let residencyPlace: Place
        /// The tenant's own keys at the provider, by zone.
        let providerKeys: [Zone: SecretSource]
        /// Of each of the tenant's keys, in order.
        let keyPlaces: [Place]
        /// Of each of the names of its certificates, in order.
        let certificatePlaces: [Place]
        /// Where the claim of its tokens stands.
        let tokenPlace: Place
        /// Where each of its limits stands, by the name of its key.
        let limitPlaces: [String: Place]
    }

    /// Reads what `SchemaCheck` has looked at; `zones` are those the operators define.
    init(_ root: Node, zones: [Zone], faults: inout Faults) {
        var reader = PolicyReader(zones: zones, faults: Faults())
        tenants = Section(.policyFile, path: "", node: root).named("tenants").compactMap { name, place, section in
            TenantName(name).flatMap { reader.tenant($0, place, section) }
        }
        faults.append(reader.faults)
    }
}

private struct PolicyReader {
    let zones: [Zone]
    var faults: Faults

    mutating func tenant(_ name: TenantName, _ place: Place, _ section: Section) -> PolicyFile.PlacedTenant? {
        let clients = section.section("clients")
        let keys = keys(clients, of: name, place)
        let certificates = clients.texts("certificates")
        warnIfNothingProves(name, clients, place)
        let origins = origins(clients)
        let providerKeys = providerKeys(section)
        let parameters = ParameterRules(section.section("parameters"), faults: &faults)
        guard let residency = residency(section) else { return nil }
        let tenant = Tenant(
            name: name, residency: residency, keys: keys.map(\.hash), origins: origins,
            certificates: certificates.map(\.text), jwt: token(clients),
            limits: TenantLimits(section.section("limits")), parameters: parameters)
        warnOfEgress(tenant, section.section("parameters"))
        return PolicyFile.PlacedTenant(
            tenant: tenant, place: place, residencyPlace: section.node("residency")?.place ?? place,
            providerKeys: providerKeys, keyPlaces: keys.map(\.place), certificatePlaces: certificates.map(\.place),
            tokenPlace: clients.node("jwt")?.place ?? place,
            limitPlaces: Dictionary(
                section.pairs("limits").map { ($0.key, $0.value.place) }, uniquingKeysWith: { first, _ in first }))
    }

    private mutating func providerKeys(_ section: Section) -> [Zone: SecretSource] {
        var keys: [Zone: SecretSource] = [:]
        for pair in section.pairs("provider_keys") {
            guard let zone = definedZone(pair.key, pair.keyPlace), let source = SecretSource(pair.value) else {
                continue
            }
            keys[zone] = source
        }
        return keys
    }

    private mutating func residency(_ section: Section) -> Residency? {
        guard let node = section.node("residency") else { return nil }
        if node.text == "any" { return .any }
        let zones = (node.list ?? [node]).compactMap { item in
            item.text.flatMap { definedZone($0, item.place) }
        }
        warnOfEdge(beside: zones, node)
        return ZoneList(zones).map { .zones($0) }
    }

    private mutating func warnOfEgress(_ tenant: Tenant, _ section: Section) {
        let names = ParameterName.egress.filter(tenant.parameters.names)
        guard !tenant.residency.admitsEverySite, !names.isEmpty, let node = section.node else { return }
        let named = names.map(\.description).joined(separator: ", ")
        faults.warning(
            node.place,
            "transcripts and audio of tenant \(tenant.name) may leave \(tenant.residency) by \(named), and the relay cannot see "
                + "where to; name none of them here unless that is meant")
    }

    private mutating func warnOfEdge(beside zones: [Zone], _ node: Node) {
        guard zones.contains(.edge), let other = zones.first(where: { $0 != .edge }) else { return }
        let place = node.list?.first { $0.text == Zone.edge.name }?.place ?? node.place
        faults.warning(
            place,
            "edge may be anywhere, so this residency makes no promise: every site may serve it, and \(other) beside "
                + "edge is a place to fail over to; leave edge out to keep the data where the others are")
    }

    private mutating func keys(
        _ clients: Section, of tenant: TenantName, _ place: Place
    ) -> [(hash: ClientKeyHash, place: Place)] {
        var keys: [(hash: ClientKeyHash, place: Place)] = []
        for section in clients.sections("keys") {
            guard let name = section.text("name"), let sha256 = section.optional("sha256", { Hex.decode($0) }) else {
                continue
            }
            let place = section.node("sha256")?.place ?? place
            if keys.contains(where: { $0.hash.name == name }) {
                faults.error(
                    place, "tenant \(tenant) has two keys named \(quoted(name)); receipts could not tell them apart")
            }
            keys.append((ClientKeyHash(name: name, sha256: sha256), place))
        }
        return keys
    }

    private mutating func warnIfNothingProves(_ tenant: TenantName, _ clients: Section, _ place: Place) {
        let hasProof =
            !clients.sections("keys").isEmpty || !clients.texts("certificates").isEmpty || clients.node("jwt") != nil
        guard !hasProof else { return }
        faults.warning(
            place,
            "nothing proves tenant \(tenant): nobody can connect for it; `tidegate key create --tenant \(tenant)` makes a "
                + "client key")
    }

    private mutating func origins(_ clients: Section) -> [OriginPattern] {
        clients.texts("origins").compactMap { text, place in
            do throws(OriginPatternError) {
                let pattern = try OriginPattern(BrowserOrigin.of(text))
                warnOfStrangers(pattern, place)
                return pattern
            } catch {
                faults.error(place, "\(quoted(text)): \(error.sentence)")
                return nil
            }
        }
    }

    private mutating func warnOfStrangers(_ pattern: OriginPattern, _ place: Place) {
        guard let parent = pattern.wildcardParent, PublicSuffix.holds(parent) else { return }
        faults.warning(
            place,
            "anybody can have a page under \(parent), and \(pattern) admits them all; name the tenant's own, such as "
                + "\(pattern.description.replacing("*", with: "app"))")
    }

    private func token(_ clients: Section) -> TenantToken? {
        let section = clients.section("jwt")
        guard let claim = section.text("claim"), let value = section.text("value") else { return nil }
        return TenantToken(TenantClaim(claim: claim, value: value), from: section.text("issuer"))
    }

    private mutating func definedZone(_ name: String, _ place: Place) -> Zone? {
        guard let zone = Zone(name) else { return nil }
        if zones.contains(zone) { return zone }
        faults.error(place, undefinedZone(zone, defined: zones))
        return nil
    }
}

extension TenantLimits {
    fileprivate init(_ section: Section) {
        self.init(
            sessions: section.optional("sessions", Scalars.whole),
            newSessionsPerMinute: section.optional("new_sessions_per_minute", Scalars.whole),
            audioRate: section.optional("audio_rate", Scalars.decimal),
            audioHoursPerDay: section.optional("audio_hours_per_day", Scalars.decimal),
            session: section.optional("session", Scalars.duration))
    }
}
