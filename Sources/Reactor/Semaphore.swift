import Glibc
import Timing

/// A counting semaphore whose time limits do not move when somebody sets the machine's clock, as Dispatch's do on Linux: there
/// a wait of a second lasts an hour more when the clock is set an hour back. Thread-safe.
package final class Semaphore: @unchecked Sendable {
    // Unchecked: `count` is touched under `mutex` alone.
    private var count = 0
    /// A mutex and a condition must never move, so they have memory of their own.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let raised: UnsafeMutablePointer<pthread_cond_t>

    /// Nothing has been signalled.
    package init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        raised = .allocate(capacity: 1)
        raised.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(raised, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(raised)
        raised.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Lets one go on who waits, now or later.
    package func signal() {
        pthread_mutex_lock(mutex)
        count += 1
        pthread_cond_signal(raised)
        pthread_mutex_unlock(mutex)
    }

    /// Waits for a signal. Blocks the calling thread, so never call it on a loop.
    package func wait() {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while count == 0 { pthread_cond_wait(raised, mutex) }
        count -= 1
    }

    /// Waits for a signal, and no longer than `limit`. Returns whether there was one.
    package func wait(upTo limit: Duration) -> Bool {
        let end = (MonotonicClock.now() + limit).nanoseconds
        var deadline = timespec(tv_sec: Int(clamping: end / 1_000_000_000), tv_nsec: Int(clamping: end % 1_000_000_000))
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while count == 0 {
            // Whatever else it says, the count decides: nobody may wait for ever here.
            if pthread_cond_timedwait(raised, mutex, &deadline) != 0, count == 0 { return false }
        }
        count -= 1
        return true
    }
}
