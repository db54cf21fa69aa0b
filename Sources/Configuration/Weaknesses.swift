import Policy

/// What is legal but weak, and shows only when the operators' file and compliance's meet. Each is told with its remedy.
struct Weaknesses {
    let settings: Settings
    let tenants: [PolicyFile.PlacedTenant]
    /// Where each zone's endpoints stand.
    let endpoints: [Zone: Place]

    var faults = Faults()

    init(_ settings: Settings, _ tenants: [PolicyFile.PlacedTenant], endpoints: [Zone: Place]) {
        self.settings = settings
        self.tenants = tenants
        self.endpoints = endpoints
        for zone in settings.zones { findLoneEndpoint(of: zone) }
        for item in tenants {
            findUnserved(item)
            findUndirected(item)
            findCarriedOut(item)
            findUnasked(item)
            findUnheard(item)
            findIdleLimits(item)
            findSlowed(item)
            findUnmeasured(item)
        }
        findUnboundedNeighbours()
    }

    private mutating func findLoneEndpoint(of zone: ZoneSettings) {
        let pinned = tenants.map(\.tenant).filter { $0.residency == .zones(zone.zone) }.map(\.name.text)
        guard zone.endpoints.count == 1, !pinned.isEmpty, let place = endpoints[zone.zone] else { return }
        faults.warning(
            place,
            "zone \(zone.zone) has one endpoint, and \(Weaknesses.listed(pinned)) may be heard nowhere else: while it "
                + "fails they are not served; add another endpoint, such as the same name by a private link")
    }

    private mutating func findUnserved(_ item: PolicyFile.PlacedTenant) {
        let site = settings.site
        guard let zone = site.zone, settings.zones.contains(where: { $0.zone == zone }),
            case .zones(let list) = item.tenant.residency, !list.contains(zone), !list.contains(.edge),
            !list.zones.contains(where: { site.elsewhere[$0] != nil })
        else { return }
        faults.warning(
            item.residencyPlace,
            "tenant \(item.tenant.name) is always refused here: this site is in \(zone), which its residency "
                + "(\(item.tenant.residency)) does not admit, and no site of its zones is known; name one under "
                + "`site: elsewhere:`")
    }

    private mutating func findUndirected(_ item: PolicyFile.PlacedTenant) {
        guard item.tenant.residency == .any, !settings.zones.contains(where: { $0.zone == .edge }) else { return }
        faults.warning(
            item.residencyPlace,
            "tenant \(item.tenant.name) may be heard anywhere, but without an edge zone its requests that ask for no "
                + "zone are refused; list its zones instead of `any`, the first for those")
    }

    private mutating func findCarriedOut(_ item: PolicyFile.PlacedTenant) {
        let policy = settings.policy(version: "", tenants: [item.tenant])
        guard let refusal = policy.parameters(of: item.tenant.name)?.refusal(of: []) else { return }
        faults.warning(item.residencyPlace, "tenant \(item.tenant.name) is always refused here: \(refusal.sentence)")
    }

    /// Certificates that no listener asks for.
    private mutating func findUnasked(_ item: PolicyFile.PlacedTenant) {
        guard let place = item.certificatePlaces.first, settings.listeners.allSatisfy({ $0.tls?.clients == nil }) else {
            return
        }
        faults.warning(
            place,
            "no listener asks for client certificates, so none proves tenant \(item.tenant.name); name those who issue "
                + "them under `listeners: tls: client_ca:`")
    }

    /// Whose tokens could prove the tenant: nobody's, or more than were meant.
    private mutating func findUnheard(_ item: PolicyFile.PlacedTenant) {
        guard let token = item.tenant.jwt else { return }
        let heard = settings.identity.filter { token.issuer == nil || token.issuer == $0.issuer }
        let proving = heard.filter { $0.tenantClaim == token.claim.claim }
        switch (settings.identity.isEmpty, heard.isEmpty, proving.count) {
        case (true, _, _):
            faults.warning(
                item.tokenPlace,
                "no token proves tenant \(item.tenant.name): there is no identity provider; name one under `identity`")
        case (_, true, _):
            faults.warning(
                item.tokenPlace,
                "no token proves tenant \(item.tenant.name): no identity provider has the issuer "
                    + "\(quoted(token.issuer ?? "")); configured: \(Weaknesses.quotedList(settings.identity.map(\.issuer)))"
            )
        case (_, _, 0):
            faults.warning(
                item.tokenPlace,
                "no token proves tenant \(item.tenant.name): \(quoted(token.claim.claim)) is not the `tenant_claim` of an "
                    + "identity provider; configured: \(Weaknesses.quotedList(heard.map(\.tenantClaim)))")
        case (_, _, 2...):
            faults.warning(
                item.tokenPlace,
                "any of \(proving.count) identity providers can say that a client is tenant \(item.tenant.name)'s; whoever "
                    + "chooses the claims of one of them can connect for it; name the tenant's own as `issuer`")
        default: break
        }
    }

    private static func quotedList(_ texts: [String]) -> String {
        texts.map(quoted).joined(separator: ", ")
    }

    static func listed(_ names: [String]) -> String {
        let shown = names.prefix(3).joined(separator: ", ")
        return (names.count == 1 ? "tenant " : "tenants ") + shown
            + (names.count > 3 ? " and \(names.count - 3) more" : "")
    }
}
