import HTTP
import Policy
import Reactor
import RelayCore
import TLS
import Telemetry
import Timing
import Transport

/// An accepted connection until it is known what it carries: TLS, then HTTP/2 where ALPN says so, or one HTTP/1.1 head,
/// within the handshake's time. What follows the head belongs to the session that is made of it.
///
/// Owned by its transport, on the loop's thread.
final class ClientConnection {
    private let transport: Transport
    private let listener: RelaySnapshot.Listener
    private unowned let worker: Worker
    /// The request must be complete by then.
    private let deadline: Instant
    private var parser: RequestHeadParser
    /// Set until the request is complete.
    private var waiting: (number: UInt64, timer: TimerToken)?
    private let acceptedAt: Instant
    private var hasSpoken = false
    private var hasRequested = false

    init(_ transport: Transport, listener: RelaySnapshot.Listener, worker: Worker) {
        self.transport = transport
        self.listener = listener
        self.worker = worker
        deadline = worker.loop.now + worker.snapshot.handshake
        parser = RequestHeadParser(limits: worker.snapshot.headLimits)
        acceptedAt = worker.loop.now
    }

    func start() throws(SystemError) {
        // Those who stream already do not wait for whoever has only come.
        try transport.start(self, precedence: .patient)
        let timer = worker.loop.schedule(self, at: deadline)
        waiting = (worker.newcomerArrived(self), timer)
    }

    /// The request is complete, or will never be.
    private func settle() {
        guard let (number, timer) = waiting else { return }
        waiting = nil
        worker.loop.cancel(timer)
        worker.newcomerSettled(number)
    }
}

extension ClientConnection: Newcomer {
    func giveWay() {
        settle()
        transport.abort()
    }
}

extension ClientConnection: TransportDelegate {
    func transportOpened(_ transport: Transport) {
        guard transport.tls?.negotiatedProtocol == "h2" else { return }
        let connection = MultiplexedConnection(transport, listener: listener, worker: worker)
        connection.start(deadline: deadline, acceptedAt: acceptedAt)
        settle()
    }

    func transport(_ transport: Transport, received bytes: RawSpan) {
        hasSpoken = true
        // Parsed, or refused.
        defer { transport.wipe(bytes) }
        // One request is all that a connection can make: its answer is the end of it, or a session.
        guard !hasRequested else { return }
        do throws(HTTPError) {
            var consumed = 0
            guard let head = try parser.parse(bytes, consumed: &consumed) else { return }
            hasRequested = true
            worker.countHandshake(worker.loop.now.duration(since: acceptedAt))
            worker.receive(
                head, from: .connection(transport), on: listener, followedBy: bytes.extracting(consumed...)
            ) { [self] in settle() }
            // What follows is audio.
            transport.tls?.wipesPlaintext = false
        } catch {
            refuse(Refusal(error))
        }
    }

    func transportWrote(_ transport: Transport) {}

    func transport(_ transport: Transport, ended end: TransportEnd) {
        settle()
        worker.noteEnd(end, of: transport)
    }

    private func refuse(_ refusal: Refusal) {
        worker.refuse(refusal, to: .connection(transport)) { [self] in settle() }
    }
}

extension ClientConnection: TimerHandler {
    /// RFC 9110 §15.5.9. A client that has said nothing is not told either: it may be no HTTP client at all.
    func fired(tag: Int) {
        guard hasSpoken else {
            settle()
            return transport.abort()
        }
        refuse(Refusal(.timeout, "The request was not complete in time.", status: 408))
    }
}

extension Refusal {
    /// A request that is not proper HTTP. PRODUCT.md has fewer statuses than HTTP: a long line is too large a head.
    init(_ error: HTTPError) {
        self.init(.badRequest, error.sentence, status: error.status == 414 ? 431 : error.status)
    }
}
