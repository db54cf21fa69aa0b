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
    /// Unchecked, because it is used with every message. Nothing that it lends bytes to calls back: transports only write.
    @exclusivity(unchecked) private var session: Session
    private let client: ClientLeg
    private let upstream = UpstreamLeg()
    private unowned let worker: Worker
    /// What the session is judged under.
    private var snapshot: RelaySnapshot
    private let loop: EventLoop
    private var timer: (token: TimerToken, due: Instant)?
    private var dialer: Dialer?
    /// The upstream that was dialed, until the session joins it.
    private var dialed: Dialed?
    /// The dials so far: tells which of them a record is of.
    private var dials = 0
    /// Set from the first dial on.
    private var screen: KeyScreen?
    /// What the request said, until the upstream is open.
    private var request: Request?
    /// Whose place it has; nil: it has none.
    private var place: TenantName?
    /// What was dialled in vain before the dial under way.
    private var failedEndpoint: Endpoint?
    /// What proved the tenant.
    private var proof: CredentialProof?
    /// Where the client is, as far as balancers before it are believed.
    private var clientAddress: IPAddress?
    /// Where the client was let in; nil until its request is complete.
    private var listener: RelaySnapshot.Listener?
    /// Whom the credential proves is being asked, and what the limits say.
    private var isBeingJudged = false
    /// Whom a refusal of the request is counted against.
    private var refused: Refused?
    /// What came of the client and may not pass yet.
    private var heldBack: [UInt8]?
    /// The same of the upstream.
    private var heldWords: [UInt8]?
    /// The client has said properly that nothing more comes, behind what is held back.
    private var hasClientLeft = false
    /// Set when what proved the tenant opens one session.
    private var oneTime: OneTime?
    /// What its spans are made of; nil: it is not traced.
    private var trace: SessionTrace?
    /// What keeps a refusal from being told in full.
    private var obstacle: RefusalObstacle?
    /// Where its traffic is added up; nil until its upstream is open.
    private(set) var trafficLine: Int?
    /// How long the provider took to begin has been counted.
    private var isBeginCounted = false
    // What the session was told last of the bytes that wait for each leg. In a steady flow there is nothing to tell.
    private var toldOfClient = 0
    private var toldOfUpstream = 0

    private struct Dialed {
        let transport: Transport
        /// What it has said.
        var early: [UInt8]
    }

    private struct Request {
        let upgrade: UpgradeRequest?
        /// Until it is asked whom it proves.
        var credential: Credential?
        let upstream: UpstreamRequest
    }

    init(_ client: ClientLeg, worker: Worker) {
        id = worker.newSessionID()
        self.client = client
        self.worker = worker
        loop = worker.loop
        snapshot = worker.snapshot
        clientAddress = IPAddress(bytes: client.peer.bytes)
        var settings = snapshot.session
        settings.recordsOpenings = worker.keepsReceipts
        session = Session(id: id, settings: settings, policy: snapshot.policy, now: loop.now)
        client.hand(to: self)
        worker.add(self)
    }

    /// Begins with a complete head and what it says; `rest` are the bytes behind it, which belong to the WebSocket that may
    /// follow.
    func begin(
        with head: RequestHead, _ reading: RequestReading, on listener: RelaySnapshot.Listener, followedBy rest: RawSpan
    ) {
        self.listener = listener
        trace = snapshot.traces?.trace(of: head)
        clientAddress = listener.client(of: head, at: client.peer)
        request = Request(
            upgrade: reading.upgrade, credential: reading.credential, upstream: UpstreamRequest(head))
        switch reading.outcome {
        case .success where !worker.admitsSessions: handle(.rejected(.draining, reading.refusalForm))
        case .success(let request): handle(.requested(request))
        case .failure(let refusal):
            worker.told(.stranger(at: clientAddress, showing: reading.credential))
            handle(.rejected(refusal, reading.refusalForm))
        }
        if isBeingJudged {
            heldBack = [UInt8](rest)
        } else if rest.byteCount > 0 {
            pass(rest, from: .client)
        }
    }

    /// Begins with what cannot become a session.
    func refuse(_ refusal: Refusal) {
        worker.told(.stranger(at: clientAddress))
        handle(.rejected(refusal, .http))
    }

    /// What a list tells of the session; nil for one that was not let in.
    var liveRecord: LiveRecord? {
        var summary = session.summary(now: loop.now)
        (summary.proof, summary.client) = (proof, clientAddress)
        guard proof != nil, summary.refusal == nil, let stage = session.stage else { return nil }
        return LiveRecord(
            summary: summary, stage: stage, startedAt: session.startedAt, beginTime: session.beginTime,
            hasAuthorization: session.hasAuthorization, parameters: session.parameters)
    }

    /// What the session has carried.
    var traffic: (up: Meter, down: Meter) { session.traffic }

    /// The audio that its zone has heard, where that is known.
    var audio: Duration? { session.audio }

    /// How long the provider took to begin, and where: once, as soon as it has.
    func takeBegin() -> (Duration, Zone)? {
        guard !isBeginCounted, let duration = session.beginTime, let zone = session.endpoint?.zone else { return nil }
        isBeginCounted = true
        return (duration, zone)
    }

    /// An operator ends the session. False when it had ended already.
    func dismiss() -> Bool {
        guard session.mayBeDismissed else { return false }
        handle(.dismiss)
        return true
    }

    /// The relay's time is over.
    func drain() {
        handle(.drain)
    }

    /// The session's record, should it end here and now, without a word to anyone.
    var recordIfCut: SessionSummary {
        var summary = session.summaryIfCut(now: loop.now)
        (summary.proof, summary.client) = (proof, clientAddress)
        return summary
    }

    /// Whether the session has been judged under `snapshot`.
    func isJudged(under snapshot: RelaySnapshot) -> Bool {
        self.snapshot === snapshot
    }

    /// Judges the session under the worker's snapshot, unless it has been.
    func reconsider() {
        guard !isJudged(under: worker.snapshot) else { return }
        snapshot = worker.snapshot
        judge(isStillVerified: upstreamTransport.map(mayStand) ?? true)
    }

    private func judge(isStillVerified: Bool) {
        let identity = proof.map(identifyAgain) ?? .missing
        handle(
            .policyChanged(
                Reconsideration(
                    policy: snapshot.policy, identity: identity, isStillVerified: isStillVerified,
                    providers: snapshot.session.providers, spareKeys: snapshot.session.spareKeys)))
    }

    private func handle(_ event: SessionEvent) {
        perform(session.handle(event, now: loop.now))
        // An event that asks for nothing may still have set a deadline.
        setTimer()
    }
}

// MARK: Bytes

extension SessionDriver: TransportDelegate {
    func transport(_ transport: Transport, received bytes: RawSpan) {
        guard !client.isConnection(transport), let screen else { return read(bytes, from: transport) }
        // Nothing else of the relay gets to see the key: not the session, and so no record of it either.
        if screen.pass(bytes, to: { read($0, from: transport) }) { transport.wipe(bytes) }
    }

    private func read(_ bytes: RawSpan, from transport: Transport) {
        if dialed?.transport === transport { return bytes.withUnsafeBytes { dialed?.early.append(contentsOf: $0) } }
        pass(bytes, from: leg(of: transport))
    }

    /// Everything that one read brought is passed on before anything is sent: one `send` for it all.
    private func pass(_ bytes: RawSpan, from leg: Leg) {
        let now = loop.now
        let wasPinged = session.awaitsPong(of: leg)
        var hasActed = false
        var start = 0
        while start < bytes.byteCount {
            let received = session.receive(bytes.extracting(start...), from: leg, now: now) { run in
                switch leg {
                case .client: upstream.pass(run)
                case .upstream: tell(run)
                }
            }
            start += received.consumed
            guard received.asksForAction else { continue }
            perform(received.takeReaction())
            hasActed = true
            if session.mustWait(leg), start < bytes.byteCount {
                let rest = [UInt8](bytes.extracting(start...))
                if leg == .client { heldBack = rest } else { heldWords = rest }
                break
            }
        }
        reportQueue(toward: leg.other)
        if worker.latency.isDue() { worker.latency.observe(MonotonicClock.now().duration(since: now), from: leg) }
        // What the relay itself answered waits too: whoever pings and reads nothing must make nothing grow.
        if hasActed { reportQueue(toward: leg) }
        if wasPinged { setTimer() }
    }

    /// Writes frames to the client.
    private func tell(_ bytes: RawSpan) {
        guard let screen else { return client.write(bytes) }
        screen.pass(bytes) { client.write($0) }
    }

    private func reportQueue(toward leg: Leg) {
        client.flush()
        let (queued, told) =
            switch leg {
            case .client: (client.queuedBytes, toldOfClient)
            case .upstream: (upstream.queuedBytes, toldOfUpstream)
            }
        guard queued != told else { return }
        switch leg {
        case .client: toldOfClient = queued
        case .upstream: toldOfUpstream = queued
        }
        perform(session.queued(queued, toward: leg, now: loop.now))
        // What waits may stall, however little it is.
        if queued > 0 { setTimer() }
    }

    func transportOpened(_ transport: Transport) {}

    func transportWrote(_ transport: Transport) {
        reportQueue(toward: leg(of: transport))
    }

    func transport(_ transport: Transport, ended end: TransportEnd) {
        if dialed?.transport === transport { dialed = nil }
        if client.isConnection(transport), case .closed = end, heldBack != nil, session.mustWait(.client) {
            hasClientLeft = true
            return
        }
        handle(.legEnded(leg(of: transport)))
    }

    private func leg(of transport: Transport) -> Leg {
        client.isConnection(transport) ? .client : .upstream
    }
}

/// The client's side, where it has no transport of its own.
extension SessionDriver {
    func received(_ bytes: RawSpan) {
        pass(bytes, from: .client)
    }

    func clientWrote() {
        reportQueue(toward: .client)
    }

    func clientEnded() {
        handle(.legEnded(.client))
    }
}

// MARK: Actions

extension SessionDriver {
    private func perform(_ reaction: consuming Reaction) {
        guard !reaction.isEmpty else { return }
        for action in reaction.actions { perform(action) }
        if let endpoint = reaction.takeDial() { dial(endpoint) }
        setTimer()
        passEarlyWords()
        passHeldWords()
        passHeldBack()
    }

    private func perform(_ action: SessionAction) {
        switch action {
        case .identify: identify()
        case .admit(let tenant): admit(tenant)
        case .open: request?.upgrade.map(client.open)
        case .refuse(let refusal): answer(refusal)
        case .send(.client, let frame): tell(frame.encoded(mask: nil).span.bytes)
        case .send(.upstream, let frame): upstream.write(frame)
        case .fill(let count, let key, let offset): upstream.fill(count, key: key, offset: offset)
        case .discard: upstream.discard()
        case .spend: spend()
        case .drawAudio: drawAudio()
        case .passHeld: session.passHeld(tell)
        case .join: join()
        case .pause(.client): client.pauseReading()
        case .pause(.upstream): upstreamTransport?.pauseReading()
        case .resume(.client): client.resumeReading()
        case .resume(.upstream): upstreamTransport?.resumeReading()
        case .abandonDial: dropDial()
        case .reportRefusedKey(let endpoint, let key): worker.keyRefused(key, at: endpoint, session: id)
        case .rewind: upstream.rewind()
        case .forgetPassed: forgetPassed()
        case .finish(.client): client.finish()
        case .finish(.upstream): upstreamTransport?.finish()
        case .abort(.client): client.abort()
        case .abort(.upstream): upstreamTransport?.abort()
        case .conclude(let summary): conclude(summary)
        }
    }

    private var upstreamTransport: Transport? { upstream.transport ?? dialed?.transport }

    private func identify() {
        // A connection taken before the relay began to drain, whose request came too late.
        guard worker.admitsSessions else { return handle(.drain) }
        isBeingJudged = true
        // Nobody holds it for longer than it takes to ask.
        let credential = request?.credential.take()
        worker.identify(credential) { [weak self] in self?.identified($0, by: credential) }
        // Frames of the client would have nowhere to go yet.
        if isBeingJudged { client.pauseReading() }
    }

    private func identified(_ identification: Identification, by credential: Credential?) {
        (proof, oneTime) = (identification.proof, identification.oneTime)
        var outcome = identification.outcome
        if let objection = oneTime.flatMap(worker.tokens.objection) { outcome = objection }
        let refused = Refused(outcome, showing: credential, at: clientAddress)
        self.refused = refused
        obstacle = worker.obstacle(to: refused)
        if let obstacle { session.limitRefusals(to: .tooOften(obstacle)) }
        judgeRequest(
            by: .identified(
                outcome, bounds: identification.bounds, isOneTime: oneTime != nil,
                down: worker.health.down(now: loop.now)))
    }

    private func admit(_ tenant: TenantName) {
        switch worker.admit(tenant, for: id, with: oneTime) {
        case .settled(let admission, let objection): entered(tenant, admission, objection)
        case .asked: break
        }
    }

    /// What the limits say, and what speaks against the credential, is known.
    func entered(_ tenant: TenantName, _ admission: Admission, _ objection: IdentityOutcome?) {
        if admission == .admitted, objection == nil { place = tenant }
        judgeRequest(by: .admitted(admission, objection: objection))
        // A client that is refused in-band may take its time with the Close; a place is for those who are heard.
        if dialer == nil { giveBackPlace() }
    }

    /// Has the session judge its request by what is known now, and counts a refusal against whom it concerns.
    private func judgeRequest(by event: SessionEvent) {
        // Before, because it may be the end. Where limits are asked elsewhere, their answer decides, and comes later.
        trace?.decided(at: loop.now)
        handle(event)
        let isRefused = session.refusal != nil
        if isRefused, obstacle == nil, let refused = refused.take() { worker.told(refused) }
        guard isBeingJudged, isRefused || dialer != nil else { return }
        isBeingJudged = false
        // Whoever streams does not wait for those who have only come.
        if dialer != nil { client.transport.promote() }
        if let tenant = session.tenant, let zone = session.granted { worker.countGrant(zone, to: tenant) }
        if heldBack != nil { client.resumeReading() }
        passHeldBack()
    }

    /// What of the client's has come and may pass now, and its end if that has come, too.
    private func passHeldBack() {
        guard heldBack != nil, !isBeingJudged, !session.mustWait(.client), let bytes = heldBack.take() else { return }
        if !bytes.isEmpty { pass(bytes.span.bytes, from: .client) }
        guard heldBack == nil, hasClientLeft else { return }
        hasClientLeft = false
        handle(.legEnded(.client))
    }

    /// What of the upstream's has come and may pass now.
    private func passHeldWords() {
        guard heldWords != nil, !session.mustWait(.upstream), let words = heldWords.take() else { return }
        pass(words.span.bytes, from: .upstream)
    }

    private func identifyAgain(_ proof: CredentialProof) -> IdentityOutcome {
        if let listener, !snapshot.stillTakes(client.transport, on: listener) { return .unknown }
        return session.tenant.map { snapshot.identifier.identifyAgain(proof, of: $0) } ?? .missing
    }

    private func drawAudio(isLast: Bool = false) {
        guard let place else { return }
        handle(.audioDrawn(worker.drawAudio(of: place, for: id, isLast: isLast)))
    }

    /// Others have been asked for audio.
    func audioMayBeDrawn() {
        if session.awaitsAudio { drawAudio(isLast: true) }
    }

    /// Others may have the place of this session from now on.
    func placesLost(of tenant: TenantName) {
        if place == tenant { handle(.placeLost) }
    }

    private func spend() {
        guard let oneTime else { return handle(.spent(true)) }
        handle(worker.spend(oneTime, by: id).map { .spent($0) } ?? .spending)
    }

    /// Others have been asked whose the token is.
    func heard(_ spending: SharedSpending) {
        guard let oneTime else { return }
        switch spending {
        case .spent:
            _ = worker.tokens.spend(oneTime, by: id)
            handle(.spent(true))
        case .another: handle(.spent(false))
        case .alone: handle(.spent(worker.tokens.spend(oneTime, by: id)))
        case .unknown: handle(.placeLost)
        }
    }

    /// A newer attempt has come with the same credential.
    func superseded() {
        handle(.superseded)
    }

    private func answer(_ refusal: Refusal) {
        client.answer(Answer(refusal, session: id))
        if obstacle == nil { client.finish() } else { client.leave() }
    }

    private func conclude(_ summary: SessionSummary) {
        if let timer { loop.cancel(timer.token) }
        timer = nil
        dropDial()
        giveBackPlace()
        if let oneTime { worker.giveUp(oneTime, by: id) }
        if let obstacle, dials == 0, summary.refusal != nil { return worker.turnedAway(self, obstacle) }
        var summary = summary
        (summary.proof, summary.client) = (proof, clientAddress)
        leaveSpans(of: summary)
        worker.concluded(self, summary)
    }

    /// What is left of a session that is over, or cut, for those who read traces.
    func leaveSpans(of summary: SessionSummary) {
        guard let trace else { return }
        worker.spans.add(
            trace.spans(
                of: summary, from: session.startedAt, beginTime: session.beginTime, to: loop.now,
                wall: WallClock.seconds()))
    }

    private func giveBackPlace() {
        guard let place = place.take() else { return }
        if let audio = session.audioSettlement {
            worker.settleAudio(of: place, drawn: audio.drawn, used: audio.used, on: audio.day)
        }
        if dials > 0 { worker.leave(place) } else { worker.cancel(place) }
    }

    /// One timer for all of a session's deadlines. Traffic moves them later without touching it: it asks again when it fires.
    private func setTimer() {
        guard let due = session.nextDeadline else { return }
        if let timer {
            guard due < timer.due else { return }
            loop.cancel(timer.token)
        }
        timer = (loop.schedule(self, at: due), due)
    }
}

extension SessionDriver: TimerHandler {
    func fired(tag: Int) {
        timer = nil
        if let due = session.nextDeadline, due <= loop.now { handle(.deadline) }
        if timer == nil { setTimer() }
    }
}

// MARK: The dial

extension SessionDriver: DialerOwner {
    private func dial(_ endpoint: consuming GrantedEndpoint) {
        guard let request, let zone = snapshot.zones[endpoint.zone] else {
            preconditionFailure("a grant for zone \(endpoint.zone), which the snapshot it was granted under lacks")
        }
        if let failedEndpoint { worker.countFailover(from: failedEndpoint, to: endpoint.zone) }
        record(endpoint)
        let forced = snapshot.policy.parameters(of: endpoint.tenant)?.forced ?? []
        let traceparent = trace?.dialBegan(endpoint.endpoint, at: loop.now)
        let upstream = request.upstream.setting(forced).naming(traceparent: traceparent)
        let dialer = Dialer(endpoint, zone: zone, request: upstream, worker: worker)
        screen = dialer.screen
        self.dialer = dialer
        dialer.start(for: self)
    }

    func dialerSentUpgrade(_ dialer: Dialer) {
        handle(.upgradeSent)
    }

    func dialer(_ dialer: Dialer, opened transport: Transport, early: [UInt8]) {
        trace?.dialEnded(at: loop.now)
        reconsider()
        // It was verified by the rules of the moment its dial began. Those of now bind it, too.
        if !mayStand(transport, dialledBy: dialer) { judge(isStillVerified: false) }
        // The new policy replaced the dial by another.
        guard self.dialer === dialer else { return transport.abort() }
        self.dialer = nil
        transport.hand(to: self)
        dialed = Dialed(transport: transport, early: early)
        worker.opened(dialer.endpoint, at: transport.peer, session: id)
        worker.verificationFailed(dialer.alarms, endpoint: dialer.endpoint, session: id)
        handle(.dialed(UpstreamPeer(transport)))
        if dialed != nil { transport.pauseReading() }
    }

    private func join() {
        guard let dialed else { return }
        upstream.open(dialed.transport, keeping: session.keptBytes)
        trace?.joined(at: loop.now)
        if session.keptBytes == nil { request = nil }
        dialed.transport.resumeReading()
        guard let duration = session.dialTime, let zone = session.endpoint?.zone else { return }
        worker.countDial(duration, in: zone)
        trafficLine = session.tenant.map { worker.trafficLine(of: $0, in: zone) }
    }

    /// Once the upstream is joined, what it said before is passed.
    private func passEarlyWords() {
        guard let words = dialed?.early, upstream.transport != nil else { return }
        dialed = nil
        reportQueue(toward: .upstream)
        if !words.isEmpty { pass(words.span.bytes, from: .upstream) }
    }

    /// Puts on record where the session is about to be opened.
    private func record(_ endpoint: borrowing GrantedEndpoint) {
        dials += 1
        let isWaitedFor = worker.record(
            endpoint.endpoint, granted: endpoint.tenant, under: snapshot.policy, session: id, dial: dials)
        if !isWaitedFor { handle(.recorded) }
    }

    /// A dial's opening is on record, or cannot be.
    func recorded(dial: Int, isWritten: Bool) {
        guard dial == dials else { return }
        handle(isWritten ? .recorded : .notRecorded)
    }

    func dialer(_ dialer: Dialer, failed failure: DialFailure) {
        failedEndpoint = dialer.endpoint
        trace?.dialEnded(failure, at: loop.now)
        worker.verificationFailed(dialer.alarms, endpoint: dialer.endpoint, session: id)
        worker.dialFailed(failure, endpoint: dialer.endpoint, session: id)
        // What is dialled next is granted under the policy of now.
        reconsider()
        guard self.dialer === dialer else { return }
        self.dialer = nil
        handle(.dialFailed(failure))
    }

    /// Whether the rules of now would let an upstream connection be made that was made under those of before.
    private func mayStand(_ transport: Transport) -> Bool {
        guard let endpoint = session.endpoint, let zone = snapshot.zones[endpoint.zone] else { return false }
        return EndpointVerification(endpoint, in: zone).admits(transport)
    }

    /// A handshake that other authorities vouched for cannot be judged again; a connection as young is given up.
    private func mayStand(_ transport: Transport, dialledBy dialer: Dialer) -> Bool {
        mayStand(transport) && snapshot.zones[dialer.endpoint.zone]?.tls === dialer.zone.tls
    }

    private func forgetPassed() {
        upstream.discard()
        request = nil
    }

    private func dropDial() {
        if dialer != nil { trace?.dialEnded(at: loop.now) }
        dialer?.abandon()
        dialer = nil
        if upstream.transport == nil { dialed?.transport.abort() }
        dialed = nil
    }
}
