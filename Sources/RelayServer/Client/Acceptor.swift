import Reactor
import Telemetry
import Timing

/// Takes connections from one listening socket on one loop.
///
/// Out of descriptors it stops asking for a moment: a level-triggered loop would otherwise spin on a connection that cannot
/// be accepted, at the cost of the sessions that could end and free one. Belongs to its loop's thread.
final class Acceptor {
    /// What the connections taken from now on are served by.
    var listener: RelaySnapshot.Listener
    private let socket: BoundSocket
    private unowned let worker: Worker
    private var registration: Registration?
    private var pause: TimerToken?
    private var notices = PacedNotices<String>()

    /// The pause after running out of descriptors or memory; nginx's `accept_mutex_delay` is as long.
    private static let exhaustedPause = Duration.milliseconds(500)
    /// How long a TCP handshake may take that is under way when the listener closes: once around the world.
    private static let lastRound = Duration.milliseconds(300)
    private static let pauseTag = 0
    private static let lastTag = 1

    init(_ socket: BoundSocket, listener: RelaySnapshot.Listener, worker: Worker) {
        self.socket = socket
        self.listener = listener
        self.worker = worker
    }

    func start() throws(SystemError) {
        registration = try worker.loop.register(
            self, descriptor: socket.descriptor.raw, interest: .readable, precedence: .patient)
    }

    /// Takes whoever has come already and then nobody more; the worker hears when that is done. The socket is closed with the
    /// acceptor.
    ///
    /// The system resets whoever waits at a socket that closes, and whoever is in the middle of a TCP handshake with it. So
    /// newcomers are left without an answer first, while those on the way arrive and are taken. A newcomer's system asks again
    /// a second later, by when another relay that listens there answers, or else nobody.
    func leave() {
        // Whoever shares the socket goes on taking from it.
        guard !socket.isShared else { return stop() }
        do throws(SystemError) {
            try Socket.ignoreNewcomers(socket.descriptor.raw)
            worker.loop.schedule(self, at: worker.loop.now + Self.lastRound, tag: Self.lastTag)
        } catch {
            lookForTheLastTime()
        }
    }

    private func stop() {
        if let registration { worker.loop.deregister(registration) }
        if let pause { worker.loop.cancel(pause) }
        (registration, pause) = (nil, nil)
        worker.left(self)
    }
}

extension Acceptor: EventHandler, TimerHandler {
    /// One at a time: each costs as much as some ten messages. The others wait in the kernel for the next turn, and those who
    /// were taken have theirs between.
    func ready(_ readiness: Readiness) {
        guard worker.budget.hasRoom else { return rest("every descriptor that could be spared is in use") }
        _ = take()
    }

    /// Takes one connection. False when there is none to be had for now.
    private func take() -> Bool {
        switch Socket.accept(socket.descriptor.raw) {
        case .connection(let descriptor, let peer):
            worker.arrived(descriptor, from: peer, on: listener)
            return true
        case .transient(let error):
            worker.log.write(.debug, .connectionFailed, .detail("accept: \(error)"))
            return true
        case .wouldBlock: return false
        case .exhausted(let error):
            rest("\(error)")
            return false
        }
    }

    private func lookForTheLastTime() {
        while take() {}
        stop()
    }

    private func rest(_ reason: String) {
        if notices.isDue(reason, now: worker.loop.now) {
            worker.log.write(
                .error, .connectionFailed,
                .detail(
                    "accept: \(reason); new clients wait. Allow more descriptors (ulimit -n, LimitNOFILE=) or memory"))
        }
        guard let registration, pause == nil else { return }
        worker.loop.modify(registration, interest: [])
        pause = worker.loop.schedule(self, at: worker.loop.now + Self.exhaustedPause, tag: Self.pauseTag)
    }

    func fired(tag: Int) {
        guard tag == Self.pauseTag else { return lookForTheLastTime() }
        pause = nil
        if let registration { worker.loop.modify(registration, interest: .readable) }
    }
}
