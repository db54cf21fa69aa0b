import Reactor
import Synchronization

/// How many clients may be here at once, so that each of them can become a session: two descriptors, its client's and its
/// provider's. Shared by all loops; thread-safe.
///
/// Without it clients that never come to the point could take every descriptor, and sessions could not be dialled, files not
/// read, and operators not heard. Whoever comes beyond it waits in the kernel.
final class DescriptorBudget: Sendable {
    private let occupants = Atomic(0)
    private let limit: @Sendable () -> UInt64

    /// Listeners, loops, names being looked up, the log, the files of a reload.
    private static let reserve: UInt64 = 100

    /// - Parameter limit: what the process may have open; asked each time, for it can be changed from outside.
    init(limit: @escaping @Sendable () -> UInt64 = { DescriptorLimit.current }) {
        self.limit = limit
    }

    /// A client has come, or become a session. Whoever calls this calls `leave` once.
    func enter() {
        occupants.add(1, ordering: .relaxed)
    }

    func leave() {
        occupants.subtract(1, ordering: .relaxed)
    }

    /// Whether another client can be served.
    var hasRoom: Bool {
        let limit = limit()
        let places = (limit - min(limit / 4, Self.reserve)) / 2
        return occupants.load(ordering: .relaxed) < Int(clamping: places)
    }
}
