import Policy
import Synchronization

/// The sessions this process has admitted, against the relay's limit. Thread-safe.
final class SessionCount: Sendable {
    private let limit: Int
    private let count = Atomic(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Counts one more session, unless the limit is reached. Whoever is admitted calls `leave` once.
    func enter() -> Admission {
        let before = count.add(1, ordering: .relaxed).oldValue
        guard before < limit else {
            leave()
            return .over(what: "\(limit) sessions at this relay", retryAfter: .seconds(5))
        }
        return .admitted
    }

    func leave() {
        count.subtract(1, ordering: .relaxed)
    }

    /// The sessions admitted now.
    var current: Int { count.load(ordering: .relaxed) }
}
