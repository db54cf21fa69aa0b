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
    private struct State {
        var isRequested = false
        var isStopped = false
    }

    private let load: @Sendable () -> LoadResult
    private let done: @Sendable () -> Void
    private let environment: Environment
    private let cores: Int
    private let server: RelayServer
    private let log: Log
    private let state = Lock(State())
    private let wakeup = DispatchSemaphore(value: 0)
    /// Made once, before the thread that uses it starts.
    private let watch = Lock<FileWatch?>(nil)

    /// Starts the threads that watch and read.
    ///
    /// - Parameters:
    ///   - environment: where `{env: NAME}` is looked up.
    ///   - cores: as for the first snapshot.
    ///   - files: those whose changes are a request.
    ///   - load: reads the configuration anew.
    ///   - done: told each time when a version has been put in force or refused.
    /// - Throws: when the system has no threads or descriptors to give.
    package static func start(
        for server: RelayServer, environment: Environment, cores: Int, log: Log, watching files: [String],
        load: @escaping @Sendable () -> LoadResult, done: @escaping @Sendable () -> Void = {}
    ) throws(SystemError) -> Reloader {
        let reloader = Reloader(server, environment, cores, log, load, done)
        let watch = try FileWatch.start(paths: files) { [weak reloader] in reloader?.request() }
        reloader.watch.withLock { $0 = watch }
        _ = try LoopThread.start(name: "reload") { reloader.run() }
        return reloader
    }

    private init(
        _ server: RelayServer, _ environment: Environment, _ cores: Int, _ log: Log,
        _ load: @escaping @Sendable () -> LoadResult, _ done: @escaping @Sendable () -> Void
    ) {
        self.server = server
        self.environment = environment
        self.cores = cores
        self.log = log
        self.load = load
        self.done = done
    }

    /// Asks for the files to be read again, soon.
    package func request() {
        state.withLock { $0.isRequested = true }
        wakeup.signal()
    }

    /// Reads nothing more.
    package func stop() {
        watch.withLock { $0.take() }?.stop()
        state.withLock { $0.isStopped = true }
        wakeup.signal()
    }

    private func run() {
        while true {
            wakeup.wait()
            let (isRequested, isStopped) = state.withLock { state in
                defer { state.isRequested = false }
                return (state.isRequested, state.isStopped)
            }
            if isStopped { return }
            if isRequested {
                reload()
                done()
            }
        }
    }

    private func reload() {
        let result = load()
        watch.withLock { $0 }?.replacePaths(result.watched)
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
        log.write(.info, .reloaded, .policy(snapshot.policy.version), .count(server.sessionCount))
        for key in snapshot.keysThatWait(since: former) {
            log.write(
                .warning, .configurationWarning, .detail("\(key) takes effect when the relay is started again"))
        }
    }

    private func refuse(_ faults: [String]) {
        server.status.reloadRefused(faults)
        for fault in faults.prefix(Self.maxFaultsLogged) { log.write(.error, .reloadRefused, .detail(fault)) }
        let rest = faults.count - Self.maxFaultsLogged
        if rest > 0 { log.write(.error, .reloadRefused, .detail("and \(rest) more; `tidegate check` names them")) }
    }

    /// One wrong indent can make hundreds.
    private static let maxFaultsLogged = 20
}

extension RelaySnapshot {
    /// The keys whose new values a running relay cannot take.
    fileprivate func keysThatWait(since former: RelaySnapshot) -> [String] {
        var keys: [String] = []
        if threads != former.threads { keys.append("threads") }
        if admin?.address != former.admin?.address { keys.append("admin.address") }
        if (receipts == nil) != (former.receipts == nil) { keys.append("receipts") }
        if (sharedState == nil) != (former.sharedState == nil) { keys.append("shared_state") }
        return keys
    }
}
