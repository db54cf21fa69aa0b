import Policy
import Timing

/// How many session tokens are minted: for one credential, and for one tenant with whatever credentials. Beyond that the
/// answer is `limit`.
///
/// A pure value: time is an argument. Whoever shares it guards it. Its memory is fixed (`TokenBuckets`).
package struct MintLimits: Sendable {
    private let rules: Rules
    private var parties = TokenBuckets(widthBits: 12)

    package init(_ rules: Rules = Rules()) {
        self.rules = rules
    }

    /// What is counted.
    private enum Bound: Hashable {
        case credential
        case tenant
    }

    /// Takes one token of the tenant's and one of the credential's, or none.
    ///
    /// - Returns: which limit is reached; nil: none was.
    package mutating func take(for tenant: TenantName, showing credential: some Hashable, now: Instant) -> Admission {
        let owner = TokenBuckets.Party(Bound.tenant, tenant)
        let bearer = TokenBuckets.Party(Bound.credential, credential)
        if let wait = parties.wait(of: bearer, by: rules.credential, now: now) {
            return .over(
                .minting, what: "\(rules.credential.size) tokens a minute for one credential", retryAfter: wait)
        }
        if let wait = parties.wait(of: owner, by: rules.tenant, now: now) {
            return .over(.minting, what: "\(rules.tenant.size) tokens a minute for tenant \(tenant)", retryAfter: wait)
        }
        parties.take(of: bearer, by: rules.credential, now: now)
        parties.take(of: owner, by: rules.tenant, now: now)
        return .admitted
    }
}

extension MintLimits {
    /// How many tokens are minted.
    package struct Rules: Equatable, Sendable {
        /// For one credential.
        package var credential: TokenBucket.Rule
        /// For one tenant.
        package var tenant: TokenBucket.Rule

        /// At once, and again within a minute. A tenant that fills a relay, and whose clients all come back at once after a
        /// restart, mints less; who has stolen a credential cannot fill logs and memory with more.
        package init(credential: Int = 6000, tenant: Int = 12_000) {
            self.credential = TokenBucket.Rule(size: credential, interval: .seconds(60) / max(1, credential))
            self.tenant = TokenBucket.Rule(size: tenant, interval: .seconds(60) / max(1, tenant))
        }
    }
}
