import Policy

/// The tenants of one policy version that tokens prove, by what a token has to say.
package struct TenantClaims: Sendable {
    private let rules: [Key: [Rule]]

    /// Texts as bytes: two that only look the same are two.
    private struct Key: Hashable {
        let claim: [UInt8]
        let value: [UInt8]

        init(_ claim: TenantClaim) {
            self.claim = Array(claim.claim.utf8)
            value = Array(claim.value.utf8)
        }
    }

    private struct Rule {
        let tenant: TenantName
        let issuer: String?
    }

    /// The claims of every tenant of `policy`.
    package init(of policy: PolicySnapshot) {
        var rules: [Key: [Rule]] = [:]
        for tenant in policy.tenants.values {
            guard let jwt = tenant.jwt else { continue }
            rules[Key(jwt.claim), default: []].append(Rule(tenant: tenant.name, issuer: jwt.issuer))
        }
        self.rules = rules
    }

    /// The tenant that `claim` proves when `issuer` says so. A claim that two tenants have proves neither: the loader reports
    /// it; this is for policies built in code.
    package func owner(of claim: TenantClaim, from issuer: String) -> TenantName? {
        let heard = (rules[Key(claim)] ?? []).filter { $0.issuer.map { $0.isSameText(as: issuer) } ?? true }
        return heard.count == 1 ? heard.first?.tenant : nil
    }
}
