import Policy
import Reactor

/// What is true of the whole process and belongs to no loop: told by whoever knows, read by the admin listener. Thread-safe.
package final class RelayStatus: Sendable {
    /// All of it at one moment.
    struct State: Sendable {
        var policy: PolicySnapshot
        var isDraining = false
        var reloads: [ReloadOutcome: Int] = [:]
        /// Unix time, in seconds.
        var loadedAt: Double
        var receipts: (@Sendable () -> ReceiptCounts)?
        var isUsable: (@Sendable (Endpoint) -> Bool)?
        var keySets: (@Sendable () -> [String: KeySetCount])?
    }

    private let state: Lock<State>

    /// A process that runs by `policy` from now on.
    init(_ policy: PolicySnapshot) {
        state = Lock(State(policy: policy, loadedAt: WallClock.seconds()))
    }

    var current: State { state.withLock { $0 } }

    /// A changed configuration is in force.
    package func reloaded(_ policy: PolicySnapshot) {
        let now = WallClock.seconds()
        state.withLock {
            $0.policy = policy
            $0.loadedAt = now
            $0.reloads[.applied, default: 0] += 1
        }
    }

    /// A changed configuration was refused; the one in force stays.
    package func reloadRefused() {
        state.withLock { $0.reloads[.refused, default: 0] += 1 }
    }

    /// Nobody new is let in any more.
    package func drains() {
        state.withLock { $0.isDraining = true }
    }

    /// Who is asked for receipts' counts; any thread may ask.
    package func countReceipts(with counts: @escaping @Sendable () -> ReceiptCounts) {
        state.withLock { $0.receipts = counts }
    }

    /// Who is asked how identity providers gave their keys, by issuer; any thread may ask.
    func countKeySets(with counts: @escaping @Sendable () -> [String: KeySetCount]) {
        state.withLock { $0.keySets = counts }
    }

    /// Who knows whether an endpoint is dialled now; any thread may ask. Without it all endpoints count as usable.
    package func judgeEndpoints(with isUsable: @escaping @Sendable (Endpoint) -> Bool) {
        state.withLock { $0.isUsable = isUsable }
    }
}

/// What became of a changed configuration.
enum ReloadOutcome: String, CaseIterable, Sendable {
    case applied
    case refused
}

/// How the receipts stand.
package struct ReceiptCounts: Equatable, Sendable {
    /// In the file, since the process began.
    package var written: Int
    /// On their way to it.
    package var waiting: Int
    /// The file cannot be written.
    package var isUnwritable: Bool

    package init(written: Int, waiting: Int, isUnwritable: Bool) {
        self.written = written
        self.waiting = waiting
        self.isUnwritable = isUnwritable
    }
}
