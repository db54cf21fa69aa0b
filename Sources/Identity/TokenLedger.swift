import Policy

/// Which credentials that open one session have opened it, who is trying, and how often it was tried.
///
/// An official client that finds an attempt too slow comes back with the same token, so a newer attempt takes the place of
/// an older one, and a token is spent by whoever has it when the provider's session begins. A value: whoever shares it
/// between threads guards it.
package struct TokenLedger: Sendable {
    /// Tells the attempt that a newer one has taken its place.
    package typealias Notice = @Sendable () -> Void

    private struct Entry: Sendable {
        let expires: Int
        /// Each may have cost a dial.
        var attempts = 0
        var isSpent = false
        /// Who tries now: a session, which is told when another takes its place.
        var holder: (session: String, notice: Notice)?
    }

    private var entries: [[UInt8]: Entry] = [:]
    /// Entries at which those are dropped that cannot be used any more, so that their number follows that of live tokens.
    private var sweepAt = TokenLedger.firstSweep

    private static let firstSweep = 1024

    /// Attempts that a token may make. The most persistent of known clients comes back 32 times, official SDKs three times.
    package static let maxAttempts = 33

    /// Nothing is spent, and nobody tries.
    package init() {}

    /// Why the token opens no session any more; nil: it may.
    ///
    /// - Parameters:
    ///   - unixSeconds: the time of day.
    ///   - uptime: for how long this ledger has remembered. What is older may have opened a session that nobody remembers.
    ///     The token's age is counted back from now, so that a clock that was set meanwhile does no harm.
    package func objection(to token: OneTime, at unixSeconds: Double, uptime: Duration) -> IdentityOutcome? {
        let age = unixSeconds - Double(token.issued) / 1000
        if age > uptime / .seconds(1) { return .unremembered }
        guard let entry = entries[token.id] else { return nil }
        if entry.isSpent { return .spent }
        return entry.attempts < Self.maxAttempts ? nil : .exhausted
    }

    /// A session tries to begin with the token. False when it is spent; otherwise the session has it until it gives it up,
    /// or `notice` tells it that it has lost it.
    package mutating func attempt(
        _ token: OneTime, by session: String, at unixSeconds: Double, _ notice: @escaping Notice
    )
        -> Bool
    {
        sweep(at: unixSeconds)
        var entry = entries[token.id] ?? Entry(expires: token.expires)
        guard !entry.isSpent else { return false }
        entry.holder?.notice()
        entry.holder = (session, notice)
        entry.attempts += 1
        entries[token.id] = entry
        return true
    }

    /// The provider's session has begun. False when another session has taken the token's attempt, or has begun with it.
    package mutating func spend(_ token: OneTime, by session: String) -> Bool {
        guard entries[token.id]?.holder?.session == session else { return false }
        entries[token.id]?.holder = nil
        entries[token.id]?.isSpent = true
        return true
    }

    /// The session ended; if it had not begun, the token may be tried again.
    package mutating func giveUp(_ token: OneTime, by session: String) {
        guard entries[token.id]?.holder?.session == session else { return }
        entries[token.id]?.holder = nil
    }

    /// How many are remembered.
    package var count: Int { entries.count }

    /// How far the time of day may go ahead of itself and come back without a token being good twice. Daemons that set clocks
    /// give up on larger leaps (ntpd's panic threshold: 1000 s).
    package static let clockLeap = 3600

    /// A token is remembered for as long as it could be shown again, or somebody tries with it.
    private mutating func sweep(at unixSeconds: Double) {
        guard entries.count >= sweepAt else { return }
        entries = entries.filter { $1.holder != nil || Double($1.expires) + Double(Self.clockLeap) >= unixSeconds }
        sweepAt = max(Self.firstSweep, 2 * entries.count)
    }
}
