import Bytes
import HTTP
import Identity
import Policy
import Reactor
import RelayCore
import Timing
import Transport
import WebSocket

/// Runs one session: feeds it what its legs, its dial and its timer report, and does what it asks. It holds no rule.
///
/// It and all it owns belong to one loop's thread. Its worker keeps it until the session is concluded.
final class SessionDriver {
    let id: String
    private var session: Session
    private let client: Transport
    private let upstream = UpstreamLeg()
    private unowned let worker: Worker
    private var timer: (token: TimerToken, due: Instant)?
    private var dialer: Dialer?
    /// What the request said, until the upstream is open.
    private var request: Request?
    private var isAdmitted = false

    private struct Request {
        let upgrade: UpgradeRequest?
        let credential: Credential?
        let upstream: UpstreamRequest
    }

    init(_ client: Transport, worker: Worker) {
        id = worker.newSessionID()
        self.client = client
        self.worker = worker
        let snapshot = worker.snapshot
        session = Session(id: id, settings: snapshot.session, policy: snapshot.policy, now: worker.loop.now)
        client.hand(to: self)
        worker.add(self)
    }

    /// Begins with a complete head; `rest` are the bytes behind it, which belong to the WebSocket that may follow.
    func begin(with head: RequestHead, on listener: RelaySnapshot.Listener, followedBy rest: RawSpan) {
        let reading = RequestReading(head, on: listener, under: worker.snapshot)
        request = Request(
            upgrade: reading.upgrade, credential: reading.credential, upstream: UpstreamRequest(head))
        switch reading.outcome {
        case .success where !worker.isServing: handle(.rejected(.draining, reading.refusalForm))
        case .success(let request): handle(.requested(request))
        case .failure(let refusal): handle(.rejected(refusal, reading.refusalForm))
        }
        if rest.byteCount > 0 { pass(rest, from: .client) }
    }

    /// Begins with what cannot become a session.
    func refuse(_ refusal: Refusal) {
        handle(.rejected(refusal, .http))
    }

    /// The relay's time is over.
    func drain() {
        handle(.drain)
    }

    private func handle(_ event: SessionEvent) {
        perform(session.handle(event, now: worker.loop.now))
        setTimer()
    }
}

// MARK: Bytes

extension SessionDriver: TransportDelegate {
    func transport(_ transport: Transport, received bytes: RawSpan) {
        pass(bytes, from: leg(of: transport))
    }

    /// Everything that one read brought is passed on before anything is sent: one `send` for it all.
    private func pass(_ bytes: RawSpan, from leg: Leg) {
        var start = 0
        while start < bytes.byteCount {
            let received = session.receive(bytes.extracting(start...), from: leg, now: worker.loop.now) { run in
                if leg == .client { upstream.write(run) } else { client.write(run) }
            }
            start += received.consumed
            perform(received.takeReaction())
        }
        reportQueue(toward: leg.other)
    }

    private func reportQueue(toward leg: Leg) {
        worker.buffers.flush()
        let queued = leg == .client ? client.queuedBytes : upstream.queuedBytes
        perform(session.queued(queued, toward: leg, now: worker.loop.now))
    }

    func transportOpened(_ transport: Transport) {}

    func transportWrote(_ transport: Transport) {
        reportQueue(toward: leg(of: transport))
    }

    func transport(_ transport: Transport, ended end: TransportEnd) {
        handle(.legEnded(leg(of: transport)))
    }

    private func leg(of transport: Transport) -> Leg {
        transport === client ? .client : .upstream
    }
}

// MARK: Actions

extension SessionDriver {
    private func perform(_ reaction: consuming Reaction) {
        guard !reaction.isEmpty else { return }
        for action in reaction.actions { perform(action) }
        if let endpoint = reaction.takeDial() { dial(endpoint) }
        setTimer()
    }

    private func perform(_ action: SessionAction) {
        switch action {
        case .identify: identify()
        case .open: client.write(OpeningAnswer.bytes(to: request?.upgrade))
        case .refuse(let refusal): answer(refusal)
        case .send(.client, let frame): client.write(frame.encoded(mask: nil))
        case .send(.upstream, let frame): upstream.write(frame)
        case .fill(let count, let key, let offset): upstream.fill(count, key: key, offset: offset)
        case .pause(let leg): transport(of: leg)?.pauseReading()
        case .resume(let leg): transport(of: leg)?.resumeReading()
        case .abandonDial: dropDial()
        case .finish(let leg): transport(of: leg)?.finish()
        case .abort(let leg): transport(of: leg)?.abort()
        case .conclude(let summary): conclude(summary)
        }
    }

    private func transport(of leg: Leg) -> Transport? {
        leg == .client ? client : upstream.transport
    }

    private func identify() {
        let identification = worker.snapshot.clientKeys.identify(request?.credential)
        var admission = Admission.admitted
        if case .tenant = identification.outcome {
            admission = worker.sessions.enter()
            isAdmitted = admission == .admitted
        }
        handle(.identified(identification.outcome, admission))
    }

    private func answer(_ refusal: Refusal) {
        client.write(RefusalAnswer.bytes(refusal, session: id))
        client.finish()
    }

    private func conclude(_ summary: SessionSummary) {
        if let timer { worker.loop.cancel(timer.token) }
        timer = nil
        dropDial()
        if isAdmitted { worker.sessions.leave() }
        worker.concluded(self, summary)
    }

    /// One timer for all of a session's deadlines. Traffic moves them later without touching it: it asks again when it fires.
    private func setTimer() {
        guard let due = session.nextDeadline else { return }
        if let timer {
            guard due < timer.due else { return }
            worker.loop.cancel(timer.token)
        }
        timer = (worker.loop.schedule(self, at: due), due)
    }
}

extension SessionDriver: TimerHandler {
    func fired(tag: Int) {
        timer = nil
        if let due = session.nextDeadline, due <= worker.loop.now { handle(.deadline) }
        if timer == nil { setTimer() }
    }
}

// MARK: The dial

extension SessionDriver: DialerOwner {
    private func dial(_ endpoint: consuming GrantedEndpoint) {
        guard let request, let zone = worker.snapshot.zones[endpoint.zone] else {
            preconditionFailure("a grant for zone \(endpoint.zone), which the snapshot it was granted under lacks")
        }
        let dialer = Dialer(endpoint, zone: zone, request: request.upstream, worker: worker)
        self.dialer = dialer
        dialer.start(for: self)
    }

    func dialerSentUpgrade(_ dialer: Dialer) {
        handle(.upgradeSent)
    }

    func dialer(_ dialer: Dialer, opened transport: Transport, early: [UInt8]) {
        self.dialer = nil
        request = nil
        transport.hand(to: self)
        upstream.open(transport)
        handle(.dialed)
        reportQueue(toward: .upstream)
        if !early.isEmpty { pass(early.span.bytes, from: .upstream) }
    }

    func dialer(_ dialer: Dialer, failed failure: DialFailure) {
        self.dialer = nil
        worker.dialFailed(failure, endpoint: dialer.endpoint, session: id)
        handle(.dialFailed(failure))
    }

    private func dropDial() {
        dialer?.abandon()
        dialer = nil
    }
}
