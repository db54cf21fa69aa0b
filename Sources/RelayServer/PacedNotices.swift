import Timing

/// When something that strangers can bring about is told in the log so that it is read: an operator must learn why clients
/// cannot connect, and a client that comes back every second must not fill the log. Of one loop.
struct PacedNotices<Reason: Hashable> {
    private var told: [Reason: Instant] = [:]

    /// Between two lines about one reason.
    static var pace: Duration { .seconds(60) }

    /// Whether it is time for a line about `reason`, which then counts as told.
    mutating func isDue(_ reason: Reason, now: Instant) -> Bool {
        if let last = told[reason], now < last + Self.pace { return false }
        told[reason] = now
        return true
    }
}
