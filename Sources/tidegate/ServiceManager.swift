import Reactor
import RelayServer
import Telemetry

/// What the service manager (systemd) hears of the relay, where there is one that listens: that it serves, reads its files
/// again, stops, and that its loops turn. Any thread.
final class ServiceManager: Sendable {
    private let notifier = ServiceNotifier.find()
    private let stopped = Semaphore()

    /// The relay serves. From now on its loops are asked whether they turn, as often as the service manager wants to know.
    ///
    /// - Throws: when the system has no thread to give.
    func isReady(_ server: RelayServer, log: Log) throws(SystemError) {
        notifier?.tell(.ready)
        guard let notifier, let interval = ServiceNotifier.watchdogInterval else { return }
        // A quarter for the pause, and a quarter for the answers: half is left.
        _ = try LoopThread.start(name: "watchdog") { self.watch(server, every: interval / 4, notifier, log) }
    }

    /// The files are being read again.
    func reloads() {
        notifier?.tell(.reloads)
    }

    /// They have been.
    func hasReloaded() {
        notifier?.tell(.ready)
    }

    /// The relay stops, and may take so long.
    func stops(within patience: Duration) {
        notifier?.tell(.stops(within: patience + Self.lastWords))
    }

    /// Nobody is asked any more.
    func end() {
        stopped.signal()
    }

    private func watch(_ server: RelayServer, every pause: Duration, _ notifier: ServiceNotifier, _ log: Log) {
        var isStuck = false
        while !stopped.wait(upTo: pause) {
            let isTurning = server.isTurning(within: pause)
            if isTurning { notifier.tell(.alive) }
            if !isTurning, !isStuck {
                log.write(
                    .error, .loopStuck, .detail("an event loop does not come around: the relay will be restarted"))
            }
            isStuck = !isTurning
        }
    }

    /// For receipts and the log, when all sessions are over.
    private static let lastWords = Duration.seconds(30)
}
