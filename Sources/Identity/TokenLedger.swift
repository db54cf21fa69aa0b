/// Which credentials that open one session have opened it, and who is trying.
///
/// An official client that finds an attempt too slow comes back with the same token, so a newer attempt takes the place of
/// an older one, and a token is spent by whoever has it when the provider's session begins. A value: whoever shares it
/// between threads guards it.
package struct TokenLedger: Sendable {
    /// Tells the attempt that a newer one has taken its place.
    package typealias Notice = @Sendable () -> Void

    private enum Entry: Sendable {
        /// By a session, which is told when another takes its place.
        case attempted(session: String, Notice)
        case spent(expires: Int)
    }

    private var entries: [[UInt8]: Entry] = [:]
    /// Entries at which those are dropped that cannot be used any more, so that their number follows that of live tokens.
    private var sweepAt = TokenLedger.firstSweep

    private static let firstSweep = 1024

    /// Nothing is spent, and nobody tries.
    package init() {}

    /// A session tries to begin with the token. False when it is spent; otherwise the session has it until it gives it up,
    /// or `notice` tells it that it has lost it.
    package mutating func attempt(
        _ token: OneTime, by session: String, at unixSeconds: Double, _ notice: @escaping Notice
    )
        -> Bool
    {
        switch entries[token.id] {
        case .spent: return false
        case .attempted(_, let tellOther): tellOther()
        case nil: sweep(at: unixSeconds)
        }
        entries[token.id] = .attempted(session: session, notice)
        return true
    }

    /// The provider's session has begun. False when another session has taken the token's attempt, or has begun with it.
    package mutating func spend(_ token: OneTime, by session: String) -> Bool {
        guard case .attempted(session, _) = entries[token.id] else { return false }
        entries[token.id] = .spent(expires: token.expires)
        return true
    }

    /// The session ended; if it had not begun, the token may be used again.
    package mutating func giveUp(_ token: OneTime, by session: String) {
        guard case .attempted(session, _) = entries[token.id] else { return }
        entries[token.id] = nil
    }

    /// Whether a session has begun with the token.
    package func isSpent(_ token: OneTime) -> Bool {
        if case .spent = entries[token.id] { true } else { false }
    }

    /// How many are remembered.
    package var count: Int { entries.count }

    /// A spent token is remembered for as long as it could be shown again.
    private mutating func sweep(at unixSeconds: Double) {
        guard entries.count >= sweepAt else { return }
        entries = entries.filter { _, entry in
            if case .spent(let expires) = entry { Double(expires) >= unixSeconds } else { true }
        }
        sweepAt = max(Self.firstSweep, 2 * entries.count)
    }
}
