import Bytes
import Reactor
import TLS
import Transport
import WebSocket

/// One connection that sends back what it gets, for conformance suites and byte-exactness tests.
///
/// Belongs to the stand-in's loop; its transport keeps it alive.
final class EchoConnection: TransportDelegate, ZoneConnection {
    /// Suites send messages of 16 MiB.
    private static let maxMessageBytes: UInt64 = 64 << 20
    /// Reading pauses while so much waits to be sent back, so that a slow reader slows itself.
    private static let highMark = 4 << 20

    private let transport: Transport
    private let zone: ZoneListener
    private let socket: MessageSocket
    private let keepsFrames: Bool
    private let number: Int

    init(_ transport: Transport, in zone: ZoneListener, _ request: Ledger.Request) {
        self.transport = transport
        self.zone = zone
        keepsFrames = zone.zone.mode == .echoFrames
        socket = MessageSocket(transport, isClient: false, maxMessageBytes: Self.maxMessageBytes)
        var entry = Ledger.Session(number: 0, request: request, openedAt: WallClock.now().milliseconds)
        entry.serverName = transport.tls?.serverName
        entry.isResumed = transport.tls?.isResumed ?? false
        number = zone.ledger.update { $0.addSession(entry) }
    }

    /// Takes the transport over after the 101; `bytes` came behind the request.
    func start(following bytes: RawSpan) {
        transport.hand(to: self)
        zone.adopt(transport, by: self)
        if bytes.byteCount > 0 { transport(transport, received: bytes) }
    }

    func transportOpened(_ transport: Transport) {}

    func transport(_ transport: Transport, received bytes: RawSpan) {
        for event in socket.read(bytes) { take(event) }
        if transport.queuedBytes > Self.highMark { transport.pauseReading() }
        publish(nil)
    }

    func transportWrote(_ transport: Transport) {
        if transport.queuedBytes < Self.highMark / 2 { transport.resumeReading() }
    }

    func transport(_ transport: Transport, ended end: TransportEnd) {
        leave(.abandoned, end.name)
    }

    func drop() {
        transport.abort()
        leave(.abandoned, "reset")
    }

    private func take(_ event: MessageReader.Event) {
        switch event {
        case .frame(let opcode, let fin, let payload):
            if keepsFrames { socket.send(frame: opcode, fin: fin, payload) }
        case .text(let text): if !keepsFrames { socket.send(text: text) }
        case .binary(let bytes): if !keepsFrames { socket.send(binary: bytes) }
        case .ping, .pong: break
        case .close(let payload): end(.terminated, payload)
        case .violation(let code, let sentence): end(.failed, ClosePayload(code: code, reason: sentence))
        }
    }

    private func end(_ ending: ProviderSession.Ending, _ payload: ClosePayload) {
        socket.close(payload)
        transport.finish()
        leave(ending, "finished")
    }

    private func leave(_ ending: ProviderSession.Ending, _ end: String) {
        publish((ending, end))
        zone.forget(transport)
    }

    private func publish(_ end: (ending: ProviderSession.Ending, name: String)?) {
        zone.ledger.update { ledger in
            ledger.updateSession(number) { entry in
                entry.hasBegun = true
                entry.ending = end?.ending ?? entry.ending
                entry.connectionEnd = end?.name ?? entry.connectionEnd
                entry.received = socket.received
                entry.sent = socket.sent
                entry.closeReceived = socket.closing.received?.code?.rawValue
                entry.closeSent = socket.closing.sent?.code?.rawValue
            }
        }
    }
}
