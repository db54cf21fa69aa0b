import Policy
import Synchronization

/// The sessions this process has admitted, against the relay's limit. Thread-safe.
final class SessionCount: Sendable {
    private let limit: Atomic<Int>
    private let count = Atomic(0)

    init(limit: Int) {
        self.limit = Atomic(limit)
    }

    /// Those that are in may stay, however many they are.
    func changeLimit(to limit: Int) {
        self.limit.store(limit, ordering: .relaxed)
    }

    /// Counts one more session, unless the limit is reached. Whoever is admitted calls `leave` once.
    func enter() -> Admission {
        let limit = limit.load(ordering: .relaxed)
        let before = count.add(1, ordering: .relaxed).oldValue
        guard before < limit else {
            leave()
            return .over(.relaySessions, what: "\(limit) sessions at this relay", retryAfter: .seconds(5))
        }
        return .admitted
    }

    func leave() {
        count.subtract(1, ordering: .relaxed)
    }

    /// The sessions admitted now.
    var current: Int { count.load(ordering: .relaxed) }
}
