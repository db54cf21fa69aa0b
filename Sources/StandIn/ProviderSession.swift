// StandIn: the provider's streaming service as a relay or a client sees it, a client of it, and speech to send.
//
// It knows the provider's wire contract and its faults. It must never know the relay, its tenants or its policy: what
// a relay made of a session is read from outside, in the ledger. Called by `tidegate demo`, `tidegate-standin` and tests.

import Timing

/// One streaming session of the provider: what was received in, what is to be sent out. Knows no socket and no clock.
///
/// ```
///              deadline                  Terminate               deadline
///  starting ──────────────▶ open ───────────────────▶ finishing ─────────▶ ended
///     │                      │                            ▲
///     │ refused: Error       │ Error, Close               │ the peer closed or was lost,
///     └──────────────────────┴────────────────────────────┴──▶ ended
/// ```
/// While starting, messages are kept and heard after `Begin`.
package struct ProviderSession {
    /// What can happen to a session.
    package enum Event: Equatable, Sendable {
        /// The 101 has been sent.
        case opened
        case binary([UInt8])
        case text(String)
        /// A message too long to be taken; its header said so.
        case oversizedMessage
        /// A close frame was received.
        case closed
        /// The connection ended without one.
        case lost
        /// The deadline has come.
        case deadlinePassed
    }

    /// What a session can ask for.
    package enum Action: Equatable, Sendable {
        /// Send a text message.
        case send(String)
        /// Send a close frame and then end the connection.
        case close(code: UInt16, reason: String)
        /// Do something wrong that is the connection's to do.
        case strike(Fault.Act)
    }

    /// How a session ended.
    package enum Ending: String, Sendable {
        /// By `Terminate`: billed for its time.
        case terminated
        /// The client went away without `Terminate`: billed to its cap.
        case abandoned
        /// By an `Error`, or a fault of ours.
        case failed
        /// Never began: credentials, parameters, limits.
        case refused
    }

    /// The provider's own times. Zero is faster than life (provider contract §2.2).
    package struct Delays: Equatable, Sendable {
        /// From the 101 to `Begin`.
        package var begin = Duration.zero
        /// From `Terminate` to `Termination`.
        package var termination = Duration.zero

        package init() {}
    }

    /// What a session needs to know at its start.
    package struct Setup: Sendable {
        /// What the credential admits to, or why the session is refused.
        package var verdict: Result<Admission.Pass, ProviderError>
        /// What the query asked for.
        package var parameters = SessionParameters()
        /// `Begin`'s `id`.
        package var id = ""
        /// `AssemblyAI-Version`, which `Begin` repeats.
        package var apiVersion = "2025-05-12"
        /// The wall clock at the 101, in Unix seconds.
        package var unixTime: Int64 = 0
        /// How long the provider takes.
        package var delays = Delays()
        /// What is to go wrong.
        package var faults: [Fault] = []
        /// Whether audio that comes faster than 1.25 times real time is refused.
        package var enforcesRate = false

        package init(verdict: Result<Admission.Pass, ProviderError>) {
            self.verdict = verdict
        }
    }

    /// Binary messages longer than this are refused (provider contract §2): 128 KB.
    package static let maxMessageBytes = 128 << 10
    /// `Begin.expires_at` is this much less than the cap (provider contract §8.1).
    private static let expiryMargin: Int64 = 2
    /// Provider contract §8.4.
    private static let heartbeatInterval = Duration.seconds(5)
    /// Provider contract §6: documented as the rate at which audio is throttled, and the slack that a burst is given here.
    private static let maxRate = 1.25
    private static let rateSlack = 2.0

    private enum Phase {
        case starting
        case open
        case finishing
        case ended
    }

    /// How it ended; nil while it runs.
    package private(set) var ending: Ending?
    /// Whether `Begin` was sent.
    package var hasBegun: Bool { begunAt != nil }
    /// Seconds the account is billed for.
    package private(set) var billedSeconds = 0

    private let setup: Setup
    private let maxDuration: Duration
    private var parameters: SessionParameters
    private var phase = Phase.starting
    private var kept: [Event] = []
    private var isSilent = false

    private var openedAt = Instant(nanoseconds: 0)
    private var begunAt: Instant?
    private var lastHeardAt = Instant(nanoseconds: 0)
    private var nextHeartbeat: Instant?
    private var finishAt: Instant?

    private var meter: AudioMeter
    private var chunkRule: ChunkRule
    private var detector: SpeechDetector
    private var audioMessages = 0
    private var turnOrder = 0
    private var hasSpeechStarted = false
    private var finals: [ServerMessage.Turn] = []

    /// A session that waits for its 101.
    package init(_ setup: Setup) {
        self.setup = setup
        parameters = setup.parameters
        let (encoding, rate) = (parameters.encoding, parameters.sampleRate)
        meter = AudioMeter(encoding: encoding, sampleRate: rate)
        chunkRule = ChunkRule(encoding: encoding, sampleRate: rate)
        detector = SpeechDetector(
            encoding: encoding, sampleRate: rate, minTurnSilence: parameters.minTurnSilence,
            maxTurnSilence: parameters.maxTurnSilence, threshold: parameters.vadThreshold)
        maxDuration = .seconds((try? setup.verdict.get().maxSessionSeconds) ?? 0)
    }

    /// Seconds of audio received.
    package var audioSeconds: Double { meter.seconds }

    /// When `deadlinePassed` is due next; nil for never.
    package var deadline: Instant? {
        switch phase {
        case .starting: isSilent ? nil : openedAt + beginDelay
        case .open: [expiry, inactivity, nextHeartbeat].compactMap { $0 }.min()
        case .finishing: finishAt
        case .ended: nil
        }
    }

    /// Takes in what happened and says what to do, in order.
    package mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        var actions: [Action] = []
        switch phase {
        case .starting: start(event, now, &actions)
        case .open: run(event, now, &actions)
        case .finishing: finish(event, now, &actions)
        case .ended: break
        }
        return isSilent ? actions.filter(\.isStrike) : actions
    }
}

// MARK: - Starting

extension ProviderSession {
    private mutating func start(_ event: Event, _ now: Instant, _ actions: inout [Action]) {
        switch event {
        case .opened:
            openedAt = now
            strike(.open, now, &actions)
        case .deadlinePassed: if !isSilent { begin(now, &actions) }
        case .binary, .text, .oversizedMessage: kept.append(event)
        case .closed, .lost: leave(now)
        }
    }

    private mutating func begin(_ now: Instant, _ actions: inout [Action]) {
        if case .failure(let error) = setup.verdict {
            end(.refused, now)
            return fail(error, &actions)
        }
        phase = .open
        begunAt = now
        lastHeardAt = now
        if parameters.flag("session_heartbeat") { nextHeartbeat = now + Self.heartbeatInterval }
        let message = ServerMessage.begin(
            id: setup.id, expiresAt: expiresAt(now), parameters, apiVersion: setup.apiVersion)
        actions.append(.send(message.text))
        strike(.begin, now, &actions)
        let kept = self.kept
        self.kept = []
        for event in kept { actions += handle(event, at: now) }
    }

    /// In Unix seconds.
    private func expiresAt(_ now: Instant) -> Int64 {
        let elapsed = now.duration(since: openedAt).components.seconds
        return setup.unixTime + elapsed + maxDuration.components.seconds - Self.expiryMargin
    }

    private var beginDelay: Duration {
        for case .slowBegin(let milliseconds) in setup.faults.map(\.act) { return .milliseconds(milliseconds) }
        return setup.delays.begin
    }
}

// MARK: - Open

extension ProviderSession {
    private mutating func run(_ event: Event, _ now: Instant, _ actions: inout [Action]) {
        switch event {
        case .opened: break
        case .binary(let audio):
            lastHeardAt = now
            hear(audio, now, &actions)
        case .text(let text):
            lastHeardAt = now
            read(text, now, &actions)
        case .oversizedMessage: end(with: .messageTooBig, now, &actions)
        case .closed, .lost: leave(now)
        case .deadlinePassed: keepTime(now, &actions)
        }
    }

    private mutating func hear(_ audio: [UInt8], _ now: Instant, _ actions: inout [Action]) {
        guard audio.count <= Self.maxMessageBytes else { return end(with: .messageTooBig, now, &actions) }
        meter.count(audio)
        if let fault = chunkRule.check(audio) ?? rateFault(now) { return end(with: fault, now, &actions) }
        tell(detector.receive(audio), &actions)
        audioMessages += 1
        strike(.audio(audioMessages), now, &actions)
    }

    private func rateFault(_ now: Instant) -> ProviderError? {
        guard setup.enforcesRate else { return nil }
        let elapsed = now.duration(since: startedAt) / .seconds(1)
        guard meter.seconds > elapsed * Self.maxRate + Self.rateSlack else { return nil }
        return .transmissionRate(audio: meter.seconds, elapsed: elapsed)
    }

    private mutating func read(_ text: String, _ now: Instant, _ actions: inout [Action]) {
        do throws(ProviderError) {
            switch try ClientMessage(text) {
            case .keepAlive: break
            case .forceEndpoint: tell(detector.flush(), &actions)
            case .updateConfiguration(let changes): update(changes, now)
            case .terminate: terminate(now, &actions)
            }
        } catch {
            end(with: error, now, &actions)
        }
    }

    private mutating func update(_ changes: [String: JSONValue], _ now: Instant) {
        parameters.update(changes)
        detector.minTurnSilence = parameters.minTurnSilence
        detector.maxTurnSilence = parameters.maxTurnSilence
        detector.threshold = parameters.vadThreshold
        guard parameters.flag("session_heartbeat") else {
            nextHeartbeat = nil
            return
        }
        nextHeartbeat = nextHeartbeat ?? now + Self.heartbeatInterval
    }

    private mutating func keepTime(_ now: Instant, _ actions: inout [Action]) {
        if expiry <= now { return end(with: .sessionExpired, now, &actions) }
        if let inactivity, inactivity <= now {
            return end(with: .inactivity(seconds: parameters.inactivityTimeout ?? 0), now, &actions)
        }
        guard let heartbeat = nextHeartbeat, heartbeat <= now else { return }
        nextHeartbeat = heartbeat + Self.heartbeatInterval
        let message = ServerMessage.heartbeat(
            audio: .seconds(meter.seconds), session: now.duration(since: startedAt),
            maxProbability: detector.maxProbability)
        actions.append(.send(message.text))
    }

    private var startedAt: Instant { begunAt ?? openedAt }

    private var expiry: Instant { startedAt + maxDuration }

    private var inactivity: Instant? {
        parameters.inactivityTimeout.map { max(lastHeardAt, startedAt) + .seconds($0) }
    }
}

// MARK: - Turns

extension ProviderSession {
    private mutating func tell(_ events: [SpeechDetector.Event], _ actions: inout [Action]) {
        for event in events {
            switch event {
            case .heard(let words): tellPartial(words, &actions)
            case .ended(let words): tellFinal(words, &actions)
            case .silence(let start, let end):
                guard parameters.flag("acknowledge_silence") else { continue }
                actions.append(.send(ServerMessage.silence(start: start, end: end).text))
            }
        }
    }

    private mutating func tellPartial(_ words: [SpeechDetector.Word], _ actions: inout [Action]) {
        tellSpeechStarted(words, &actions)
        guard parameters.includesPartials else { return }
        let partial = turn(words, isEnd: false, isFormatted: parameters.isUniversal3)
        actions.append(.send(ServerMessage.turn(partial).text))
    }

    private mutating func tellFinal(_ words: [SpeechDetector.Word], _ actions: inout [Action]) {
        tellSpeechStarted(words, &actions)
        let final = turn(words, isEnd: true, isFormatted: parameters.isUniversal3)
        actions.append(.send(ServerMessage.turn(final).text))
        finals.append(final)
        // Provider contract §8.3: the older family formats in a second final.
        if !parameters.isUniversal3, parameters.flag("format_turns") {
            let formatted = turn(words, isEnd: true, isFormatted: true)
            actions.append(.send(ServerMessage.turn(formatted).text))
        }
        turnOrder += 1
        hasSpeechStarted = false
    }

    /// Provider contract §8.2: right before the turn's first partial, from the newer family only.
    private mutating func tellSpeechStarted(_ words: [SpeechDetector.Word], _ actions: inout [Action]) {
        guard parameters.isUniversal3, !hasSpeechStarted, let first = words.first else { return }
        hasSpeechStarted = true
        let message = ServerMessage.speechStarted(timestamp: first.start, confidence: first.confidence)
        actions.append(.send(message.text))
    }

    private func turn(_ words: [SpeechDetector.Word], isEnd: Bool, isFormatted: Bool) -> ServerMessage.Turn {
        ServerMessage.Turn(
            order: turnOrder, isFormatted: isFormatted, isEnd: isEnd, words: words, redaction: redaction,
            languageCode: parameters.flag("language_detection") ? "en" : nil,
            speaker: parameters.flag("speaker_labels") ? "A" : nil)
    }

    private var redaction: String? {
        guard parameters.flag("redact_pii") else { return nil }
        return parameters.text("redact_pii_sub") == "entity_name" ? "[PERSON_NAME]" : "####"
    }
}

// MARK: - Finishing

extension ProviderSession {
    private mutating func terminate(_ now: Instant, _ actions: inout [Action]) {
        phase = .finishing
        strike(.terminate, now, &actions)
        guard phase == .finishing else { return }
        finishAt = setup.faults.contains { $0.act == .noTermination } ? nil : now + terminationDelay
        tell(detector.flush(), &actions)
        // Provider contract §8.3: the older family ends with an empty final.
        if !parameters.isUniversal3 {
            actions.append(.send(ServerMessage.turn(turn([], isEnd: true, isFormatted: false)).text))
        }
        if parameters.flag("speaker_labels"), !finals.isEmpty {
            actions.append(.send(ServerMessage.speakerRevision(finals).text))
        }
    }

    private mutating func finish(_ event: Event, _ now: Instant, _ actions: inout [Action]) {
        switch event {
        case .deadlinePassed:
            end(.terminated, now)
            let message = ServerMessage.termination(audioSeconds: Int(meter.seconds), sessionSeconds: billedSeconds)
            actions += [.send(message.text), .close(code: 1000, reason: "Session Ended")]
        case .closed, .lost: end(.terminated, now)
        case .opened, .binary, .text, .oversizedMessage: break  // After `Terminate` nothing is heard.
        }
    }

    private var terminationDelay: Duration {
        for case .slowTermination(let milliseconds) in setup.faults.map(\.act) { return .milliseconds(milliseconds) }
        return setup.delays.termination
    }

    /// The client is gone. What it said before it went still counts: a kept `Terminate` is a `Terminate`.
    private mutating func leave(_ now: Instant) {
        let saidTerminate = kept.contains { event in
            guard case .text(let text) = event, let message = try? ClientMessage(text) else { return false }
            return message == .terminate
        }
        guard case .success = setup.verdict else { return end(.refused, now) }
        end(saidTerminate ? .terminated : .abandoned, now)
    }

    private mutating func end(with error: ProviderError, _ now: Instant, _ actions: inout [Action]) {
        end(.failed, now)
        fail(error, &actions)
    }

    /// Provider contract §9: `Error`, a close with its code and the fixed reason, and no `Termination`.
    private func fail(_ error: ProviderError, _ actions: inout [Action]) {
        actions.append(.send(ServerMessage.error(error).text))
        actions.append(.close(code: error.code, reason: ProviderError.closeReason))
    }

    private mutating func end(_ ending: Ending, _ now: Instant) {
        phase = .ended
        self.ending = ending
        billedSeconds = billed(ending, at: now)
    }

    /// Provider contract §8.4 and §12: whole seconds from `Begin`, rounded up; an abandoned session to its cap, or to
    /// its inactivity timeout. One that was left before `Begin` had been opened all the same.
    private func billed(_ ending: Ending, at now: Instant) -> Int {
        switch ending {
        case .refused: 0
        case .abandoned: Int(min(expiry, inactivity ?? expiry).duration(since: startedAt).components.seconds)
        case .terminated, .failed: Int(now.duration(since: startedAt).components.seconds) + 1
        }
    }
}

// MARK: - Faults

extension ProviderSession {
    private mutating func strike(_ moment: Fault.Moment, _ now: Instant, _ actions: inout [Action]) {
        for fault in setup.faults where fault.moment == moment && phase != .ended { strike(fault.act, now, &actions) }
    }

    private mutating func strike(_ act: Fault.Act, _ now: Instant, _ actions: inout [Action]) {
        switch act {
        case .silence: isSilent = true
        case .close(let code, let reason):
            end(hasBegun ? .failed : .refused, now)
            actions.append(.close(code: code, reason: reason))
        case .error(let code):
            end(hasBegun ? .failed : .refused, now)
            fail(.named(code), &actions)
        case .text(let text): actions.append(.send(text))
        case .bigMessage(let bytes):
            let padding = String(repeating: "x", count: bytes)
            actions.append(.send(ServerMessage.warning(code: 3001, padding).text))
        case .slowBegin, .slowTermination, .noTermination: break  // Read where their time comes.
        default: actions.append(.strike(act))
        }
    }
}

extension ProviderSession.Action {
    fileprivate var isStrike: Bool {
        guard case .strike = self else { return false }
        return true
    }
}
