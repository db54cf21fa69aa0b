import Bytes
import Policy
import RelayCore
import Testing
import Timing
import WebSocket

/// A conversation with one session: what happens, and all that the session makes of it.
///
/// ```
/// let play = Playbook()
/// play.when(.requested(SessionRequest(ask: Ask())), then: .identify)
/// play.when(.identified(.tenant(.acme)), then: .open, .dial("us1.example"))
/// ```
///
/// An action that is not listed fails the test just as one that is listed and does not come. Both legs are read along
/// (`Wire`), so that every test also fails when the session says something that could not stand on the wire.
final class Playbook {
    private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    /// What each peer was sent.
    private(set) var toClient = Wire(from: .server)
    private(set) var toUpstream = Wire(from: .client)
    private(set) var summary: SessionSummary?
    /// The 101 is out.
    private(set) var isOpen = false
    private(set) var isDialUnderWay = false
    /// A dial has led to an open leg.
    private(set) var hasUpstream = false
    /// What waits for the upstream may go there.
    private(set) var hasJoined = false
    let isForAssemblyAI: Bool
    /// No other session has spent the credential, should this one ask.
    var isFirstToSpend = true
    /// Whether it is known at once who has.
    var knowsSpending = true
    /// What the limits say; nil: nothing yet.
    var admission: Admission? = .admitted
    /// For whom the limits were asked.
    private(set) var askedFor: [TenantName] = []
    /// What draws of audio come to, in order; then no more is said.
    var draws: [AudioDraw] = []
    /// What the session did that no session may do.
    private(set) var faults: [String] = []

    private var session: Session
    private var effects: [Effect] = []
    private var ended: Set<Leg> = []
    /// What the client sent and must wait.
    private(set) var heldBack: [UInt8] = []
    /// The same of the upstream.
    private(set) var heldWords: [UInt8] = []
    /// What the client sent so far and may have to be said again.
    private var passed: [UInt8] = []

    init(
        _ settings: SessionSettings = SessionSettings(), policy: PolicySnapshot = .sample()
    ) {
        isForAssemblyAI = settings.defaultProvider.speaksAssemblyAI
        session = Session(id: "s1", settings: settings, policy: policy, now: now)
    }
}

// MARK: What happens, and what follows

extension Playbook {
    func when(_ event: SessionEvent, then expected: Effect..., at place: SourceLocation = #_sourceLocation) {
        compare(happens(event), expected, "\(event)", place)
    }

    /// From here on any refusal is told as this one.
    func limitRefusals(to refusal: Refusal) {
        session.limitRefusals(to: refusal)
    }

    /// Bytes arrive on a leg, in pieces of at most `size` bytes.
    func when(
        _ leg: Leg, sends bytes: [UInt8]..., inPiecesOf size: Int = .max, then expected: Effect...,
        at place: SourceLocation = #_sourceLocation
    ) {
        compare(arrives(bytes.flatMap(\.self), from: leg, inPiecesOf: size), expected, "bytes of the \(leg)", place)
    }

    /// So many bytes wait for a leg's socket.
    func when(_ bytes: Int, waitFor leg: Leg, then expected: Effect..., at place: SourceLocation = #_sourceLocation) {
        compare(waits(bytes, for: leg), expected, "\(bytes) waiting for the \(leg)", place)
    }

    /// The session's next deadline comes, `duration` from now.
    func when(in duration: Duration, then expected: Effect..., at place: SourceLocation = #_sourceLocation) {
        #expect(timeToDeadline == duration, sourceLocation: place)
        wait(duration)
        compare(happens(.deadline), expected, "deadline", place)
    }

    /// Time passes, and nothing is due.
    func wait(_ duration: Duration) {
        now = now + duration
    }

    /// How long until the session wants to look at itself; nil when only its peers can move it on.
    var timeToDeadline: Duration? { session.nextDeadline.map { $0.duration(since: now) } }

    var isClosed: Bool { session.isClosed }

    /// Whether what the client sent may not be looked at yet.
    var holdsClientBack: Bool { session.mustWait(.client) }

    /// What the tenant's account must hear.
    var audioSettlement: (drawn: Duration, used: Duration, day: UTCDay)? { session.audioSettlement }

    /// The audio measured so far.
    var audio: Duration? { session.audio }

    /// Where the session stands in lists.
    var stage: Session.Stage? { session.stage }

    /// From the request to the provider's `Begin`.
    var beginTime: Duration? { session.beginTime }

    private func compare(_ happened: [Effect], _ expected: [Effect], _ cause: String, _ place: SourceLocation) {
        if happened != expected {
            let difference = expected.difference(from: happened).map {
                switch $0 {
                case .remove(let offset, let effect, _): "  surplus at \(offset): \(effect)"
                case .insert(let offset, let effect, _): "  missing at \(offset): \(effect)"
                }
            }
            Issue.record("upon \(cause):\n\(difference.joined(separator: "\n"))", sourceLocation: place)
        }
        if !faults.isEmpty { Issue.record("upon \(cause): \(faults)", sourceLocation: place) }
        faults = []
    }
}

// MARK: The same, without expectations

extension Playbook {
    @discardableResult
    func happens(_ event: SessionEvent) -> [Effect] {
        switch event {
        case .dialed:
            hasUpstream = hasUpstream || isDialUnderWay
            isDialUnderWay = false
        case .dialFailed:
            isDialUnderWay = false
            if !hasJoined { hasUpstream = false }
        case .legEnded(.client): ended.insert(.client)
        case .legEnded(.upstream):
            // One that was not joined is lost like a dial.
            if hasJoined { ended.insert(.upstream) } else { hasUpstream = false }
        case .requested, .rejected, .identified, .admitted, .audioDrawn, .upgradeSent, .recorded, .notRecorded, .spent,
            .spending, .placeLost, .superseded, .deadline, .policyChanged, .drain, .dismiss:
            break
        }
        perform(session.handle(event, now: now))
        passHeldBack()
        if case .deadline = event, let next = session.nextDeadline, next <= now {
            faults.append("the next deadline is not ahead after one was handled")
        }
        return takeEffects()
    }

    @discardableResult
    func arrives(_ bytes: [UInt8], from leg: Leg, inPiecesOf size: Int = .max) -> [Effect] {
        var left = bytes[...]
        while !left.isEmpty {
            arrive(Array(left.prefix(size)), from: leg)
            left = left.dropFirst(size)
        }
        return takeEffects()
    }

    /// As the driver does: everything a read brought is dealt with, and what it asks for is done on the way.
    private func arrive(_ bytes: [UInt8], from leg: Leg) {
        var start = 0
        var isStuck = false
        while start < bytes.count {
            let rest = Array(bytes[start...])
            let received = session.receive(rest.span.bytes, from: leg, now: now) { run in
                pass([UInt8](run), from: leg)
            }
            // A breach in the first byte takes none; what follows it is then taken unread.
            if received.consumed == 0, isStuck { return faults.append("nothing of \(rest.count) bytes is consumed") }
            isStuck = received.consumed == 0
            start += received.consumed
            perform(received.takeReaction())
            if session.mustWait(leg) {
                if leg == .client { heldBack += bytes[start...] } else { heldWords += bytes[start...] }
                return
            }
        }
    }

    /// What the legs sent and was not looked at yet.
    private func passHeldBack() {
        if !heldWords.isEmpty, !session.mustWait(.upstream) {
            let words = heldWords
            heldWords = []
            arrive(words, from: .upstream)
        }
        guard !heldBack.isEmpty, !session.mustWait(.client) else { return }
        let bytes = heldBack
        heldBack = []
        arrive(bytes, from: .client)
    }

    @discardableResult
    func waits(_ bytes: Int, for leg: Leg) -> [Effect] {
        perform(session.queued(bytes, toward: leg, now: now))
        return takeEffects()
    }

    /// Sends deadlines until there are none, or the session is over. False when it has not ended after many of them.
    func runDeadlines() -> Bool {
        for _ in 0..<100 where !session.isClosed {
            if let next = session.nextDeadline {
                now = max(now, next)
                happens(.deadline)
            } else if isDialUnderWay {
                happens(.dialFailed(DialFailure(.tooLate, "")))
            }
        }
        return session.isClosed
    }

    private func takeEffects() -> [Effect] {
        defer { effects = [] }
        return effects
    }
}

// MARK: What the session does

extension Playbook {
    private func pass(_ bytes: [UInt8], from leg: Leg) {
        if ended.contains(leg.other) { faults.append("bytes pass to the \(leg.other) after its end") }
        if leg == .client { passed += bytes }
        if leg == .client { toUpstream.write(bytes) } else { toClient.write(bytes) }
        switch (effects.last, leg) {
        case (.up(let before), .client): effects[effects.count - 1] = .up(before + bytes)
        case (.down(let before), .upstream): effects[effects.count - 1] = .down(before + bytes)
        case (_, .client): effects.append(.up(bytes))
        case (_, .upstream): effects.append(.down(bytes))
        }
        noteWireFaults()
    }

    private func perform(_ reaction: consuming Reaction) {
        for action in reaction.actions { perform(action) }
        guard let endpoint = reaction.takeDial() else { return }
        if isDialUnderWay { faults.append("a second dial while one is under way") }
        isDialUnderWay = true
        ended.remove(.upstream)
        effects.append(.dial(endpoint.endpoint.host, endpoint.key))
    }

    private func perform(_ action: SessionAction) {
        if summary != nil { faults.append("\(action) after the conclusion") }
        if let effect = Effect(action) { effects.append(effect) }
        switch action {
        case .identify, .reportRefusedKey, .forgetPassed: break
        case .admit(let tenant):
            askedFor.append(tenant)
            if let admission { perform(session.handle(.admitted(admission), now: now)) }
        case .drawAudio:
            guard !draws.isEmpty else { return }
            perform(session.handle(.audioDrawn(draws.removeFirst()), now: now))
        case .spend: perform(session.handle(knowsSpending ? .spent(isFirstToSpend) : .spending, now: now))
        case .passHeld: session.passHeld { pass([UInt8]($0), from: .upstream) }
        case .rewind: rewind()
        case .join:
            if hasJoined { faults.append("the upstream is joined twice") }
            hasJoined = true
        case .open: isOpen = true
        case .refuse:
            if isOpen { faults.append("a refusal over HTTP after the 101") }
            ended.insert(.client)
        case .send(let leg, let frame):
            expectAlive(leg, action)
            if case .text(let text) = frame, leg == .upstream, toUpstream.texts.contains(text) {
                faults.append("the upstream is told \(text) again")
            }
            if leg == .client { toClient.write(frame, key: nil) } else { toUpstream.write(frame, key: 0x0BAD_5EED) }
        case .fill(let count, let key, let offset):
            expectAlive(.upstream, action)
            toUpstream.fill(count, key: key, offset: offset)
        case .discard:
            if hasJoined { faults.append("what an open upstream was given cannot be discarded") }
            toUpstream = Wire(from: .client)
        case .pause(let leg), .resume(let leg): expectAlive(leg, action)
        case .abandonDial:
            if !isDialUnderWay { faults.append("no dial to abandon") }
            isDialUnderWay = false
            ended.insert(.upstream)
        case .finish(let leg), .abort(let leg):
            expectAlive(leg, action)
            ended.insert(leg)
        case .conclude(let summary):
            if isDialUnderWay { faults.append("concluded with a dial under way") }
            self.summary = summary
        }
        noteWireFaults()
    }

    /// The upstream is as if it had never been, and hears everything again.
    private func rewind() {
        if hasUpstream, !ended.contains(.upstream) { faults.append("two upstreams at once") }
        ended.remove(.upstream)
        hasUpstream = false
        hasJoined = false
        toUpstream = Wire(from: .client)
        toUpstream.write(passed)
    }

    private func expectAlive(_ leg: Leg, _ action: SessionAction) {
        if ended.contains(leg) { faults.append("\(action) after the leg's end") }
    }

    private func noteWireFaults() {
        faults += toClient.faults.map { "to the client: \($0)" } + toUpstream.faults.map { "to the upstream: \($0)" }
        toClient.faults = []
        toUpstream.faults = []
    }
}

/// One thing that follows: an action, a dial, or bytes that pass. Bytes that pass in a row are one effect.
enum Effect: Equatable {
    case identify
    case open
    case refuse(Refusal)
    case send(Leg, OwnFrame)
    case fill(count: UInt64, key: UInt32, offset: UInt64)
    case discard
    case spend
    case passHeld
    case drawAudio
    case pause(Leg)
    case resume(Leg)
    case abandonDial
    /// The host of the endpoint whose key was refused.
    case reportRefusedKey(String, KeyChoice)
    case rewind
    case forgetPassed
    case finish(Leg)
    case abort(Leg)
    case conclude(Ending)
    /// The host of the endpoint that is dialled, and the key it is shown.
    case dial(String, KeyChoice = .current)
    /// Bytes that pass from the client to the upstream.
    case up([UInt8])
    /// Bytes that pass from the upstream to the client.
    case down([UInt8])

    /// Nil for what shows in what follows from it: joining in what passes, asking the limits in what is dialled or refused.
    init?(_ action: SessionAction) {
        let effect: Effect? =
            switch action {
            case .join, .admit: nil
            case .identify: .identify
            case .open: .open
            case .refuse(let refusal): .refuse(refusal)
            case .send(let leg, let frame): .send(leg, frame)
            case .fill(let count, let key, let offset): .fill(count: count, key: key, offset: offset)
            case .discard: .discard
            case .spend: .spend
            case .passHeld: .passHeld
            case .drawAudio: .drawAudio
            case .pause(let leg): .pause(leg)
            case .resume(let leg): .resume(leg)
            case .abandonDial: .abandonDial
            case .reportRefusedKey(let endpoint, let key): .reportRefusedKey(endpoint.host, key)
            case .rewind: .rewind
            case .forgetPassed: .forgetPassed
            case .finish(let leg): .finish(leg)
            case .abort(let leg): .abort(leg)
            case .conclude(let summary): .conclude(summary.ending)
            }
        guard let effect else { return nil }
        self = effect
    }
}

extension Effect {
    /// A Close with this code and reason.
    static func close(_ leg: Leg, _ code: UInt16, _ reason: String = "") -> Effect {
        .send(leg, .close(payload: closePayload(code, reason)))
    }

    /// A Close with neither code nor reason.
    static func emptyClose(_ leg: Leg) -> Effect {
        .send(leg, .close(payload: []))
    }

    /// `Terminate`, as the relay says it.
    static let terminate = Effect.send(.upstream, .text(#"{"type":"Terminate"}"#))

    /// The message that tells a client of the sample session why it ends.
    static func error(_ code: Int, _ sentence: String, _ name: String) -> Effect {
        .send(
            .client,
            .text(#"{"type":"Error","error_code":\#(code),"error":"\#(sentence)","refusal":"\#(name)","session":"s1"}"#)
        )
    }
}
