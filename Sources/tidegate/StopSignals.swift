import Foundation
import Reactor
import RelayServer
import Telemetry

/// SIGTERM and SIGINT: the first drains, the second ends at once. SIGHUP, which would end the process, changes nothing.
enum StopSignals {
    /// Throws when the system has no descriptors to give.
    static func watch(_ server: RelayServer, log: Log?) throws(SystemError) {
        Signals.ignoreBrokenPipes()
        let seen = Lock(0)
        try Signals.watch([SIGTERM, SIGINT, SIGHUP]) { signal in
            guard signal != SIGHUP else { return noteHangUp(log) }
            let count = seen.withLock { count in
                count += 1
                return count
            }
            if count == 1 { server.drain() } else { server.stop() }
        }
    }

    private static func noteHangUp(_ log: Log?) {
        log?.write(
            .warning, .configurationWarning,
            .detail("SIGHUP: reload is not in force yet; restart the relay to take a changed configuration"))
    }
}
