import Policy
import Reactor
import Telemetry

/// The running relay: bound sockets and one thread for each event loop.
///
/// `RelayServer` is the only library that knows all the others: it builds, starts, drains and stops. What happens to a
/// session is decided in `RelayCore`; where it may go, in `Policy`. Called by `serve`, `demo` and tests, from any thread.
package final class RelayServer: Sendable {
    /// Where the listeners are bound, in their order; a port of 0 has become a real one.
    package let addresses: [SocketAddress]
    private let mailboxes: [Mailbox<WorkerMessage>]
    private let threads: [LoopThread]
    private let sessions: SessionCount
    private let drainPatience: Duration
    private let log: Log

    /// Binds every listener, then starts the loops.
    ///
    /// - Parameter resolver: finds the addresses of upstreams; the system's unless a test has names of its own.
    /// - Throws: when an address cannot be bound, or the system has no descriptors or threads to give.
    package static func start(
        _ snapshot: RelaySnapshot, log: Log, resolver: Resolver = Resolver()
    ) throws(RelayStartError) -> RelayServer {
        let sockets = try BoundListeners(snapshot)
        let sessions = SessionCount(limit: snapshot.maxSessions)
        var mailboxes: [Mailbox<WorkerMessage>] = []
        var threads: [LoopThread] = []
        do throws(SystemError) {
            for index in 0..<snapshot.threads {
                let mailbox = try Mailbox<WorkerMessage>()
                let worker = try Worker(
                    snapshot: snapshot, log: log, sessions: sessions, resolver: resolver, mailbox: mailbox)
                for (socket, listener) in zip(sockets.take(forLoop: index), snapshot.listeners) {
                    try worker.listen(on: Descriptor(owning: socket), as: listener)
                }
                threads.append(try LoopThread.start(name: "loop-\(index)") { worker.run() })
                mailboxes.append(mailbox)
            }
        } catch {
            for mailbox in mailboxes { mailbox.post(.stop) }
            throw RelayStartError(text: "The event loops cannot be started: \(error).")
        }
        for address in sockets.addresses { log.write(.info, .listening, .address(address.description)) }
        return RelayServer(
            addresses: sockets.addresses, mailboxes: mailboxes, threads: threads, sessions: sessions,
            drainPatience: snapshot.drain, log: log)
    }

    private init(
        addresses: [SocketAddress], mailboxes: [Mailbox<WorkerMessage>], threads: [LoopThread], sessions: SessionCount,
        drainPatience: Duration, log: Log
    ) {
        self.addresses = addresses
        self.mailboxes = mailboxes
        self.threads = threads
        self.sessions = sessions
        self.drainPatience = drainPatience
        self.log = log
    }

    /// The sessions admitted now.
    package var sessionCount: Int { sessions.current }

    /// Accepts nothing more and lets sessions end by themselves for `timeouts.drain`; then ends them. `wait` returns when
    /// the last is gone.
    package func drain() {
        log.write(.info, .draining, .count(sessionCount))
        for mailbox in mailboxes { mailbox.post(.drain(drainPatience)) }
    }

    /// Ends at once. Sessions are cut.
    package func stop() {
        for mailbox in mailboxes { mailbox.post(.stop) }
    }

    /// Returns when every loop has ended.
    package func wait() {
        for thread in threads { thread.join() }
        log.write(.info, .stopped)
    }
}

/// Why the relay could not be started: a sentence with the remedy.
package struct RelayStartError: Error, CustomStringConvertible {
    let text: String
    package var description: String { text }
}

/// The listeners' sockets, one for each loop: the kernel spreads connections over them (SO_REUSEPORT).
private final class BoundListeners {
    private(set) var addresses: [SocketAddress] = []
    /// For each loop, the sockets in the order of the listeners; closed here unless taken.
    private var sockets: [[Int32]]

    init(_ snapshot: RelaySnapshot) throws(RelayStartError) {
        sockets = Array(repeating: [], count: snapshot.threads)
        for listener in snapshot.listeners {
            do throws(SystemError) { try bind(listener.address) } catch {
                throw RelayStartError(
                    text: "Cannot listen on \(listener.address): \(error). Is another process using the port?")
            }
        }
    }

    deinit {
        for socket in sockets.joined() { _ = Descriptor(owning: socket) }
    }

    /// The first socket of a listener fixes the port, which the configuration may leave to the system.
    private func bind(_ wanted: SocketAddress) throws(SystemError) {
        var address = wanted
        for loop in sockets.indices {
            let socket = try Socket.listen(address, reusePort: true)
            address = try Socket.localAddress(socket.raw)
            sockets[loop].append(socket.release())
        }
        addresses.append(address)
    }

    func take(forLoop index: Int) -> [Int32] {
        defer { sockets[index] = [] }
        return sockets[index]
    }
}
