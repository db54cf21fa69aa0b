import Glibc

/// A value that several threads share, one at a time.
///
/// It stands on a pthread mutex because the race detector cannot see into the standard library's `Mutex` and reports
/// races that are none.
package final class Lock<Value: ~Copyable & Sendable>: @unchecked Sendable {
    // Unchecked: `value` is touched in `withLock` alone, under `mutex`.
    private var value: Value
    /// A mutex must never move, so it has memory of its own.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    /// Guards `value`.
    package init(_ value: consuming Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
    }

    /// Runs `body` with the value, alone. It must be short, and must neither wait nor take the same lock again.
    package func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deinitialize(count: 1)
        mutex.deallocate()
    }
}
