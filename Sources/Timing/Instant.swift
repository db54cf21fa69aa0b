/// A moment on the monotonic clock, in nanoseconds since an origin that means nothing by itself.
///
/// Pure code is handed instants and never asks for one; only `Reactor` reads the clock.
package struct Instant: Comparable, Hashable, Sendable {
    /// Since the clock's origin.
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    package static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The moment `duration` later. Saturates at both ends of the range instead of trapping.
    package static func + (instant: Instant, duration: Duration) -> Instant {
        let step = duration.wholeNanoseconds
        let (sum, overflow) =
            step >= 0
            ? instant.nanoseconds.addingReportingOverflow(UInt64(step))
            : instant.nanoseconds.subtractingReportingOverflow(step.magnitude)
        guard overflow else { return Instant(nanoseconds: sum) }
        return Instant(nanoseconds: step >= 0 ? .max : 0)
    }

    /// The time from `earlier` to this moment; zero when `earlier` is in fact later.
    package func duration(since earlier: Instant) -> Duration {
        guard self > earlier else { return .zero }
        return .nanoseconds(Int64(clamping: nanoseconds - earlier.nanoseconds))
    }
}

extension Duration {
    /// The duration in whole nanoseconds, clamped to what 64 bits hold (292 years).
    package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds > 0 ? .max : .min }
        let (sum, overflowed) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflowed ? (seconds > 0 ? .max : .min) : sum
    }
}
