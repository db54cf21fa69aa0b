import JSON
import RelayCore

/// Ends sessions for an operator: those of a tenant, or what a filter leaves of them. Whoever asks twice ends nobody twice.
/// Belongs to the admin loop.
final class SessionDismissal {
    private let filter: SessionFilter
    private let finish: (SessionWalk<Int>.Outcome, Int) -> Void
    private var ended = 0

    /// Sessions of all loops together that are ended at a time. An end costs as much as a few messages, and the frames of the
    /// other sessions wait meanwhile.
    private static let slice = 32

    /// - Parameter finish: told how many there were to end.
    init(_ filter: SessionFilter, _ finish: @escaping (SessionWalk<Int>.Outcome, Int) -> Void) {
        self.filter = filter
        self.finish = finish
    }

    func start(at desk: AdminDesk) {
        let filter = filter
        let walk = SessionWalk<Int>(
            desk, slice: Self.slice, asking: { worker, ids in worker.dismiss(ids, filter) },
            take: { [self] in
                ended += $0.reduce(0, +)
                return true
            },
            finish: { [self] in finish($0, ended) })
        walk.start()
    }
}
