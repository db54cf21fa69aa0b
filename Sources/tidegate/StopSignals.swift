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
        let onDrain: @Sendable () -> Void
    }

    private let state = Lock(State())

    /// - Throws: when the system has no descriptors to give.
    init() throws(SystemError) {
        Signals.ignoreBrokenPipes()
        try Signals.watch([SIGTERM, SIGINT, SIGHUP]) { [self] in take($0) }
    }

    /// From now on signals are for this relay.
    ///
    /// - Parameters:
    ///   - onHangUp: what SIGHUP asks for; it must not end the process in any case.
    ///   - onDrain: who hears that the relay begins to drain.
    func pass(
        to server: RelayServer, onHangUp: @escaping @Sendable () -> Void = {},
        onDrain: @escaping @Sendable () -> Void = {}
    ) {
        let relay = Relay(server: server, onHangUp: onHangUp, onDrain: onDrain)
        let early = state.withLock { state in
            state.relay = relay
            return state
        }
        if early.isHungUp { onHangUp() }
        stop(relay, early.stops)
    }

    private func take(_ signal: Int32) {
        let now = state.withLock { state in
            if signal == SIGHUP { state.isHungUp = true } else { state.stops += 1 }
            return state
        }
        guard let relay = now.relay else { return }
        if signal == SIGHUP { relay.onHangUp() } else { stop(relay, now.stops) }
    }

    private func stop(_ relay: Relay, _ stops: Int) {
        switch stops {
        case ...0: return
        case 1:
            relay.onDrain()
            relay.server.drain()
        default: relay.server.stop()
        }
    }
}
