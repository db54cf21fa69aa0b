import Foundation
import Reactor
import RelayServer

/// SIGTERM and SIGINT: the first drains, the second ends at once.
enum StopSignals {
    /// Throws when the system has no descriptors to give.
    static func watch(_ server: RelayServer) throws(SystemError) {
        Signals.ignoreBrokenPipes()
        let seen = Lock(0)
        try Signals.watch([SIGTERM, SIGINT]) { _ in
            let count = seen.withLock { count in
                count += 1
                return count
            }
            if count == 1 { server.drain() } else { server.stop() }
        }
    }
}
