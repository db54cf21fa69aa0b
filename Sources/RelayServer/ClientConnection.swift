import HTTP
import Policy
import Reactor
import RelayCore
import TLS
import Telemetry
import Timing
import Transport

/// An accepted connection until its request is complete: TLS, then one HTTP/1.1 head, within the handshake's time.
///
/// What follows the head belongs to the session that is made of it; a request for a token is answered here and now. Owned by its transport, on the loop's thread.
final class ClientConnection {
    private let transport: Transport
    private let listener: RelaySnapshot.Listener
    private unowned let worker: Worker
    private var parser: RequestHeadParser
    private var timer: TimerToken?
    private var hasSpoken = false
    /// The request is for a token; nothing else is taken on this connection.
    private var isAnswering = false

    init(_ transport: Transport, listener: RelaySnapshot.Listener, worker: Worker) {
        self.transport = transport
        self.listener = listener
        self.worker = worker
        parser = RequestHeadParser(limits: worker.snapshot.headLimits)
    }

    func start() throws(SystemError) {
        try transport.start(self)
        timer = worker.loop.schedule(self, at: worker.loop.now + worker.snapshot.handshake)
        worker.newcomerArrived()
    }

    /// The request is complete, or will never be.
    private func settle() {
        guard let timer else { return }
        worker.loop.cancel(timer)
        self.timer = nil
        worker.newcomerSettled()
    }
}

extension ClientConnection: TransportDelegate {
    func transportOpened(_ transport: Transport) {}

    func transport(_ transport: Transport, received bytes: RawSpan) {
        hasSpoken = true
        // Parsed, or refused.
        defer { transport.wipe(bytes) }
        guard !isAnswering else { return }
        do throws(HTTPError) {
            var consumed = 0
            guard let head = try parser.parse(bytes, consumed: &consumed) else { return }
            if let desk = TokenDesk(head, of: transport, on: listener, worker: worker) { return answer(desk) }
            let certificate = worker.snapshot.certificate(of: transport, on: listener)
            let reading = RequestReading(head, certificate: certificate, on: listener, under: worker.snapshot)
            if let obstacle = worker.obstacle(to: reading, from: transport.peer) { return turnAway(obstacle) }
            let session = SessionDriver(transport, worker: worker)
            settle()
            session.begin(with: head, reading, on: listener, followedBy: bytes.extracting(consumed...))
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

    private func answer(_ desk: TokenDesk) {
        isAnswering = true
        desk.answer { [weak self] in self?.end(with: $0) }
    }

    private func end(with answer: Result<[UInt8], RefusalObstacle>) {
        switch answer {
        case .failure(let obstacle): turnAway(obstacle)
        case .success(let bytes):
            transport.write(bytes)
            transport.finish()
            settle()
        }
    }

    private func turnAway(_ obstacle: RefusalObstacle) {
        settle()
        worker.turnAway(transport, obstacle)
    }

    private func refuse(_ refusal: Refusal) {
        if let obstacle = worker.obstacle(to: .stranger(at: transport.peer, showing: nil)) { return turnAway(obstacle) }
        let session = SessionDriver(transport, worker: worker)
        settle()
        session.refuse(refusal)
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
