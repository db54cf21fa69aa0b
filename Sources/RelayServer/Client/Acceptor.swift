import Reactor
import TLS
import Telemetry
import Timing
import Transport

/// Takes connections from one listening socket on one loop.
///
/// Out of descriptors it stops asking for a moment: a level-triggered loop would otherwise spin on a connection that cannot
/// be accepted, at the cost of the sessions that could end and free one. Belongs to its loop's thread.
final class Acceptor {
    /// What the connections taken from now on are served by.
    var listener: RelaySnapshot.Listener
    private let socket: ListeningSocket
    private unowned let worker: Worker
    private var registration: Registration?
    private var pause: TimerToken?
    /// Told in the log already.
    private var isExhausted = false

    /// Connections taken in one turn, so that a storm of them does not hold up the sessions of the loop: each costs as much as
    /// some ten messages. The others wait in the kernel.
    private static let maxPerTurn = 4
    /// The pause after running out of descriptors or memory; nginx's `accept_mutex_delay` is as long.
    private static let exhaustedPause = Duration.milliseconds(500)

    init(_ socket: ListeningSocket, listener: RelaySnapshot.Listener, worker: Worker) {
        self.socket = socket
        self.listener = listener
        self.worker = worker
    }

    func start() throws(SystemError) {
        registration = try worker.loop.register(self, descriptor: socket.descriptor.raw, interest: .readable)
    }

    /// Accepts nothing more. The socket is closed with the acceptor.
    func stop() {
        if let registration { worker.loop.deregister(registration) }
        if let pause { worker.loop.cancel(pause) }
        (registration, pause) = (nil, nil)
    }
}

extension Acceptor: EventHandler, TimerHandler {
    func ready(_ readiness: Readiness) {
        for _ in 0..<Self.maxPerTurn {
            switch Socket.accept(socket.descriptor.raw) {
            case .connection(let descriptor, let peer):
                isExhausted = false
                begin(descriptor, peer)
            case .wouldBlock: return
            case .transient(let error): note(error, .debug)
            case .exhausted(let error):
                noteExhaustion(error)
                return rest()
            }
        }
    }

    private func begin(_ descriptor: consuming Descriptor, _ peer: SocketAddress) {
        do throws(SystemError) {
            try Socket.setNoDelay(descriptor.raw)
            let tls = listener.tls.map { TLSConnection(server: $0) }
            let transport = Transport(descriptor, peer: peer, tls: tls, isConnecting: false, buffers: worker.buffers)
            try ClientConnection(transport, listener: listener, worker: worker).start()
        } catch {
            note(error, .debug)
        }
    }

    private func rest() {
        guard let registration else { return }
        worker.loop.modify(registration, interest: [])
        pause = worker.loop.schedule(self, at: worker.loop.now + Self.exhaustedPause)
    }

    func fired(tag: Int) {
        pause = nil
        if let registration { worker.loop.modify(registration, interest: .readable) }
    }

    /// Once for as long as it lasts.
    private func noteExhaustion(_ error: SystemError) {
        guard !isExhausted else { return }
        isExhausted = true
        worker.log.write(
            .error, .connectionFailed,
            .detail("accept: \(error); new clients wait. Allow more descriptors (ulimit -n, LimitNOFILE=) or memory"))
    }

    private func note(_ error: SystemError, _ level: LogLevel) {
        worker.log.write(level, .connectionFailed, .detail("accept: \(error)"))
    }
}
