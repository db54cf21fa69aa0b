/// What can refuse a session, or end one, because there is only so much of it: a closed list, and the same word in the log,
/// in metrics and in receipts.
package enum Limit: String, CaseIterable, Sendable {
    /// Sessions of the whole relay at once.
    case relaySessions = "relay-sessions"
    /// Connections from one address at once.
    case connections = "connections-per-address"
    /// Sessions of a tenant at once.
    case sessions
    /// Sessions of a tenant begun in a minute.
    case newSessions = "new-sessions-per-minute"
    /// How fast a session's audio may come. Slows its client down, and ends nothing.
    case audioRate = "audio-rate"
    /// A tenant's audio in a day.
    case audioHours = "audio-hours-per-day"
    /// How long a session may last.
    case sessionTime = "session"
    /// What several relays share cannot be asked, or does not know yet what they hold.
    case sharedState = "shared-state"
    /// Receipts cannot be written, and nobody is let in without one.
    case receipts
    /// Session tokens minted in a minute; see `MintLimits`.
    case minting
    /// Refusals told in full; see `RefusalLimits`.
    case refusals
}
