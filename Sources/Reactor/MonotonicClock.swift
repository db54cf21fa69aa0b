import Glibc
import Timing

/// The clock that never jumps: the only place where an `Instant` comes from.
package enum MonotonicClock {
    /// This moment, by CLOCK_MONOTONIC. On a loop ask `EventLoop.now` instead, which costs nothing.
    package static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec))
    }
}
