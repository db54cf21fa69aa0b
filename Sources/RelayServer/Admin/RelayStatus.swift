import Policy
import Reactor

/// What is true of the whole process and belongs to no loop: told by whoever knows, read by the admin listener. Thread-safe.
package final class RelayStatus: Sendable {
    /// All of it at one moment.
    struct State: Sendable {
        /// What is in force.
        var snapshot: RelaySnapshot
        /// Since when this version of the policy is, in Unix time.
        var policySince: Double
        /// Unix time.
        var loadedAt: Double
        let startedAt: Double
        var reloads: [ReloadOutcome: Int] = [:]
        /// Why the version that was refused last was; nil once another is in force.
        var refusedReload: RefusedReload?
        var isDraining = false
        /// Where clients connect.
        var listeners: [BoundListener] = []
        var receipts: (@Sendable () -> ReceiptCounts)?
        var isUsable: (@Sendable (Endpoint) -> Bool)?
        var endpoints: (@Sendable () -> [EndpointHealth.Status])?
        var keySets: (@Sendable () -> [String: KeySetCount])?
        var sessions: (@Sendable () -> Int)?
        var sharedState: (@Sendable () -> SharedStateCounts?)?
        var spans: (@Sendable () -> SpanCounts)?

        var policy: PolicySnapshot { snapshot.policy }
    }

    /// Where clients connect.
    struct BoundListener: Equatable, Sendable {
        let address: SocketAddress
        let isSecure: Bool
    }

    /// A changed configuration that was not put in force.
    struct RefusedReload: Equatable, Sendable {
        /// Unix time.
        let time: Double
        /// Sentences; the first of them.
        let faults: [String]
    }

    private let state: Lock<State>

    /// A process that runs by `snapshot` from now on.
    init(_ snapshot: RelaySnapshot) {
        let now = WallClock.seconds()
        state = Lock(State(snapshot: snapshot, policySince: now, loadedAt: now, startedAt: now))
    }

    var current: State { state.withLock { $0 } }

    /// A changed configuration is in force.
    func reloaded(_ snapshot: RelaySnapshot) {
        let now = WallClock.seconds()
        state.withLock {
            if snapshot.policy.version != $0.policy.version { $0.policySince = now }
            $0.snapshot = snapshot
            $0.loadedAt = now
            $0.refusedReload = nil
            $0.reloads[.applied, default: 0] += 1
        }
    }

    /// A changed configuration was refused; the one in force stays.
    package func reloadRefused(_ faults: [String] = []) {
        let refused = RefusedReload(time: WallClock.seconds(), faults: Array(faults.prefix(Self.maxFaults)))
        state.withLock {
            $0.reloads[.refused, default: 0] += 1
            $0.refusedReload = refused
        }
    }

    /// One wrong indent can make hundreds.
    private static let maxFaults = 20

    /// Nobody new is let in any more.
    package func drains() {
        state.withLock { $0.isDraining = true }
    }

    /// Clients connect here from now on.
    func listens(at listeners: [BoundListener]) {
        state.withLock { $0.listeners = listeners }
    }

    /// Who is asked for receipts' counts; any thread may ask.
    package func countReceipts(with counts: @escaping @Sendable () -> ReceiptCounts) {
        state.withLock { $0.receipts = counts }
    }

    /// Who is asked how what is shared has answered; any thread may ask.
    func countSharedState(with counts: @escaping @Sendable () -> SharedStateCounts?) {
        state.withLock { $0.sharedState = counts }
    }

    /// Who is asked how identity providers gave their keys, by issuer; any thread may ask.
    func countKeySets(with counts: @escaping @Sendable () -> [String: KeySetCount]) {
        state.withLock { $0.keySets = counts }
    }

    /// Who is asked how many sessions hold a place; any thread may ask.
    func countSessions(with count: @escaping @Sendable () -> Int) {
        state.withLock { $0.sessions = count }
    }

    /// Who is asked what became of spans; any thread may ask.
    func countSpans(with counts: @escaping @Sendable () -> SpanCounts) {
        state.withLock { $0.spans = counts }
    }

    /// Who knows what became of the endpoints' dials; any thread may ask.
    func watchEndpoints(with states: @escaping @Sendable () -> [EndpointHealth.Status]) {
        state.withLock { $0.endpoints = states }
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
    /// New sessions are refused because of it.
    package var isRefusing: Bool
    /// Refusals that are only counted in the file.
    package var givenUp: Int
    /// Attempts that the file refused.
    package var failures: Int

    package init(
        written: Int, waiting: Int, isUnwritable: Bool, isRefusing: Bool = false, givenUp: Int = 0, failures: Int = 0
    ) {
        self.written = written
        self.waiting = waiting
        self.isUnwritable = isUnwritable
        self.isRefusing = isRefusing
        self.givenUp = givenUp
        self.failures = failures
    }
}
