import Timing

/// What was begun in the last minute, against a bound: in no minute is there more than the bound admits.
///
/// It counts by the second, and a second counts until all of it is more than a minute ago. So its memory is fixed, nothing
/// is ever admitted too early, and what is refused comes back a second late at most. A bucket of tokens would give twice the
/// bound in a minute that begins with a full one.
///
/// A pure value: time is an argument.
package struct MinuteWindow: Equatable, Sendable {
    /// By second: the one of number `n` at `n % count`.
    private var counts = [UInt32](repeating: 0, count: seconds)
    /// The second counted in last.
    private var latest: UInt64 = 0
    private(set) var total = 0

    /// A minute, and the second that is under way.
    static let seconds = 61

    /// Nothing is used.
    package init() {}

    /// How long until another may begin under a bound of so many a minute; nil: it may now.
    package mutating func wait(within bound: Int, now: Instant) -> Duration? {
        advance(to: now)
        guard total >= bound else { return nil }
        // Those that must be more than a minute ago for one more to fit.
        var surplus = total - bound + 1
        for age in stride(from: Self.seconds - 1, through: 0, by: -1) where age <= latest {
            let second = latest - UInt64(age)
            surplus -= Int(counts[Self.place(of: second)])
            if surplus <= 0 { return Self.start(of: second + UInt64(Self.seconds)).duration(since: now) }
        }
        return .seconds(Self.seconds)
    }

    /// One begins.
    package mutating func add(now: Instant) {
        advance(to: now)
        let place = Self.place(of: latest)
        guard counts[place] < .max else { return }
        counts[place] += 1
        total += 1
    }

    /// One that was added a moment ago did not begin after all.
    package mutating func remove(now: Instant) {
        advance(to: now)
        for age in 0..<UInt64(Self.seconds) where age <= latest {
            let place = Self.place(of: latest - age)
            guard counts[place] > 0 else { continue }
            counts[place] -= 1
            total -= 1
            return
        }
    }

    /// Forgets what is more than a minute ago. A loop whose clock is behind another's counts in that one's second.
    private mutating func advance(to now: Instant) {
        let second = now.nanoseconds / 1_000_000_000
        guard second > latest else { return }
        for stale in (latest + 1...second).suffix(Self.seconds) {
            total -= Int(counts[Self.place(of: stale)])
            counts[Self.place(of: stale)] = 0
        }
        latest = second
    }

    private static func place(of second: UInt64) -> Int {
        Int(second % UInt64(seconds))
    }

    private static func start(of second: UInt64) -> Instant {
        let (nanoseconds, overflow) = second.multipliedReportingOverflow(by: 1_000_000_000)
        return Instant(nanoseconds: overflow ? .max : nanoseconds)
    }
}
