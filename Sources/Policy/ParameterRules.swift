/// What policy does to the query of a session. Two of them bind each session: the operators', of the whole relay, and
/// its tenant's, compliance's.
package struct ParameterRules: Equatable, Sendable {
    /// The names a client may send; `nil`: any.
    package var allow: Set<ParameterName>?
    /// Values that replace the client's, by name.
    package var force: [ParameterName: String]

    package init(allow: Set<ParameterName>? = nil, force: [ParameterName: String] = [:]) {
        self.allow = allow
        self.force = force
    }

    /// Whether a client may send it. `any` admits every name.
    fileprivate func admits(_ name: ParameterName) -> Bool {
        allow?.contains(name) ?? true
    }

    /// Whether whoever wrote the rules wrote this name. `any` names nothing.
    package func names(_ name: ParameterName) -> Bool {
        force[name] != nil || allow?.contains(name) ?? false
    }
}

extension ParameterName {
    /// The provider's parameters that carry transcripts or audio out of the zone that hears them (the provider's contract,
    /// sections 5.5, 5.6 and 13): to a host of the client's choice, to a language model that may be elsewhere, or into
    /// recordings kept for support.
    package static let egress: [ParameterName] = [
        "webhook_url", "webhook_auth_header_name", "webhook_auth_header_value", "llm_gateway",
        "customer_support_audio_capture", "_customer_support_audio_capture",
    ]
}

/// What becomes of the parameters of one tenant's sessions: the relay's rules, the tenant's and its residency together.
package struct SessionParameters: Sendable {
    private let relay: ParameterRules
    private let tenant: Tenant

    init(of tenant: Tenant, under policy: PolicySnapshot) {
        relay = policy.parameters
        self.tenant = tenant
    }

    /// What becomes of one parameter.
    package enum Fate: Hashable, Sendable {
        /// It reaches the provider as the client sent it.
        case passes
        /// Policy's value reaches the provider, whatever the client sends.
        case set(String)
        /// A request that has it is refused.
        case refused(Reason)
    }

    /// Why a parameter is refused.
    package enum Reason: Hashable, Sendable {
        /// It is not on the relay's list.
        case relay
        /// It is not on the tenant's list.
        case tenant
        /// It can carry data out of the tenant's residency, and the tenant's own rules do not name it.
        case egress
    }

    /// The first of these that applies. A name that policy sets need not be allowed: the client's value is replaced in
    /// silence. The tenant's value wins over the relay's, and only compliance can let data leave a residency.
    package func fate(of name: ParameterName) -> Fate {
        if name.isOwn { return .passes }
        if let value = tenant.parameters.force[name] { return .set(value) }
        if carriesOut(name) { return .refused(.egress) }
        if let value = relay.force[name] { return .set(value) }
        guard relay.admits(name) else { return .refused(.relay) }
        guard tenant.parameters.admits(name) else { return .refused(.tenant) }
        return .passes
    }

    /// Whether data would leave a residency that makes a promise, and compliance has not said that it may.
    private func carriesOut(_ name: ParameterName) -> Bool {
        ParameterName.egress.contains(name) && !tenant.residency.admitsEverySite && !tenant.parameters.names(name)
    }

    /// What policy sets, in the order of the names. Under a policy that lets the tenant's sessions be.
    package var forced: [(name: ParameterName, value: String)] {
        names.compactMap { name in
            guard case .set(let value) = fate(of: name) else { return nil }
            return (name, value)
        }
    }

    /// Everything that policy sets or tries to, in the order of the names.
    private var names: [ParameterName] {
        Set(relay.force.keys).union(tenant.parameters.force.keys).sorted()
    }

    /// The refusal of a request whose query has these names; `nil`: it may go on. What the relay itself would add is judged
    /// with them, so that operators cannot send a tenant's data where compliance does not.
    package func refusal(of sent: [ParameterName]) -> Refusal? {
        for name in sent {
            if case .refused(let reason) = fate(of: name) { return Refusal(.badRequest, sentence(name, reason)) }
        }
        for name in names {
            guard case .refused = fate(of: name) else { continue }
            return Refusal(
                .badRequest,
                "This relay sets the parameter \(name), which can carry data out of \(tenant.residency); the rules of "
                    + "tenant \(tenant.name) must name it first.")
        }
        return nil
    }

    private func sentence(_ name: ParameterName, _ reason: Reason) -> String {
        let what = name.isPlain ? "The parameter \(name)" : "A parameter of the query"
        return switch reason {
        case .relay: "\(what) is not among those that this relay takes. Leave it out."
        case .tenant: "\(what) is not among those that tenant \(tenant.name) may send. Leave it out."
        case .egress:
            "\(what) can carry data out of \(tenant.residency). Leave it out, unless the rules of tenant "
                + "\(tenant.name) come to name it."
        }
    }
}

extension PolicySnapshot {
    /// What becomes of the parameters of a tenant's sessions; `nil` for a tenant that is not in this policy.
    package func parameters(of tenant: TenantName) -> SessionParameters? {
        tenants[tenant].map { SessionParameters(of: $0, under: self) }
    }
}
