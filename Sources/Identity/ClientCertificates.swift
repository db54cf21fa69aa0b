import Policy

/// The names of client certificates that prove tenants, of one policy version.
///
/// They say nothing of whether a certificate is to be believed: whoever asks has had it verified.
package struct ClientCertificates: Sendable {
    private let owners: [CertificateName: Owner]
    /// Names that two tenants claim.
    private let contested: Set<CertificateName>

    private struct Owner {
        let tenant: TenantName
        let name: String
    }

    /// The names of every tenant of `policy`.
    package init(of policy: PolicySnapshot) {
        var owners: [CertificateName: Owner] = [:]
        var contested: Set<CertificateName> = []
        for tenant in policy.tenants.values {
            for text in tenant.certificates {
                guard let name = CertificateName(text) else { continue }
                let former = owners.updateValue(Owner(tenant: tenant.name, name: text), forKey: name)
                if let former, former.tenant != tenant.name { contested.insert(name) }
            }
        }
        // The loader reports such a name; this is for policies built in code.
        self.contested = contested
        self.owners = owners
    }

    /// The tenant that a certificate with these names proves, and by which of them, as the policy file writes it: the first,
    /// in the order given. Names that belong to nobody do not count. A certificate whose names point to two tenants proves
    /// neither.
    package func owner(of names: [String]) -> (tenant: TenantName, name: String)? {
        var found: Owner?
        for name in names.lazy.compactMap(CertificateName.init) {
            guard let owner = owners[name] else { continue }
            guard !contested.contains(name), found.map({ $0.tenant == owner.tenant }) ?? true else { return nil }
            found = found ?? owner
        }
        return found.map { ($0.tenant, $0.name) }
    }
}
