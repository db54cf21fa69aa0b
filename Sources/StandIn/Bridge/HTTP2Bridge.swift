import Reactor
import TLS
import Transport

/// Carries clients of HTTP/1.1 over HTTP/2, so that what speaks only the one can try a server's other: each connection that
/// is taken becomes a stream, a WebSocket's by RFC 8441. Heads, bytes and ends are translated and nothing else is touched.
///
/// Streams share connections, one for each address that clients come from, as those of a browser do.
package final class HTTP2Bridge: Sendable {
    /// The ports on 127.0.0.1 of the doors, in order.
    package let ports: [UInt16]
    private let mailbox: Mailbox<BridgeOrder>
    private let thread: LoopThread

    /// Starts to take clients for the server at `server`.
    ///
    /// - Parameters:
    ///   - serverName: what its certificate must be for.
    ///   - trust: must offer `h2`.
    ///   - doors: for each, what clients are met with; nil: plain TCP.
    package init(
        to server: SocketAddress, serverName: String = "localhost", trust: TLSClientContext,
        doors: [TLSServerContext?]
    ) throws(SystemError) {
        let mailbox = try Mailbox<BridgeOrder>()
        let core = try BridgeCore(BridgeRoute(server: server, serverName: serverName, trust: trust), doors: doors)
        ports = core.ports
        try core.receive(from: mailbox)
        self.mailbox = mailbox
        thread = try LoopThread.start(name: "bridge") { core.run() }
    }

    deinit { mailbox.post(.stop) }

    /// Cuts every connection, ends the thread and waits for it.
    package func stop() {
        mailbox.post(.stop)
        thread.join()
    }
}

/// Where a bridge leads.
struct BridgeRoute {
    let server: SocketAddress
    let serverName: String
    let trust: TLSClientContext
}

enum BridgeOrder: Sendable {
    case stop
}

/// The bridge on its loop. Belongs to the loop's thread once that runs.
private final class BridgeCore: MailboxReceiver {
    private let loop: EventLoop
    private let buffers: LoopBuffers
    private let route: BridgeRoute
    private var doors: [ListeningSocket] = []
    /// By the addresses of the clients they carry.
    private var trunks: [[UInt8]: BridgeTrunk] = [:]

    init(_ route: BridgeRoute, doors contexts: [TLSServerContext?]) throws(SystemError) {
        loop = try EventLoop()
        buffers = LoopBuffers(loop: loop)
        self.route = route
        for context in contexts {
            doors.append(
                try ListeningSocket(at: .loopback(port: 0), on: loop) { [unowned self] in
                    accepted($0, from: $1, context)
                })
        }
    }

    var ports: [UInt16] { doors.map(\.port) }

    func receive(from mailbox: Mailbox<BridgeOrder>) throws(SystemError) {
        _ = try mailbox.attach(self, to: loop)
    }

    func run() {
        loop.run()
        loop.close()
    }

    func received(_ order: BridgeOrder) {
        switch order {
        case .stop: loop.stop()
        }
    }

    private func accepted(_ descriptor: consuming Descriptor, from peer: SocketAddress, _ context: TLSServerContext?) {
        try? Socket.setNoDelay(descriptor.raw)
        let tls = context.map { TLSConnection(server: $0) }
        let transport = Transport(descriptor, peer: peer, tls: tls, isConnecting: false, buffers: buffers)
        let client = BridgedClient(transport) { [unowned self] in trunk(for: peer) }
        do throws(SystemError) { try transport.start(client) } catch { transport.abort() }
    }

    private func trunk(for peer: SocketAddress) -> BridgeTrunk? {
        if let trunk = trunks[peer.bytes], trunk.takesStreams { return trunk }
        let trunk = try? BridgeTrunk(route, from: peer, on: loop, buffers: buffers)
        trunks[peer.bytes] = trunk
        return trunk
    }
}
