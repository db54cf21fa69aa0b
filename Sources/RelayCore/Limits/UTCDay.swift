/// A day of the calendar, in UTC: what daily limits are counted by. The same everywhere, and 24 hours long every time.
package struct UTCDay: Hashable, Comparable, Sendable {
    /// Days since 1 January 1970; never less than 0.
    package let number: Int

    /// Seconds in a day: Unix time has no leap seconds (POSIX.1-2017, 4.16).
    package static let seconds = 86_400

    package init(number: Int) {
        self.number = number
    }

    /// The day of a moment in Unix time; the first for one that no clock shows.
    package init(at unixSeconds: Double) {
        number = Int(exactly: (unixSeconds / Double(Self.seconds)).rounded(.down)).map { max(0, $0) } ?? 0
    }

    package static func < (left: UTCDay, right: UTCDay) -> Bool {
        left.number < right.number
    }

    /// From a moment of the day, in Unix time, to its end. At least a second, and a day at most.
    package func rest(after unixSeconds: Double) -> Duration {
        let end = Double(number + 1) * Double(Self.seconds)
        return .seconds(min(max(1, end - unixSeconds), Double(Self.seconds)))
    }
}
