import Bytes
import Crypto
import Glibc
import StandIn
import TLS
import Timing

@testable import Reactor
@testable import Transport

/// A loop with its buffers, and connections over loopback whose other ends are driven by hand.
final class Rig {
    let loop: EventLoop
    let buffers: LoopBuffers
    private let listener: Descriptor
    private let address: SocketAddress
    private var peers: [Peer] = []
    private var transports: [Weak] = []

    init() throws {
        loop = try EventLoop()
        buffers = LoopBuffers(loop: loop)
        listener = try Socket.listen(try loopback(port: 0))
        address = try Socket.localAddress(listener.raw)
    }

    deinit {
        // A loop keeps what is registered with it, and a transport its loop.
        for transport in transports { transport.value?.abort() }
        once()
    }

    /// A transport as a server has it, started for `owner`, and the client at its other end.
    func accepted(_ security: Security = .plain, for owner: Owner) throws -> (transport: Transport, peer: Peer) {
        let theirs = try Socket.connect(address)
        let ours = try accept()
        let transport = Transport(
            ours, peer: address, tls: try security.server(), isConnecting: false, buffers: buffers)
        return (try start(transport, for: owner), add(Peer(theirs, tls: try security.client())))
    }

    /// As `accepted`, with the handshake over.
    func open(_ security: Security = .plain, for owner: Owner) throws -> (transport: Transport, peer: Peer) {
        let (transport, peer) = try accepted(security, for: owner)
        if security == .tls { turn { owner.opened == 1 && peer.isOpen } }
        return (transport, peer)
    }

    /// A transport as a client has it, and the server at its other end.
    func dialled(
        _ security: Security = .plain, trusting trust: Security.Trust = .right, for owner: Owner
    ) throws -> (transport: Transport, peer: Peer) {
        let transport = Transport(
            try Socket.connect(address), peer: address, tls: try security.client(trusting: trust), isConnecting: true,
            buffers: buffers)
        let theirs = try accept()
        return (try start(transport, for: owner), add(Peer(theirs, tls: try security.server())))
    }

    /// Runs turns, and the peers in between, until `isDone`. Returns whether it came to that within ten seconds.
    @discardableResult
    func turn(until isDone: () -> Bool) -> Bool {
        let deadline = MonotonicClock.now() + .seconds(10)
        while !isDone() {
            guard MonotonicClock.now() < deadline else { return false }
            once()
        }
        return true
    }

    /// One turn that does not wait, with the peers before it.
    func once() {
        for peer in peers { peer.move() }
        loop.atEndOfTurn(Nobody())  // which keeps the turn after this one from waiting
        loop.turn()
    }

    /// Starts a transport and ends it with the rig.
    func start(_ transport: Transport, for owner: Owner) throws -> Transport {
        try transport.start(owner)
        transports.append(Weak(value: transport))
        return transport
    }

    private func add(_ peer: Peer) -> Peer {
        peers.append(peer)
        loop.atEndOfTurn(Nobody())
        return peer
    }

    private func accept() throws -> Descriptor {
        waitUntilReady(listener.raw, POLLIN)
        switch Socket.accept(listener.raw) {
        case .connection(let descriptor, _): return descriptor
        case .wouldBlock: throw SystemError(code: EAGAIN, call: "accept")
        case .exhausted(let error): throw error
        case .transient(let error): throw error
        }
    }
}

private struct Weak {
    weak var value: Transport?
}

private final class Nobody: TurnHandler {
    func endOfTurn() {}
}

func loopback(port: UInt16) throws -> SocketAddress {
    guard let address = SocketAddress(literal: "127.0.0.1", port: port) else {
        throw SystemError(code: EINVAL, call: "inet_pton")
    }
    return address
}

/// Waits until `descriptor` is ready, for ten seconds at most.
func waitUntilReady(_ descriptor: Int32, _ events: Int32) {
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    _ = poll(&entry, 1, 10_000)
}

/// Whether TLS lies over a connection.
enum Security: CaseIterable {
    case plain, tls

    /// Whom a client believes.
    enum Trust { case right, wrong }

    func server() throws -> TLSConnection? {
        guard self == .tls else { return nil }
        let issued = Self.authority.issue(names: ["relay.test"])
        let certificate = try TLSCertificate(chainPEM: issued.chainPEM, keyPEM: Secret(issued.keyPEM))
        return TLSConnection(server: try TLSServerContext(certificates: [certificate], protocols: ["http/1.1"]))
    }

    func client(trusting trust: Trust = .right) throws -> TLSConnection? {
        guard self == .tls else { return nil }
        let authority = trust == .right ? Self.authority : ThrowawayAuthority(name: "Another authority")
        let context = try TLSClientContext(
            trust: try TrustStore(pem: authority.certificatePEM), minimumVersion: .tls12, certificate: nil)
        return try TLSConnection(client: context, serverName: "relay.test", sessionKey: "endpoint")
    }

    private static let authority = ThrowawayAuthority(name: "Throwaway authority")
}

/// What a transport tells its owner, kept; closures are called as it comes.
final class Owner: TransportDelegate {
    private(set) var opened = 0
    private(set) var received: [UInt8] = []
    private(set) var wrote = 0
    private(set) var end: TransportEnd?
    var whenOpened: (Transport) -> Void = { _ in }
    var whenReceived: (Transport) -> Void = { _ in }
    var whenWrote: (Transport) -> Void = { _ in }

    func transportOpened(_ transport: Transport) {
        opened += 1
        whenOpened(transport)
    }

    func transport(_ transport: Transport, received bytes: RawSpan) {
        received += [UInt8](bytes)
        whenReceived(transport)
    }

    func transportWrote(_ transport: Transport) {
        wrote += 1
        whenWrote(transport)
    }

    func transport(_ transport: Transport, ended end: TransportEnd) {
        self.end = end
    }
}

/// The other end of a transport: a socket, and TLS in memory, that move only when they are told to.
final class Peer {
    /// Decrypted, where there is TLS.
    private(set) var received: [UInt8] = []
    /// What each `recv` brought, as it came over the wire.
    private(set) var reads: [Int] = []
    private(set) var isOpen = false
    /// A FIN came.
    private(set) var isEnded = false
    private(set) var saidCloseNotify = false
    private(set) var systemError: SystemError?
    private(set) var tlsError: TLSError?
    /// Whether it reads at all, and how much of what it has to say leaves at once.
    var isReading = true
    var largestWrite = Int.max

    private var descriptor: Descriptor?
    private let raw: Int32
    private let tls: TLSConnection?
    private var outgoing = ByteQueue()
    private var isFinishing = false

    init(_ descriptor: consuming Descriptor, tls: TLSConnection?) {
        raw = descriptor.raw
        self.descriptor = consume descriptor
        self.tls = tls
        isOpen = tls == nil
        try? tls?.start(output: &outgoing)
    }

    func send(_ bytes: [UInt8]) {
        guard let tls else { return outgoing.append(bytes) }
        bytes.withUnsafeBytes { bytes in try? tls.send(bytes, output: &outgoing) }
    }

    /// Bytes as they are, whatever TLS would say.
    func sendRaw(_ bytes: [UInt8]) {
        outgoing.append(bytes)
    }

    /// Ends its side properly, when all is sent.
    func finish() {
        tls?.close(output: &outgoing)
        isFinishing = true
    }

    /// Ends its side without a close_notify, when all is sent.
    func cut() {
        isFinishing = true
    }

    func reset() {
        try? Socket.setLingerReset(raw)
        descriptor = nil
    }

    /// Sends and receives what can be.
    func move() {
        guard descriptor != nil else { return }
        sendOutgoing()
        // Past the end of the stream too: a reset may still come.
        while isReading, systemError == nil, receive() {}
    }

    private func sendOutgoing() {
        if !outgoing.isEmpty {
            let sent = outgoing.withUnsafeBytes { bytes in
                Socket.send(raw, UnsafeRawBufferPointer(rebasing: bytes.prefix(largestWrite)))
            }
            switch sent {
            case .bytes(let count): outgoing.consume(count)
            case .wouldBlock: break
            case .failed(let error): lose(error)
            }
        }
        if outgoing.isEmpty, isFinishing {
            isFinishing = false
            try? Socket.shutdownWrite(raw)
        }
    }

    private func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        switch buffer.withUnsafeMutableBytes({ Socket.receive(raw, into: $0) }) {
        case .bytes(let count):
            reads.append(count)
            take(buffer[..<count])
            return true
        case .end: isEnded = true
        case .failed(let error): lose(error)
        case .wouldBlock: break
        }
        return false
    }

    // The system tells of a loss once, to whichever call comes first.
    private func lose(_ error: SystemError) {
        systemError = systemError ?? error
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        guard let tls else {
            received += bytes
            return
        }
        var plaintext = [UInt8](repeating: 0, count: bytes.count + TLSConnection.plaintextReserve)
        do {
            let progress = try bytes.withUnsafeBytes { bytes in
                try plaintext.withUnsafeMutableBytes { plaintext in
                    try tls.receive(bytes, plaintext: plaintext, output: &outgoing)
                }
            }
            received += plaintext.prefix(progress.plaintextCount)
            if progress.handshakeCompleted { isOpen = true }
            if progress.closeNotify { saidCloseNotify = true }
        } catch { tlsError = tlsError ?? error as? TLSError }
    }
}
