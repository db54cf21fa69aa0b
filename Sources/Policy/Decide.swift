/// The decision: which zone may hear a request's audio, or why none may. The rules are PRODUCT's, in its order, and one more
/// for the query.
///
/// `Policy` knows tenants, zones, sites and rules, and nothing of sockets, files, clocks or credentials: it is a table of
/// truth. `RelayCore` asks it for every session, and again when a new policy comes; `explain` asks it for people.
package func decide(_ request: PolicyRequest, under policy: PolicySnapshot) -> Decision {
    var trail = Trail()
    do throws(Refusal) {
        let tenant = try trail.add(.credential, identify(request.identity, under: policy))
        try trail.add(.origin, judgeOrigin(of: request, tenant))
        let zones = try trail.add(.residency, chooseZones(for: request, tenant, under: policy))
        try trail.add(.site, judgeSite(policy.site, tenant))
        try trail.add(.parameters, judgeParameters(request.parameters, tenant, under: policy))
        try trail.add(.limits, judgeLimits(request.admission, tenant))
        trail.addAhead(.endpoints, dialOrder(zones, ask: request.ask.zone ?? request.bounds.zone, under: policy))
        trail.addAhead(.verification, "Host name and CA of each endpoint, and its zone's pins and networks.")
        return Decision(trail: trail.steps, outcome: .granted(Grant(of: zones, to: tenant, under: policy)))
    } catch {
        return Decision(trail: trail.steps, outcome: .refused(error))
    }
}

/// The second look at a session whose audio goes to `endpoint`, when policy or credentials change: the same decision,
/// asked for the zone the audio is in, and the endpoint must still be one of that zone. `nil`: it may go on.
///
/// - Parameter request: the session's own, with its credential looked up anew and `admission` `.admitted`.
package func refusal(
    ofSessionOn endpoint: Endpoint, _ request: PolicyRequest, under policy: PolicySnapshot
) -> Refusal? {
    var again = request
    again.ask = Ask(zone: endpoint.zone)
    switch decide(again, under: policy).takeOutcome() {
    case .granted(var grant):
        while let granted = grant.next() {
            if granted.endpoint == endpoint { return nil }
        }
        return Refusal(.residency, "The endpoint that hears this session is not one of zone \(endpoint.zone) any more.")
    case .refused(let refusal): return refusal
    }
}

/// The look back at a session that is over: whether this policy would have let it be. `nil`: it would.
///
/// Only what policy says of places is asked, by rules 3, 4 and 6: a credential that was good then may be gone by now.
///
/// - Parameters:
///   - endpoint: as `Endpoint.description` has it.
///   - site: where the relay stood that carried the audio.
package func refusal(
    ofAudioOf name: TenantName, in zone: Zone, at endpoint: String, by site: Site, under policy: PolicySnapshot
) -> Refusal? {
    do throws(Refusal) {
        var trail = Trail()
        guard let tenant = policy.tenants[name] else {
            throw Refusal(.unauthenticated, "Tenant \(name) is not in this policy.")
        }
        try trail.add(.residency, judgeAsked(zone, tenant, under: policy))
        try trail.add(.site, judgeSite(site, tenant))
        try trail.add(.endpoints, judgeDialled(endpoint, in: zone, under: policy))
        return nil
    } catch {
        return error
    }
}

// Rule 1.
private func identify(_ identity: IdentityOutcome, under policy: PolicySnapshot) -> Ruling<Tenant> {
    switch identity {
    case .tenant(let name):
        guard let tenant = policy.tenants[name] else {
            return .refuses(Refusal(.unauthenticated, "The credential's tenant is not served here any more."))
        }
        return .holds(tenant, "The credential proves tenant \(name).")
    case .missing:
        return .refuses(Refusal(.unauthenticated, "A credential is needed: send a client key as Authorization."))
    case .unknown: return .refuses(Refusal(.unauthenticated, "The credential is not known or not accepted here."))
    case .expired: return .refuses(Refusal(.unauthenticated, "The credential has expired."))
    case .spent: return .refuses(Refusal(.unauthenticated, "The credential has been used; it opens one session."))
    case .exhausted:
        return .refuses(
            Refusal(.unauthenticated, "The credential has been tried too often without a session; ask for another."))
    case .unremembered:
        return .refuses(
            Refusal(
                .unauthenticated,
                "The credential is older than this relay's memory of which have been used; ask for another."))
    }
}

// Rule 2.
private func judgeOrigin(of request: PolicyRequest, _ tenant: Tenant) -> Ruling<Void> {
    if let bound = request.bounds.origin, request.origin.flatMap({ Origin($0) }) != bound {
        return .refuses(Refusal(.origin, "The credential is for pages of another origin."))
    }
    if request.bounds.isConsole, let origin = request.bounds.origin {
        return .holds((), "The Origin \(origin) is the relay's own console, whose operator asked for this session.")
    }
    guard let text = request.origin else { return .holds((), "The request has no Origin.") }
    let refusal = Refusal(.origin, "Pages of this origin may not connect for tenant \(tenant.name).")
    guard let origin = Origin(text) else { return .refuses(refusal) }
    if let pattern = tenant.origins.first(where: { $0.matches(origin) }) {
        return .holds((), "The Origin \(origin) is the tenant's, by \(pattern).")
    }
    // An official SDK sends its own target as Origin; a page cannot set Authorization on a WebSocket.
    if request.hasAuthorizationHeader, request.ownOrigins.contains(origin) {
        return .holds((), "The Origin is the relay's own and an Authorization header came with it: not a browser.")
    }
    return .refuses(refusal)
}

// Rule 3. The zones that may be dialled, in order.
private func chooseZones(
    for request: PolicyRequest, _ tenant: Tenant, under policy: PolicySnapshot
) -> Ruling<ZoneList> {
    if let bound = request.bounds.zone, let asked = request.ask.zone, asked != bound {
        return .refuses(Refusal(.residency, "The credential is for zone \(bound), and zone \(asked) is asked for."))
    }
    if let zone = request.ask.zone ?? request.bounds.zone { return judgeAsked(zone, tenant, under: policy) }
    if let zones = ZoneList(tenant.residency.preferred.filter(policy.defines)) {
        let reason = "\(zones.first) is first for tenant \(tenant.name) (residency: \(tenant.residency))"
        return .holds(zones, "No zone is asked for; \(reason).")
    }
    guard case .any = tenant.residency else {
        return .refuses(Refusal(.residency, "No zone of tenant \(tenant.name) (\(tenant.residency)) is defined here."))
    }
    let defined = listed(policy.definedZones.map(\.name))
    return .refuses(Refusal(.residency, "No zone is asked for and no edge zone is defined here. Ask for \(defined)."))
}

private func judgeAsked(_ zone: Zone, _ tenant: Tenant, under policy: PolicySnapshot) -> Ruling<ZoneList> {
    guard tenant.residency.admits(zone) else {
        return .refuses(
            Refusal(.residency, "Zone \(zone) is not in the residency of tenant \(tenant.name): \(tenant.residency)."))
    }
    guard policy.defines(zone) else { return .refuses(Refusal(.residency, "Zone \(zone) is not defined here.")) }
    return .holds(ZoneList(zone), "Zone \(zone) is asked for and in the tenant's residency (\(tenant.residency)).")
}

// Rule 4.
private func judgeSite(_ site: Site, _ tenant: Tenant) -> Ruling<Void> {
    guard let zone = site.zone else { return .holds((), "Site \(site.name) has no zone and serves every tenant.") }
    if tenant.residency.admits(zone) {
        return .holds((), "Site \(site.name) is in \(zone), which the tenant's residency admits.")
    }
    if tenant.residency.admitsEverySite {
        return .holds((), "The tenant's residency (\(tenant.residency)) makes no promise; every site may serve it.")
    }
    let right = tenant.residency.preferred.lazy.compactMap { site.elsewhere[$0] }.first
    let remedy = right.map { "Use \($0)" } ?? "No other site is known here."
    return .refuses(
        Refusal(
            .wrongSite, "This site is in \(zone); the data of tenant \(tenant.name) may not pass it. \(remedy)",
            site: right))
}

// Rule 8, told after what the tenant may and before what there is room for.
private func judgeParameters(
    _ names: [ParameterName], _ tenant: Tenant, under policy: PolicySnapshot
) -> Ruling<Void> {
    let parameters = SessionParameters(of: tenant, under: policy)
    if let refusal = parameters.refusal(of: names) { return .refuses(refusal) }
    let set = parameters.forced.map(\.name.description)
    return .holds((), "The query may hold what it holds; set by policy: \(listed(set, or: "and")).")
}

// Rule 5.
private func judgeLimits(_ admission: Admission, _ tenant: Tenant) -> Ruling<Void> {
    switch admission {
    case .admitted: .holds((), "The limits admit the session\(bounds(of: tenant)).")
    case .over(let limit, let what, let retryAfter):
        .refuses(Refusal(.limit, "A limit is reached: \(what).", retryAfter: retryAfter, limit: limit))
    }
}

private func bounds(of tenant: Tenant) -> String {
    let bounds = tenant.limits.bounds.map(\.text)
    return bounds.isEmpty ? "" : "; tenant \(tenant.name) may have \(bounds.joined(separator: ", "))"
}

// Rule 6, told before it happens.
private func dialOrder(_ zones: ZoneList, ask: Zone?, under policy: PolicySnapshot) -> String {
    let endpoints = zones.zones.flatMap(policy.endpoints).map { "\($0) (\($0.zone))" }
    let order = endpoints.isEmpty ? "No endpoint" : endpoints.joined(separator: ", then ")
    return "\(order); no other zone\(ask == nil ? "" : ", because \(zones.first) is asked for")."
}

// Rule 6, asked when it is over.
private func judgeDialled(_ endpoint: String, in zone: Zone, under policy: PolicySnapshot) -> Ruling<Void> {
    guard policy.endpoints(of: zone).contains(where: { $0.description == endpoint }) else {
        return .refuses(Refusal(.residency, "\(endpoint) is no endpoint of zone \(zone)."))
    }
    return .holds((), "\(endpoint) is an endpoint of zone \(zone).")
}

extension Grant {
    /// Only this file knows which zones a request may be served in, so only this file calls it.
    fileprivate init(of zones: ZoneList, to tenant: Tenant, under policy: PolicySnapshot) {
        self.init(
            tenant: tenant.name, zone: zones.first, policyVersion: policy.version,
            endpoints: zones.zones.flatMap(policy.endpoints))
    }
}

/// What one rule says of a request: what follows for the next rules, or the refusal.
private enum Ruling<Value> {
    case holds(Value, String)
    case refuses(Refusal)
}

/// The steps so far. A refusal is the last one.
private struct Trail {
    private(set) var steps: [TrailStep] = []

    @discardableResult
    mutating func add<Value>(_ rule: Rule, _ ruling: Ruling<Value>) throws(Refusal) -> Value {
        switch ruling {
        case .holds(let value, let sentence):
            steps.append(TrailStep(rule: rule, finding: .holds, sentence: sentence))
            return value
        case .refuses(let refusal):
            steps.append(TrailStep(rule: rule, finding: .refuses, sentence: refusal.sentence))
            throw refusal
        }
    }

    mutating func addAhead(_ rule: Rule, _ sentence: String) {
        steps.append(TrailStep(rule: rule, finding: .ahead, sentence: sentence))
    }
}
