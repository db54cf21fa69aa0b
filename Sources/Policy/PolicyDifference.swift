/// What another policy would change: decided, request by request, under both. For people and, encoded, for programs.
package struct PolicyDifference: Equatable, Sendable {
    /// In the order of their names; those that stay as they are are left out.
    package let tenants: [TenantChange]
    /// Client keys that prove something else than before, in the order of their tenants and names.
    package let keys: [KeyChange]

    /// A tenant that comes, goes, or is decided differently.
    package struct TenantChange: Equatable, Sendable {
        /// The tenant.
        package let name: TenantName
        /// What becomes of it.
        package let kind: Kind
        /// What is said of it differently, by the names of the policy file's keys.
        package let members: [String]
        /// The kinds of requests whose decision differs, with a credential that proves the tenant under both.
        package let requests: [RequestChange]
        /// The parameters of which something else becomes, each with those of the same fate; in the order of their names.
        package let parameters: [ParameterChange]
        /// The limits that are others than before. Whether they refuse anybody depends on what is used.
        package let limits: [LimitChange]

        /// What becomes of a tenant.
        package enum Kind: String, Sendable {
            case added, removed, changed
        }
    }

    /// A client key that proves something else than before.
    package struct KeyChange: Equatable, Sendable {
        /// The key's name, in the old policy where that has it.
        package let name: String
        /// Whom it proved; `nil`: nobody.
        package let before: TenantName?
        /// Whom it proves; `nil`: nobody.
        package let after: TenantName?
        /// For a key that proves another tenant: what its requests get instead.
        package let requests: [RequestChange]
    }

    /// Requests that ask for the same, come from any of some origins, and get something else than before.
    package struct RequestChange: Equatable, Sendable {
        /// The zone asked for; `nil`: none.
        package let asked: Zone?
        /// Where they come from.
        package let origins: [OriginClass]
        /// What they got.
        package let before: Verdict
        /// What they will get.
        package let after: Verdict
    }

    /// A limit that is another one than before.
    package struct LimitChange: Equatable, Sendable {
        /// The limit.
        package let limit: Limit
        /// What it admitted, in words; `nil`: everything.
        package let before: String?
        /// What it will admit.
        package let after: String?
    }

    /// Parameters of which something else becomes than before.
    package struct ParameterChange: Equatable, Sendable {
        /// In order. Every name that no rule of either policy has counts as one, `nil`, behind the others.
        package let names: [ParameterName?]
        /// What became of them.
        package let before: SessionParameters.Fate
        /// What will.
        package let after: SessionParameters.Fate
    }

    /// Requests that no tenant's origins can tell apart.
    package enum OriginClass: Equatable, Sendable {
        /// Without an Origin: no browser.
        case none
        /// From a page that this pattern of the old or the new policy means.
        case listed(OriginPattern)
        /// From a page that neither policy means.
        case foreign
    }

    /// What a decision comes to, and by which rule.
    package struct Verdict: Equatable, Sendable {
        /// What it comes to.
        package let outcome: Outcome
        /// The rule that made it.
        package let rule: Rule
        /// What the rule found.
        package let sentence: String

        /// What a request gets.
        package enum Outcome: Equatable, Sendable {
            /// The zone, and what may be dialled, in order.
            case granted(Zone, [Endpoint])
            /// The refusal, and the site it names.
            case refused(RefusalName, site: String?)
        }
    }

    /// Compares by deciding every kind of request under both.
    ///
    /// - Parameter others: what else is said differently of a tenant, outside of what decisions depend on.
    package init(
        from old: PolicySnapshot, to new: PolicySnapshot, others: @escaping (TenantName) -> [String] = { _ in [] }
    ) {
        let comparison = Comparison(old: old, new: new, others: others)
        tenants = comparison.tenants()
        keys = comparison.keys()
    }

    /// Whether every request is decided as before.
    package var isEmpty: Bool { tenants.isEmpty && keys.isEmpty }
}

/// Both policies, side by side.
private struct Comparison {
    let old: PolicySnapshot
    let new: PolicySnapshot
    let others: (TenantName) -> [String]
    /// Those of either side, in the order they are defined.
    let zones: [Zone]

    init(old: PolicySnapshot, new: PolicySnapshot, others: @escaping (TenantName) -> [String]) {
        self.old = old
        self.new = new
        self.others = others
        zones = old.definedZones + new.definedZones.filter { !old.defines($0) }
    }

    // MARK: Tenants

    func tenants() -> [PolicyDifference.TenantChange] {
        Set(old.tenants.keys).union(new.tenants.keys).sorted().compactMap(change)
    }

    private func change(of name: TenantName) -> PolicyDifference.TenantChange? {
        guard let before = old.tenants[name] else { return .init(name: name, kind: .added) }
        guard let after = new.tenants[name] else { return .init(name: name, kind: .removed) }
        let members = before.members(thatDifferFrom: after) + others(name)
        // The same tenant on the same ground is decided the same.
        guard !members.isEmpty || !isSameGround else { return nil }
        let requests = requests(of: name, then: name)
        let parameters = parameters(of: before, then: after)
        guard !members.isEmpty || !requests.isEmpty || !parameters.isEmpty else { return nil }
        let limits = before.limits.changes(to: after.limits).map { change in
            PolicyDifference.LimitChange(limit: change.limit, before: change.before, after: change.after)
        }
        return .init(
            name: name, kind: .changed, members: members, requests: requests, parameters: parameters, limits: limits)
    }

    private var isSameGround: Bool {
        old.site == new.site && old.zones == new.zones && old.parameters == new.parameters
    }

    // MARK: Parameters

    private func parameters(of former: Tenant, then owner: Tenant) -> [PolicyDifference.ParameterChange] {
        let before = SessionParameters(of: former, under: old)
        let after = SessionParameters(of: owner, under: new)
        let rules = [old.parameters, new.parameters, former.parameters, owner.parameters]
        let written = Set(rules.flatMap { Array($0.force.keys) + Array($0.allow ?? []) } + ParameterName.egress)
        let names = written.sorted().map { Optional($0) } + [nil]
        return names.reduce(into: []) { changes, name in
            // No rule can have a name without a byte.
            let fates = (before.fate(of: name ?? ""), after.fate(of: name ?? ""))
            if fates.0 != fates.1 { changes.add(name, fates.0, fates.1) }
        }
    }

    // MARK: Keys

    func keys() -> [PolicyDifference.KeyChange] {
        let before = Comparison.owners(in: old)
        let after = Comparison.owners(in: new)
        let changes = Set(before.keys).union(after.keys).compactMap { hash -> PolicyDifference.KeyChange? in
            let former = before[hash]
            let owner = after[hash]
            guard former?.tenant != owner?.tenant, let name = (former ?? owner)?.name else { return nil }
            return .init(
                name: name, before: former?.tenant, after: owner?.tenant,
                requests: former.flatMap { former in owner.map { requests(of: former.tenant, then: $0.tenant) } } ?? [])
        }
        return changes.sorted { $0.order < $1.order }
    }

    private static func owners(in policy: PolicySnapshot) -> [[UInt8]: (tenant: TenantName, name: String)] {
        let owners = policy.tenants.values.flatMap { tenant in
            tenant.keys.map { ($0.sha256, (tenant: tenant.name, name: $0.name)) }
        }
        return Dictionary(owners, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Requests

    /// Every kind of request with a credential that proves `former` under the old policy and `owner` under the new one.
    private func requests(of former: TenantName, then owner: TenantName) -> [PolicyDifference.RequestChange] {
        let origins = origins(of: old.tenants[former], new.tenants[owner])
        return ([nil] + zones).flatMap { asked in
            origins.reduce(into: [PolicyDifference.RequestChange]()) { changes, origin in
                let before = verdict(former, asked, origin.text, under: old)
                let after = verdict(owner, asked, origin.text, under: new)
                guard before.outcome != after.outcome else { return }
                changes.add(.init(asked: asked, origins: [origin.kind], before: before, after: after))
            }
        }
    }

    private func verdict(
        _ tenant: TenantName, _ asked: Zone?, _ origin: String?, under policy: PolicySnapshot
    ) -> PolicyDifference.Verdict {
        .init(decide(PolicyRequest(identity: .tenant(tenant), origin: origin, ask: Ask(zone: asked)), under: policy))
    }

    /// Each class of origins, with one of it.
    private func origins(
        of old: Tenant?, _ new: Tenant?
    ) -> [(kind: PolicyDifference.OriginClass, text: String?)] {
        let patterns = ((old?.origins ?? []) + (new?.origins ?? [])).unique
        let listed = patterns.map { pattern in
            (PolicyDifference.OriginClass.listed(pattern), Optional(pattern.example(besides: patterns)))
        }
        // RFC 2606 §2: nobody's name.
        return [(.none, nil)] + listed + [(.foreign, "https://foreign.invalid")]
    }
}

extension [OriginPattern] {
    fileprivate var unique: [OriginPattern] {
        enumerated().filter { index, pattern in firstIndex(of: pattern) == index }.map(\.element)
    }
}

extension [PolicyDifference.RequestChange] {
    /// Requests that get the same as others that differ in their origin alone are told together with them.
    fileprivate mutating func add(_ change: Element) {
        let place = firstIndex {
            $0.before.outcome == change.before.outcome && $0.after.outcome == change.after.outcome
        }
        guard let place else { return append(change) }
        self[place] = Element(
            asked: change.asked, origins: self[place].origins + change.origins, before: self[place].before,
            after: self[place].after)
    }
}

extension PolicyDifference.TenantChange {
    fileprivate init(name: TenantName, kind: Kind) {
        self.init(name: name, kind: kind, members: [], requests: [], parameters: [], limits: [])
    }
}

extension [PolicyDifference.ParameterChange] {
    /// Parameters that meet the same are told together.
    fileprivate mutating func add(
        _ name: ParameterName?, _ before: SessionParameters.Fate, _ after: SessionParameters.Fate
    ) {
        let place = firstIndex { $0.before == before && $0.after == after }
        guard let place else { return append(Element(names: [name], before: before, after: after)) }
        self[place] = Element(names: self[place].names + [name], before: before, after: after)
    }
}

extension PolicyDifference.KeyChange {
    fileprivate var order: (String, String, String) { (before?.text ?? "", after?.text ?? "", name) }
}

extension PolicyDifference.Verdict {
    /// A grant is made by the rule of residency, a refusal by the rule that the trail ends with.
    fileprivate init(_ decision: consuming Decision) {
        let trail = decision.trail
        let maker: TrailStep?
        switch decision.takeOutcome() {
        case .granted(var grant):
            let zone = grant.zone
            var endpoints: [Endpoint] = []
            while let granted = grant.next() { endpoints.append(granted.endpoint) }
            outcome = .granted(zone, endpoints)
            maker = trail.first { $0.rule == .residency }
        case .refused(let refusal):
            outcome = .refused(refusal.name, site: refusal.site)
            maker = trail.last
        }
        rule = maker?.rule ?? .credential
        sentence = maker?.sentence ?? ""
    }
}

extension Tenant {
    /// The policy file's names of what is not the same.
    fileprivate func members(thatDifferFrom other: Tenant) -> [String] {
        [
            ("residency", residency == other.residency), ("keys", keys == other.keys),
            ("origins", origins == other.origins), ("certificates", certificates == other.certificates),
            ("jwt", jwt == other.jwt), ("limits", limits == other.limits),
            ("parameters", parameters == other.parameters),
        ].filter { !$0.1 }.map(\.0)
    }
}
