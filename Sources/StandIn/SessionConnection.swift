import Bytes
import Glibc
import Reactor
import TLS
import Timing
import Transport
import WebSocket

/// One connection with an open WebSocket: carries bytes to a `ProviderSession`, and does what that asks for.
///
/// Belongs to the stand-in's loop; its transport keeps it alive.
final class SessionConnection: TransportDelegate, TimerHandler, TurnHandler, ZoneConnection {
    /// How long a client may take to answer a close frame.
    private static let closePatience = Duration.seconds(5)
    /// A flood pauses while so much waits to be sent.
    private static let floodHighMark = 1 << 20

    private let transport: Transport
    private let zone: ZoneListener
    private let socket: MessageSocket
    private let credential: String
    private let faults: [Fault]
    private let number: Int
    private var session: ProviderSession
    private var timer: TimerToken?
    private var closeTimer: TimerToken?
    private var flood: (isText: Bool, bytes: Int)?
    /// Nothing more can be read, a close frame neither: the client broke RFC 6455.
    private var isDeaf = false
    private var isOver = false

    private enum Tag {
        static let deadline = 0
        static let closePatience = 1
    }

    init(
        _ transport: Transport, in zone: ZoneListener, _ setup: ProviderSession.Setup, _ request: Ledger.Request,
        credential: String
    ) {
        self.transport = transport
        self.zone = zone
        self.credential = credential
        faults = setup.faults
        socket = MessageSocket(
            transport, isClient: false, maxMessageBytes: UInt64(ProviderSession.maxMessageBytes))
        for case .fragments(let bytes) in setup.faults.map(\.act) { socket.fragmentBytes = bytes }

        let time = WallClock.now()
        var setup = setup
        setup.id = SessionID.random()
        setup.unixTime = time.seconds
        session = ProviderSession(setup)

        var entry = Ledger.Session(number: 0, request: request, openedAt: time.milliseconds)
        entry.serverName = transport.tls?.serverName
        entry.isResumed = transport.tls?.isResumed ?? false
        if case .success(let pass) = setup.verdict {
            entry.keyName = pass.keyName
            entry.isToken = pass.isToken
        }
        number = zone.ledger.update { $0.addSession(entry) }
    }

    /// Takes the transport over after the 101; `bytes` came behind the request.
    func start(following bytes: RawSpan) {
        transport.hand(to: self)
        zone.adopt(transport, by: self)
        handle(.opened)
        if !isOver, bytes.byteCount > 0 { transport(transport, received: bytes) }
    }

    func transportOpened(_ transport: Transport) {}

    func transport(_ transport: Transport, received bytes: RawSpan) {
        for event in socket.read(bytes) where !isOver { take(event) }
        publish()
    }

    func transport(_ transport: Transport, ended end: TransportEnd) {
        handle(.lost)
        leave(end.name)
    }

    func transportWrote(_ transport: Transport) { keepFlooding() }

    func drop() { lose { abort() } }

    func fired(tag: Int) {
        if tag == Tag.closePatience { return abort() }
        timer = nil
        handle(.deadlinePassed)
    }

    private func take(_ event: MessageReader.Event) {
        switch event {
        case .text(let text): handle(.text(text))
        case .binary(let bytes): handle(.binary(bytes))
        case .frame, .ping, .pong: break
        case .close(let payload): takeClose(payload)
        case .violation(let code, let sentence): takeViolation(code, sentence)
        }
    }

    private func takeViolation(_ code: CloseCode, _ sentence: String) {
        isDeaf = true
        // The provider has words of its own for what is too long.
        handle(code == .messageTooBig ? .oversizedMessage : .lost)
        close(ClosePayload(code: code, reason: sentence))
    }

    private func takeClose(_ payload: ClosePayload) {
        handle(.closed)
        guard !faults.contains(where: { $0.act == .noCloseAnswer }) else { return }
        socket.close(payload)
        finish()
    }

    private func handle(_ event: ProviderSession.Event) {
        run(session.handle(event, at: zone.loop.now))
        // What is due at once leaves with what was written before it.
        while !isOver, let deadline = session.deadline, deadline <= zone.loop.now {
            run(session.handle(.deadlinePassed, at: zone.loop.now))
        }
        schedule()
        publish()
    }

    private func run(_ actions: [ProviderSession.Action]) {
        for action in actions where !isOver {
            switch action {
            case .send(let text): socket.send(text: text)
            case .close(let code, let reason):
                close(ClosePayload(code: CloseCode(rawValue: code), reason: reason))
            case .strike(let act): strike(act)
            }
        }
    }

    private func close(_ payload: ClosePayload) {
        guard !isOver else { return }
        socket.close(payload)
        // RFC 6455 §7.1.1: the server ends TCP, at once when both have closed.
        if socket.closing.isComplete || isDeaf { return finish() }
        closeTimer =
            closeTimer ?? zone.loop.schedule(self, at: zone.loop.now + Self.closePatience, tag: Tag.closePatience)
    }

    private func schedule() {
        if let timer { zone.loop.cancel(timer) }
        timer = isOver ? nil : session.deadline.map { zone.loop.schedule(self, at: $0, tag: Tag.deadline) }
    }

    private func finish() {
        guard !isOver else { return }
        transport.finish()
        leave("finished")
    }

    private func abort() {
        guard !isOver else { return }
        transport.flush()
        transport.abort()
        leave("reset")
    }

    private func leave(_ end: String) {
        guard !isOver else { return }
        isOver = true
        schedule()
        if let closeTimer { zone.loop.cancel(closeTimer) }
        publish(end: end)
        zone.forget(transport)
    }

    private func publish(end: String? = nil) {
        zone.ledger.update { ledger in
            ledger.updateSession(number) { entry in
                entry.hasBegun = session.hasBegun
                entry.ending = session.ending
                entry.billedSeconds = session.billedSeconds
                entry.audioSeconds = session.audioSeconds
                entry.received = socket.received
                entry.sent = socket.sent
                entry.closeReceived = socket.closing.received?.code?.rawValue
                entry.closeSent = socket.closing.sent?.code?.rawValue
                entry.connectionEnd = end ?? entry.connectionEnd
            }
        }
    }
}

// MARK: - Faults

extension SessionConnection {
    private func strike(_ act: Fault.Act) {
        switch act {
        case .reset: lose { abort() }
        case .end: lose { finish() }
        case .truncate: lose { truncate() }
        case .cutMessage(let isReset):
            lose {
                socket.sendHalfMessage()
                if isReset { abort() } else { finish() }
            }
        case .raw(let bytes): socket.send(raw: bytes)
        case .stopReading: transport.pauseReading()
        case .flood(let isText, let bytes):
            flood = (isText, bytes)
            zone.loop.atEndOfTurn(self)
        case .pings(let count): for number in 0..<count { socket.ping(Array("ping \(number)".utf8)) }
        case .binary(let bytes): socket.send(binary: [UInt8](repeating: 0xA5, count: bytes))
        case .echoKey(.message):
            socket.send(text: ServerMessage.warning(code: 3001, "Your credential is \(credential)").text)
        case .echoKey: close(ClosePayload(code: .policyViolation, reason: credential))
        default: break  // The rest strikes in the request, in the session or all along.
        }
    }

    /// The connection ends for the session first, so that the ledger knows.
    private func lose(_ how: () -> Void) {
        _ = session.handle(.lost, at: zone.loop.now)
        how()
    }

    private func truncate() {
        transport.flush()
        try? Socket.shutdownWrite(transport.descriptorNumber)
    }

    func endOfTurn() { keepFlooding() }

    private func keepFlooding() {
        guard let flood, !isOver, transport.queuedBytes < Self.floodHighMark else { return }
        let payload = [UInt8](repeating: UInt8(ascii: "x"), count: flood.bytes)
        socket.send(frame: flood.isText ? .text : .binary, fin: true, payload)
        zone.loop.atEndOfTurn(self)
        publish()
    }
}

extension TransportEnd {
    /// What the ledger and reports call it.
    var name: String {
        switch self {
        case .closed: "closed"
        case .truncated: "truncated"
        case .failed: "lost"
        case .insecure: "insecure"
        }
    }
}

/// The wall clock, which `expires_at` is told by.
enum WallClock {
    static func now() -> (seconds: Int64, milliseconds: Int64) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let seconds = Int64(time.tv_sec)
        return (seconds, seconds * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// `Begin`'s `id`.
private enum SessionID {
    /// A random UUID (RFC 9562 §5.4).
    static func random() -> String {
        let high = UInt64.random(in: 0...UInt64.max) & ~0xF000 | 0x4000
        let low = UInt64.random(in: 0...UInt64.max) & ~(0b11 << 62) | 0b10 << 62
        func digits(_ number: UInt64, _ count: Int) -> String {
            let text = String(number, radix: 16)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return [
            digits(high >> 32, 8), digits(high >> 16 & 0xFFFF, 4), digits(high & 0xFFFF, 4), digits(low >> 48, 4),
            digits(low & 0xFFFF_FFFF_FFFF, 12),
        ].joined(separator: "-")
    }
}
