/// The pages that may connect for some tenant: asked where a request does not say whose it is.
///
/// A look-up, however many tenants there are: whoever asks has proved nothing yet.
package struct OriginSet: Sendable {
    private let patterns: Set<OriginPattern>

    /// The origins of every tenant of `policy`.
    package init(of policy: PolicySnapshot) {
        patterns = Set(policy.tenants.values.flatMap(\.origins))
    }

    /// Whether pages of `origin` are some tenant's.
    package func contains(_ origin: Origin) -> Bool {
        OriginPattern.meaning(origin).contains(where: patterns.contains)
    }
}
