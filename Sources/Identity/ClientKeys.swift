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

    /// Whom a credential proves.
    package func identify(_ credential: Credential?) -> Identification {
        guard let credential else { return Identification(.missing) }
        switch credential.place {
        case .authorization:
            let digest = credential.withText { Digest.sha256([UInt8]($0.utf8)) }
            return digest.map(identify(digest:)) ?? Identification(.unknown)
        // URLs end up in logs, so a client key is refused in one even if it is right. Session tokens are not accepted
        // yet, nor are client certificates.
        case .tokenParameter, .subprotocol, .certificate:
            return Identification(.unknown)
        }
    }

    /// Whom a credential proves now that proved a tenant before.
    package func identifyAgain(_ proof: CredentialProof) -> Identification {
        identify(digest: proof.sha256)
    }

    private func identify(digest: [UInt8]) -> Identification {
        guard let owner = owners[digest] else { return Identification(.unknown) }
        return Identification(
            .tenant(owner.tenant), by: CredentialProof(kind: .clientKey, name: owner.keyName, sha256: digest))
    }
}

/// What came of looking at a request's credential, and what it was, for receipts.
package struct Identification: Equatable, Sendable {
    /// Whom the credential proves, or why nobody.
    package let outcome: IdentityOutcome
    /// What proved the tenant; `nil` when nothing did.
    package let proof: CredentialProof?

    init(_ outcome: IdentityOutcome, by proof: CredentialProof? = nil) {
        self.outcome = outcome
        self.proof = proof
    }
}
