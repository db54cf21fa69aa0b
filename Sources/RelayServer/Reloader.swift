import Configuration
import Dispatch
import Policy
import Reactor
import Telemetry

/// Puts changed files in force, whole or not at all: a faulty new version is logged and counted, and the running one stays.
///
/// It reads and builds on a thread of its own, one version at a time; requests that come meanwhile are one more.
/// Thread-safe.
package final class Reloader: Sendable {
    /// What became of the versions read so far.
    package struct Counts: Equatable, Sendable {
        /// Put in force.
        package var applied = 0
        /// Refused as faulty.
        package var refused = 0
    }

    private struct State {
        var isRequested = false
        var isStopped = false
        var counts = Counts()
    }

    private let load: @Sendable () -> LoadResult
    private let environment: [String: String]
    private let cores: Int
    private let server: RelayServer
    private let log: Log
    private let onRead: @Sendable (LoadResult) -> Void
    private let state = Lock(State())
    private let wakeup = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - load: reads the configuration anew.
    ///   - environment: where `{env: NAME}` is looked up.
    ///   - cores: as for the first snapshot.
    ///   - onRead: hears of everything that was read, faulty or not, before it is put in force.
    package init(
        of server: RelayServer, environment: [String: String], cores: Int, log: Log,
        load: @escaping @Sendable () -> LoadResult, onRead: @escaping @Sendable (LoadResult) -> Void = { _ in }
    ) {
        self.server = server
        self.environment = environment
        self.cores = cores
        self.log = log
        self.load = load
        self.onRead = onRead
    }

    /// Starts its thread. Throws when the system has none to give.
    package func start() throws(SystemError) {
        _ = try LoopThread.start(name: "reload") { self.run() }
    }

    /// Asks for the files to be read again, soon.
    package func request() {
        state.withLock { $0.isRequested = true }
        wakeup.signal()
    }

    /// Reads nothing more.
    package func stop() {
        state.withLock { $0.isStopped = true }
        wakeup.signal()
    }

    /// What became of the versions read so far.
    package var counts: Counts { state.withLock { $0.counts } }

    private func run() {
        while true {
            wakeup.wait()
            let (isRequested, isStopped) = state.withLock { state in
                defer { state.isRequested = false }
                return (state.isRequested, state.isStopped)
            }
            if isStopped { return }
            if isRequested { reload() }
        }
    }

    private func reload() {
        let result = load()
        onRead(result)
        do throws(RelayStartError) {
            guard let configuration = result.servable else { return refuse(result.faults.errors.map(\.description)) }
            let former = server.snapshot
            let snapshot = try RelaySnapshot(
                configuration, environment: environment, cores: cores, replacing: former)
            try server.apply(snapshot)
            noteApplied(snapshot, replacing: former)
        } catch {
            refuse([error.text])
        }
    }

    private func noteApplied(_ snapshot: RelaySnapshot, replacing former: RelaySnapshot) {
        state.withLock { $0.counts.applied += 1 }
        log.write(.info, .reloaded, .policy(snapshot.policy.version), .count(server.sessionCount))
        guard snapshot.threads != former.threads else { return }
        log.write(
            .warning, .configurationWarning,
            .detail("threads: \(snapshot.threads) takes effect when the relay is started again"))
    }

    private func refuse(_ faults: [String]) {
        state.withLock { $0.counts.refused += 1 }
        for fault in faults.prefix(Self.maxFaultsLogged) { log.write(.error, .reloadRefused, .detail(fault)) }
        let rest = faults.count - Self.maxFaultsLogged
        if rest > 0 { log.write(.error, .reloadRefused, .detail("and \(rest) more; `tidegate check` names them")) }
    }

    /// One wrong indent can make hundreds.
    private static let maxFaultsLogged = 20
}
