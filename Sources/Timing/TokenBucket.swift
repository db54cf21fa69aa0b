/// A bucket of tokens that come back one by one, as a single number: when it is full again. That is the "theoretical arrival
/// time" of the generic cell rate algorithm (ITU-T I.371, annex A). Time is an argument.
package struct TokenBucket: Equatable, Sendable {
    private var fullAt = Instant(nanoseconds: 0)

    /// How much a bucket holds, and how fast it fills.
    package struct Rule: Equatable, Sendable {
        /// Tokens in a full bucket; at least one.
        package let size: Int
        /// From one token that comes back to the next.
        package let interval: Duration

        /// - Parameter size: less than one is one, for a bucket without tokens would never give any.
        package init(size: Int, interval: Duration) {
            self.size = max(1, size)
            self.interval = interval
        }
    }

    /// A full one.
    package init() {}

    /// How long until it holds a token; nil when it does now.
    package func wait(by rule: Rule, now: Instant) -> Duration? {
        let wait = fullAt.duration(since: now) - rule.interval * (rule.size - 1)
        return wait > .zero ? wait : nil
    }

    /// Takes tokens, whether they are there or not.
    package mutating func take(_ tokens: Int = 1, by rule: Rule, now: Instant) {
        fullAt = max(fullAt, now) + rule.interval * tokens
    }

    /// Whether it is full earlier than another.
    package func isFuller(than other: TokenBucket) -> Bool {
        fullAt < other.fullAt
    }
}
