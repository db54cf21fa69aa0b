import Glibc
import Policy
import Reactor
import TLS
import Timing
import Transport

/// TCP and TLS to one address, as the dialer makes them, and then nothing: no byte is written inside.
///
/// Runs a loop of its own on the caller's thread until it is over.
final class ProbeDial {
    /// What came of it.
    struct Outcome {
        /// Until TCP stood; nil when it never did.
        var connected: Duration?
        /// Nil without TLS, or when its handshake failed.
        var agreed: Agreement?
        /// What the server showed, believed or not.
        var certificate: CertificateFacts?
        /// A pin admits the certificate's key.
        var pinsMatch = false
        /// Nil when the relay would have gone on.
        var failure: Failure?
    }

    /// What TLS agreed on.
    struct Agreement {
        let version: TLSVersion
        let cipher: String
        let alpn: String?
        let duration: Duration
    }

    enum Failure {
        case unreachable(String)
        case insecure(TLSError)
        case unpinned(String)

        var words: String {
            switch self {
            case .unreachable(let words), .unpinned(let words): words
            case .insecure(let error): error.detail
            }
        }
    }

    private let loop: EventLoop
    private let verification: EndpointVerification
    private let began = MonotonicClock.now()
    private var outcome = Outcome()
    private var transport: Transport?

    private init(_ verification: EndpointVerification) throws(SystemError) {
        loop = try EventLoop()
        self.verification = verification
    }

    /// Dials `address`, which rule 7 must have let through.
    static func perform(
        to address: SocketAddress, _ verification: EndpointVerification, within limit: Duration
    ) -> Outcome {
        do {
            let dial = try ProbeDial(verification)
            try dial.start(address, limit)
            dial.loop.run()
            dial.loop.close()  // Nothing waits for the other side to end.
            return dial.outcome
        } catch {
            return Outcome(failure: .unreachable("\(error)"))
        }
    }

    private func start(_ address: SocketAddress, _ limit: Duration) throws {
        // A key of this address alone: a resumed session would not show what the server shows now.
        let tls = try verification.makeTLS(sessionKey: "probe \(address)")
        tls?.keepPresentedCertificate()
        let descriptor = try Socket.connect(address)
        try waitForConnection(descriptor.raw, limit)
        outcome.connected = MonotonicClock.now().duration(since: began)
        let transport = Transport(
            descriptor, peer: address, tls: tls, isConnecting: true, buffers: LoopBuffers(loop: loop))
        self.transport = transport
        try transport.start(self)
        loop.schedule(self, at: began + limit)
    }

    /// TCP alone, so that its round trip can be told from TLS.
    private func waitForConnection(_ descriptor: Int32, _ limit: Duration) throws(SystemError) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&entry, 1, Int32(clamping: limit.milliseconds)) == 1 else {
            throw SystemError(code: ETIMEDOUT, call: "connect")
        }
        if let error = Socket.connectError(descriptor) { throw error }
    }

    private func finish(_ failure: Failure?) {
        outcome.certificate = transport?.tls?.presentedCertificate
        outcome.failure = failure
        transport = nil
        loop.stop()
    }
}

extension ProbeDial: TransportDelegate, TimerHandler {
    func transportOpened(_ transport: Transport) {
        if let tls = transport.tls, let version = tls.version, let connected = outcome.connected {
            outcome.agreed = Agreement(
                version: version, cipher: tls.cipher ?? "", alpn: tls.negotiatedProtocol,
                duration: MonotonicClock.now().duration(since: began) - connected)
        }
        let mismatch = verification.pinMismatch(transport.tls)
        outcome.pinsMatch = mismatch == nil
        finish(mismatch.map { .unpinned($0) })
        transport.finish()
    }

    func transport(_ transport: Transport, ended end: TransportEnd) {
        if case .insecure(let error) = end { finish(.insecure(error)) } else { finish(.unreachable("\(end)")) }
    }

    func fired(tag: Int) {
        let late = transport
        finish(.unreachable("TLS was not agreed on in time"))
        late?.abort()
    }

    func transport(_ transport: Transport, received bytes: RawSpan) {}

    func transportWrote(_ transport: Transport) {}
}
