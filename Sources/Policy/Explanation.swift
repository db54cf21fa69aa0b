/// A decision told: what was asked, what came of it, and every rule that led there. For people and, encoded, for programs.
package struct Explanation: Equatable, Sendable {
    /// The tenant asked about.
    package let tenant: String
    /// The version of the policy.
    package let policy: String
    /// Where the decision would be made.
    package let site: String
    /// The zone asked for.
    package let asked: String?
    /// The origin asked about.
    package let origin: String?
    /// The names of the query's parameters asked about.
    package let parameters: [String]
    /// The decision.
    package let outcome: Outcome
    /// Each rule that was looked at, in order.
    package let rules: [Step]

    /// A permission with what may be dialled, or a denial.
    package enum Outcome: Equatable, Sendable {
        /// The zone, and every endpoint the grant would hand out, in order.
        case granted(zone: String, endpoints: [Candidate])
        case refused(Denial)
    }

    /// A refusal, as a client would hear it.
    package struct Denial: Encodable, Equatable, Sendable {
        /// The refusal's name.
        package let name: String
        /// Its HTTP status.
        package let status: Int
        /// Its close code.
        package let closeCode: UInt16
        /// Why.
        package let sentence: String
    }

    /// An endpoint that may be dialled.
    package struct Candidate: Encodable, Equatable, Sendable {
        /// Its zone.
        package let zone: String
        /// Its URL.
        package let url: String
    }

    /// One rule and what it found.
    package struct Step: Encodable, Equatable, Sendable {
        /// The rule's number.
        package let rule: Int
        /// The rule's text.
        package let statement: String
        /// What it said of the request.
        package let finding: String
        /// What was found.
        package let sentence: String
    }

    /// Decides as for a client that proved `tenant` by its key, within every limit.
    ///
    /// - Parameters:
    ///   - zone: the text a client would send as `zone`; need not be defined.
    ///   - parameters: the names of other parameters in its query, decoded.
    package init(
        tenant: TenantName, asking zone: String?, origin: String?, parameters: [String] = [],
        under policy: PolicySnapshot
    ) {
        self.tenant = tenant.text
        self.policy = policy.version
        site = policy.site.name
        asked = zone
        self.origin = origin
        self.parameters = parameters
        do throws(AskError) {
            let ask = try Ask.from(
                host: nil, path: "/v3/ws", zoneParameters: zone.map { [$0] } ?? [], zones: policy.definedZones)
            let request = PolicyRequest(
                identity: .tenant(tenant), origin: origin, ask: ask,
                parameters: parameters.map { ParameterName(decoded: Array($0.utf8)) })
            let decision = decide(request, under: policy)
            rules = decision.trail.map(Step.init)
            outcome = Outcome(decision.takeOutcome())
        } catch {
            // What cannot be asked for never comes to the rules.
            rules = []
            outcome = Outcome(error.refusal)
        }
    }
}

extension Explanation: Encodable {
    private enum Member: String, CodingKey {
        case tenant, policy, site, asked, origin, parameters, decision, zone, endpoints, refusal, rules
    }

    package func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Member.self)
        try object.encode(tenant, forKey: .tenant)
        try object.encode(policy, forKey: .policy)
        try object.encode(site, forKey: .site)
        try object.encodeIfPresent(asked, forKey: .asked)
        try object.encodeIfPresent(origin, forKey: .origin)
        try object.encode(parameters, forKey: .parameters)
        switch outcome {
        case .granted(let zone, let endpoints):
            try object.encode("granted", forKey: .decision)
            try object.encode(zone, forKey: .zone)
            try object.encode(endpoints, forKey: .endpoints)
        case .refused(let denial):
            try object.encode("refused", forKey: .decision)
            try object.encode(denial, forKey: .refusal)
        }
        try object.encode(rules, forKey: .rules)
    }
}

extension Explanation.Outcome {
    fileprivate init(_ outcome: consuming Decision.Outcome) {
        switch outcome {
        case .granted(var grant):
            let zone = grant.zone.name
            var candidates: [Explanation.Candidate] = []
            while let granted = grant.next() {
                candidates.append(Explanation.Candidate(zone: granted.zone.name, url: granted.endpoint.description))
            }
            self = .granted(zone: zone, endpoints: candidates)
        case .refused(let refusal):
            self.init(refusal)
        }
    }

    fileprivate init(_ refusal: Refusal) {
        self = .refused(
            Explanation.Denial(
                name: refusal.name.rawValue, status: refusal.status, closeCode: refusal.name.closeCode,
                sentence: refusal.sentence))
    }
}

extension Explanation.Step {
    fileprivate init(_ step: TrailStep) {
        rule = step.rule.rawValue
        statement = step.rule.statement
        finding = step.finding.rawValue
        sentence = step.sentence
    }
}
