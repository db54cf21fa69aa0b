import Glibc
import Timing

/// A value that several threads share, and on whose changes a thread can wait.
package final class Monitor<Value: Sendable>: @unchecked Sendable {
    // Unchecked: `value` is touched under `mutex` alone.
    private var value: Value
    /// A mutex and a condition must never move, so they have memory of their own.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    /// Shares `value`.
    package init(_ value: Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        changed = .allocate(capacity: 1)
        changed.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // Time limits must not move when somebody sets the machine's clock.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        changed.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` with the value, alone, and wakes those who wait for a change. It must be short.
    package func update<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
        }
        return body(&value)
    }

    /// A copy of the value.
    package var snapshot: Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return value
    }

    /// Waits until `attempt` finds something in the value, which it may take out, and returns that; nil when `limit` is
    /// over first. Blocks the calling thread, so never call it on a loop.
    package func wait<Found>(upTo limit: Duration, until attempt: (inout Value) -> Found?) -> Found? {
        var deadline = Self.time(after: limit)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let found = attempt(&value) { return found }
            if pthread_cond_timedwait(changed, mutex, &deadline) == ETIMEDOUT { return attempt(&value) }
        }
    }

    private static func time(after limit: Duration) -> timespec {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let nanoseconds = now.tv_nsec + Int(clamping: max(limit.wholeNanoseconds, 0) % 1_000_000_000)
        let seconds = Int(clamping: max(limit.wholeNanoseconds, 0) / 1_000_000_000)
        return timespec(
            tv_sec: now.tv_sec + seconds + nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
    }
}
