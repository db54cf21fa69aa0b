import Crypto
import Policy
import Reactor
import Telemetry
import Timing

/// The operators' door: a listening socket and a loop of its own, so that whoever looks in holds up no session.
///
/// Started and stopped by `RelayServer`; `stop` and `wait` may be called from any thread.
final class AdminListener: Sendable {
    /// Where it is bound.
    let address: SocketAddress
    private let mailbox: Mailbox<AdminMessage>
    private let thread: LoopThread

    /// Where it listens and what it asks for.
    struct Settings: Equatable, Sendable {
        let address: SocketAddress
        let token: Secret?
    }

    /// A bound socket, before there is anybody to answer.
    struct Bound: ~Copyable {
        let address: SocketAddress
        fileprivate let socket: BoundSocket
        fileprivate let token: Secret?
    }

    /// Binds the address, unless one of the sockets that were passed is bound there. Throws when it cannot, or when anybody
    /// could connect and no token is asked for.
    static func bind(_ settings: Settings, passed: [BoundSocket]) throws(RelayStartError) -> Bound {
        guard settings.token != nil || settings.address.isLoopback else {
            throw RelayStartError(
                text: "The admin listener on \(settings.address) is off loopback and has no token; give it one.")
        }
        do throws(SystemError) {
            let made = passed.first { $0.address == settings.address }
            let socket = if let made { made } else { try BoundSocket(Socket.listen(settings.address)) }
            return Bound(address: socket.address, socket: socket, token: settings.token)
        } catch {
            throw RelayStartError(
                text: "The admin listener cannot listen on \(settings.address): \(error). "
                    + "Is another process using the port?")
        }
    }

    /// Starts answering, if there is anywhere to. Throws when the system has no descriptors or threads to give.
    static func start(
        _ bound: consuming Bound?, status: RelayStatus, workers: [Mailbox<WorkerMessage>], log: Log
    ) throws(SystemError) -> AdminListener? {
        guard let bound else { return nil }
        let mailbox = try Mailbox<AdminMessage>()
        let address = bound.address
        let desk = try AdminDesk(
            admission: AdminGuard(token: bound.token), status: status, workers: workers, mailbox: mailbox, log: log)
        try AdminAcceptor(bound.socket, desk: desk).start()
        let thread = try LoopThread.start(name: "admin") { desk.run() }
        return AdminListener(address: address, mailbox: mailbox, thread: thread)
    }

    private init(address: SocketAddress, mailbox: Mailbox<AdminMessage>, thread: LoopThread) {
        self.address = address
        self.mailbox = mailbox
        self.thread = thread
    }

    /// Asks for this token from now on; the address stays what it was.
    func change(to settings: Settings) {
        mailbox.post(.admit(AdminGuard(token: settings.token)))
    }

    /// Answers nobody any more.
    func stop() {
        mailbox.post(.stop)
        thread.join()
    }
}

/// Takes connections from the admin socket. Belongs to the admin loop, which keeps it alive.
private final class AdminAcceptor: EventHandler, TimerHandler {
    private let socket: BoundSocket
    private unowned let desk: AdminDesk
    private var registration: Registration?

    /// The pause after running out of descriptors or memory, as for clients.
    private static let exhaustedPause = Duration.milliseconds(500)

    init(_ socket: BoundSocket, desk: AdminDesk) {
        self.socket = socket
        self.desk = desk
    }

    func start() throws(SystemError) {
        registration = try desk.loop.register(self, descriptor: socket.descriptor.raw, interest: .readable)
    }

    func ready(_ readiness: Readiness) {
        for _ in 0..<AdminDesk.maxConnections {
            switch Socket.accept(socket.descriptor.raw) {
            case .connection(let descriptor, let peer): desk.accept(descriptor, from: peer)
            case .transient: continue
            case .wouldBlock: return
            case .exhausted:
                if let registration { desk.loop.modify(registration, interest: []) }
                desk.loop.schedule(self, at: desk.loop.now + Self.exhaustedPause)
                return
            }
        }
    }

    func fired(tag: Int) {
        if let registration { desk.loop.modify(registration, interest: .readable) }
    }
}
