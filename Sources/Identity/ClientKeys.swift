import Crypto
import Policy

/// The client keys of one policy version, by their hashes.
///
/// A presented key is digested first and looked up by digest, so the time a look-up takes tells nothing about any key.
package struct ClientKeys: Sendable {
    private let owners: [[UInt8]: Owner]

    private struct Owner: Equatable {
        let tenant: TenantName
        let keyName: String
    }

    /// The keys of every tenant of `policy`.
    package init(of policy: PolicySnapshot) {
        var owners: [[UInt8]: Owner] = [:]
        var contested: Set<[UInt8]> = []
        for tenant in policy.tenants.values {
            for key in tenant.keys {
                let former = owners.updateValue(Owner(tenant: tenant.name, keyName: key.name), forKey: key.sha256)
                if let former, former.tenant != tenant.name { contested.insert(key.sha256) }
            }
        }
        // A key that two tenants claim proves neither. The loader reports it; this is for policies built in code.
        self.owners = owners.filter { !contested.contains($0.key) }
    }

    /// Whose key this is, and what the policy file calls it.
    package func owner(of text: String) -> (tenant: TenantName, key: ClientKeyHash)? {
        owner(sha256: Digest.sha256([UInt8](text.utf8)))
    }

    /// As for the text, by its digest: 32 bytes.
    package func owner(sha256: [UInt8]) -> (tenant: TenantName, key: ClientKeyHash)? {
        owners[sha256].map { ($0.tenant, ClientKeyHash(name: $0.keyName, sha256: sha256)) }
    }
}
