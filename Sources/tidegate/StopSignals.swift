import Foundation
import Reactor
import RelayServer

/// SIGTERM and SIGINT: the first drains, the second ends at once. SIGHUP asks for the files to be read again.
///
/// They are watched before there is a relay, so that none can end the process in the system's way once somebody may know
/// that it runs. What comes early is done as soon as there is something to do it to.
final class StopSignals: Sendable {
    private struct State {
        var relay: Relay?
        var stops = 0
        var isHungUp = false
    }

    private struct Relay {
        let server: RelayServer
        let onHangUp: @Sendable () -> Void
    }

    private let state = Lock(State())

    /// - Throws: when the system has no descriptors to give.
    init() throws(SystemError) {
        Signals.ignoreBrokenPipes()
        try Signals.watch([SIGTERM, SIGINT, SIGHUP]) { [self] in take($0) }
    }

    /// From now on signals are for this relay.
    ///
    /// - Parameter onHangUp: what SIGHUP asks for; it must not end the process in any case.
    func pass(to server: RelayServer, onHangUp: @escaping @Sendable () -> Void = {}) {
        let early = state.withLock { state in
            state.relay = Relay(server: server, onHangUp: onHangUp)
            return state
        }
        if early.isHungUp { onHangUp() }
        stop(server, early.stops)
    }

    private func take(_ signal: Int32) {
        let now = state.withLock { state in
            if signal == SIGHUP { state.isHungUp = true } else { state.stops += 1 }
            return state
        }
        guard let relay = now.relay else { return }
        if signal == SIGHUP { relay.onHangUp() } else { stop(relay.server, now.stops) }
    }

    private func stop(_ server: RelayServer, _ stops: Int) {
        switch stops {
        case ...0: return
        case 1: server.drain()
        default: server.stop()
        }
    }
}
