import Bytes
import HTTP
import HTTP2
import Reactor
import TLS
import Transport

/// One HTTP/2 connection of a bridge, with the clients that are streams on it. Owned by its transport, on the loop's thread.
final class BridgeTrunk {
    private let engine: HTTP2ClientConnection
    private var transport: Transport?
    private var clients: [HTTP2StreamID: BridgedClient] = [:]
    /// Those that came before the server had said what it takes.
    private var waiting: [(RequestHead, isLast: Bool, BridgedClient)] = []
    private var isConfigured = false
    private var isOver = false
    private let loop: EventLoop

    /// What a server takes at once by default; RFC 9113 §6.5.2 recommends no fewer.
    private static let maxStreams = 100
    /// Above it a client is not read.
    static let highMark = 64 << 10

    /// Connects from a client's address, which the server is to see.
    init(_ route: BridgeRoute, from client: SocketAddress, on loop: EventLoop, buffers: LoopBuffers) throws {
        var settings = HTTP2ClientConnection.Settings()
        settings.windows = .held
        // A client that does not read holds up no other: the connection's window is none of its business.
        settings.connectionWindowBytes = 256 << 20
        engine = HTTP2ClientConnection(settings)
        self.loop = loop
        let tls = try TLSConnection(client: route.trust, serverName: route.serverName, sessionKey: "bridge")
        let descriptor = try Socket.connect(route.server, from: client.with(port: 0))
        try Socket.setNoDelay(descriptor.raw)
        let transport = Transport(descriptor, peer: route.server, tls: tls, isConnecting: true, buffers: buffers)
        self.transport = transport
        try transport.start(self)
    }

    /// Whether there is room for one more client.
    var takesStreams: Bool { !isOver && clients.count + waiting.count < Self.maxStreams }
}

// MARK: What clients ask

extension BridgeTrunk {
    /// Makes a stream of a client's request, whose number the client hears by `began`.
    func request(_ head: RequestHead, isLast: Bool, for client: BridgedClient) {
        guard !isOver else { return client.closed(.refusedStream) }
        guard isConfigured else { return waiting.append((head, isLast, client)) }
        let id = engine.request(head, isLast: isLast)
        clients[id] = client
        client.began(id)
        flush()
    }

    func send(_ bytes: RawSpan, on id: HTTP2StreamID) {
        engine.send(bytes.withUnsafeBytes { Array($0) }, on: id)
        flush()
    }

    func finish(_ id: HTTP2StreamID) {
        engine.finish(id)
        flush()
    }

    func reset(_ id: HTTP2StreamID) {
        engine.reset(id)
        flush()
    }

    func consume(_ count: Int, of id: HTTP2StreamID) {
        engine.consume(count, of: id)
        flush()
    }

    func queuedBytes(of id: HTTP2StreamID) -> Int { engine.queuedBytes(of: id) }

    /// Nobody asks for more on a connection that has gone away; with its last client it ends.
    private func forget(_ id: HTTP2StreamID) {
        clients[id] = nil
    }

    private func flush() {
        loop.atEndOfTurn(self)
    }
}

extension BridgeTrunk: TurnHandler {
    func endOfTurn() {
        guard let transport, isConfigured || transport.tls?.negotiatedProtocol != nil else { return }
        while transport.queuedBytes == 0 {
            var output = ByteQueue()
            engine.take(into: &output)
            guard !output.isEmpty else { break }
            transport.write(output.bytes)
            transport.flush()
        }
        for client in Array(clients.values) { client.trunkWrote() }
    }
}

// MARK: What the server says

extension BridgeTrunk: TransportDelegate {
    func transportOpened(_ transport: Transport) {
        guard transport.tls?.negotiatedProtocol == "h2" else { return end() }
        flush()
    }

    func transport(_ transport: Transport, received bytes: RawSpan) {
        engine.receive(bytes)
        for event in engine.takeEvents() { take(event) }
        flush()
        if engine.failure != nil { end() }
    }

    func transportWrote(_ transport: Transport) {
        flush()
    }

    func transport(_ transport: Transport, ended end: TransportEnd) {
        self.end()
    }

    private func take(_ event: HTTP2ClientEvent) {
        switch event {
        case .configured:
            isConfigured = true
            let asked = waiting
            waiting = []
            for (head, isLast, client) in asked { request(head, isLast: isLast, for: client) }
        case .answered(let head, let id, let isLast): clients[id]?.answered(head, isLast: isLast)
        case .received(let bytes, let id): clients[id]?.received(bytes)
        case .ended(let id): clients[id]?.ended()
        case .closed(let id, let code): clients.removeValue(forKey: id)?.closed(code)
        case .goneAway: isOver = true
        }
    }

    private func end() {
        isOver = true
        transport?.abort()
        transport = nil
        let lost = Array(clients.values) + waiting.map(\.2)
        (clients, waiting) = ([:], [])
        for client in lost { client.closed(.connectError) }
    }
}
