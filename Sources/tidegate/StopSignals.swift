import Foundation
import Reactor
import RelayServer

/// SIGTERM and SIGINT: the first drains, the second ends at once. SIGHUP asks for the files to be read again.
enum StopSignals {
    /// - Parameter onHangUp: what SIGHUP asks for; it must not end the process in any case.
    /// - Throws: when the system has no descriptors to give.
    static func watch(
        _ server: RelayServer, onHangUp: @escaping @Sendable () -> Void = {}
    ) throws(SystemError) {
        Signals.ignoreBrokenPipes()
        let seen = Lock(0)
        try Signals.watch([SIGTERM, SIGINT, SIGHUP]) { signal in
            guard signal != SIGHUP else { return onHangUp() }
            let count = seen.withLock { count in
                count += 1
                return count
            }
            if count == 1 { server.drain() } else { server.stop() }
        }
    }
}
