import Testing
import Timing

@testable import StandIn

@Suite struct ProviderSessionTests {
    // MARK: The normal course

    @Test func aSessionGoesFromBeginToTermination() throws {
        var story = Story()
        #expect(try story.types(story.open()) == ["Begin"])
        let heard = story.handle(.binary(Sound.sentence(words: 2, pause: 0)))
        #expect(try story.types(heard) == ["SpeechStarted", "Turn", "Turn"])
        let last = story.handle(.text(#"{"type":"Terminate"}"#))
        #expect(try story.types(last) == ["Turn"])
        #expect(try story.lastMessage(last)["end_of_turn"] == true)
        let end = story.passDeadline()
        #expect(try story.types(end) == ["Termination"])
        #expect(end.last == .close(code: 1000, reason: "Session Ended"))
        #expect(story.session.ending == .terminated)
        #expect(story.session.deadline == nil)
    }

    @Test func beginSaysWhenTheSessionExpires() throws {
        var story = Story()
        story.setup.delays.begin = .seconds(1)
        let begin = try story.lastMessage(story.open())
        #expect(begin["expires_at"] == .integer(1_000_000 + 1 + 10_798))
        #expect(begin["id"] == "session-1")

        var capped = Story(maxSessionSeconds: 60)
        #expect(try capped.lastMessage(capped.open())["expires_at"] == .integer(1_000_000 + 58))
    }

    @Test func messagesBeforeBeginAreHeardAfterIt() throws {
        var story = Story()
        story.setup.delays.begin = .seconds(1)
        #expect(story.handle(.opened).isEmpty)
        #expect(story.handle(.binary(Sound.sentence(words: 1, pause: 0))).isEmpty)
        #expect(story.handle(.text(#"{"type":"Terminate"}"#)).isEmpty)
        let actions = story.passDeadline()
        #expect(try story.types(actions) == ["Begin", "SpeechStarted", "Turn", "Turn"])
        #expect(try story.types(story.passDeadline()) == ["Termination"])
    }

    @Test func forceEndpointEndsTheOpenTurnAndOnlyThat() throws {
        var story = Story()
        _ = story.open()
        #expect(story.handle(.text(#"{"type":"ForceEndpoint"}"#)).isEmpty)
        _ = story.handle(.binary(Sound.sentence(words: 1, pause: 0)))
        let final = try story.lastMessage(story.handle(.text(#"{"type":"ForceEndpoint"}"#)))
        #expect(final["end_of_turn"] == true && final["turn_order"] == 0)
        _ = story.handle(.binary(Sound.sentence(words: 1, pause: 0)))
        #expect(try story.lastMessage(story.handle(.text(#"{"type":"Terminate"}"#)))["turn_order"] == 1)
    }

    @Test func terminationTellsWholeSecondsOfAudioAndSession() throws {
        var story = Story()
        _ = story.open()
        for _ in 1...3 { _ = story.handle(.binary(Sound.silence(milliseconds: 900))) }
        story.now = story.now + .seconds(6)
        _ = story.handle(.text(#"{"type":"Terminate"}"#))
        let termination = try story.lastMessage(story.passDeadline())
        #expect(termination["audio_duration_seconds"] == 2)
        #expect(termination["session_duration_seconds"] == 7)
        #expect(story.session.billedSeconds == 7)
    }

    @Test func theSameAudioGivesTheSameFinalsInAnyCut() throws {
        func finals(_ pieces: [[UInt8]]) throws -> [JSONValue] {
            var story = Story()
            _ = story.open()
            var actions = pieces.flatMap { story.handle(.binary($0)) }
            actions += story.handle(.text(#"{"type":"Terminate"}"#))
            return try story.messages(actions).filter { $0["end_of_turn"] == true }
        }
        let audio = DemoAudio.pcmBytes
        let expected = try finals(
            stride(from: 0, to: audio.count, by: 1600).map { Array(audio[$0..<min($0 + 1600, audio.count)]) })
        #expect(expected.count >= 3)
        let other = try finals(
            stride(from: 0, to: audio.count, by: 30_001).map { Array(audio[$0..<min($0 + 30_001, audio.count)]) })
        #expect(other == expected)
    }

    // MARK: Variants of turns

    @Test func theOlderFamilyFormatsInASecondFinalAndEndsWithAnEmptyOne() throws {
        var story = Story(["speech_model": "universal-streaming-english", "format_turns": true])
        let begin = try story.lastMessage(story.open())
        #expect(begin["configuration"]?["mode"] == .null)
        let heard = story.handle(.binary(Sound.sentence(words: 1, pause: 700)))
        #expect(try story.types(heard) == ["Turn"])
        let finals = try story.messages(story.handle(.text(#"{"type":"Terminate"}"#)))
        #expect(finals.map { $0["turn_is_formatted"] } == [false, true, false])
        #expect(finals.map { $0["turn_order"] } == [0, 0, 1])
        #expect(finals.last?["transcript"] == "")
        #expect(finals.last?["words"] == [])
    }

    @Test func redactedTurnsAreToldOnlyWhenTheyAreOver() throws {
        var story = Story(["redact_pii": true])
        _ = story.open()
        #expect(try story.types(story.handle(.binary(Sound.sentence(words: 2, pause: 0)))) == ["SpeechStarted"])
        let final = try story.lastMessage(story.handle(.text(#"{"type":"Terminate"}"#)))
        #expect(final["transcript"] == "#### ####")
    }

    @Test func speakersAreRevisedBeforeTermination() throws {
        var story = Story(["speaker_labels": true])
        _ = story.open()
        _ = story.handle(.binary(Sound.sentence(words: 1, pause: 0)))
        let last = story.handle(.text(#"{"type":"Terminate"}"#))
        #expect(try story.types(last) == ["Turn", "SpeakerRevision"])
    }

    @Test func silenceIsAcknowledgedOnRequest() throws {
        var story = Story(["acknowledge_silence": true])
        _ = story.open()
        #expect(try story.types(story.handle(.binary(Sound.silence(milliseconds: 1000)))) == ["Silence"])
    }

    @Test func anUpdateChangesWhenTurnsEnd() throws {
        var story = Story()
        _ = story.open()
        #expect(story.handle(.text(#"{"type":"UpdateConfiguration","max_turn_silence":200}"#)).isEmpty)
        let heard = story.handle(.binary(Sound.sentence(words: 1, pause: 300)))
        #expect(try story.lastMessage(heard)["end_of_turn"] == true)
    }

    // MARK: Time

    @Test func heartbeatsComeEveryFiveSeconds() throws {
        var story = Story(["session_heartbeat": true])
        _ = story.open()
        let start = story.now
        for beat in 1...3 {
            #expect(try story.types(story.passDeadline()) == ["Heartbeat"])
            #expect(story.now == start + .seconds(5 * beat))
        }
    }

    @Test func anIdleSessionEndsWithItsInactivityTimeout() throws {
        var story = Story(["inactivity_timeout": 5])
        _ = story.open()
        story.now = story.now + .seconds(4)
        _ = story.handle(.text(#"{"type":"KeepAlive"}"#))
        let start = story.now
        let actions = story.passDeadline()
        #expect(story.now == start + .seconds(5))
        try story.expectError(
            actions, 3006, "Session terminated due to inactivity: No messages received for 5 seconds")
    }

    @Test func aSessionEndsAtItsCap() throws {
        var story = Story(maxSessionSeconds: 60)
        _ = story.open()
        let start = story.now
        let actions = story.passDeadline()
        #expect(story.now == start + .seconds(60))
        try story.expectError(actions, 3008, "Session Expired: Maximum session duration exceeded")
    }

    // MARK: Faults of the client

    @Test(arguments: [
        ProviderError.missingCredential, .invalidKey, .expiredToken, .tooManySessions,
        .userInput("Invalid 'encoding': 'flac' is not a valid Encoding"),
    ])
    func aRefusedSessionHearsWhyAndNoBegin(_ error: ProviderError) throws {
        var story = Story(verdict: .failure(error))
        try story.expectError(story.open(), error.code, error.text, ending: .refused)
        #expect(story.session.billedSeconds == 0)
    }

    @Test func badMessagesAreFatal() throws {
        for (event, code) in [
            (ProviderSession.Event.text("{not json"), UInt16(3006)), (.text(#"{"type":"Bogus"}"#), 3006),
            (.text(#"{"type":"UpdateConfiguration","vad_threshold":7}"#), 3006),
            (.binary(Sound.silence(milliseconds: 1200)), 3007), (.oversizedMessage, 1009),
            (.binary([UInt8](repeating: 0, count: ProviderSession.maxMessageBytes + 1)), 1009),
        ] {
            var story = Story()
            _ = story.open()
            try story.expectError(story.handle(event), code, nil)
            #expect(story.handle(.text(#"{"type":"Terminate"}"#)).isEmpty)
        }
    }

    @Test func audioFasterThanLifeIsRefusedOnlyWhereThatIsEnforced() throws {
        var story = Story()
        _ = story.open()
        for _ in 1...20 { #expect(story.handle(.binary(Sound.silence(milliseconds: 500))).isEmpty) }

        var strict = Story()
        strict.setup.enforcesRate = true
        _ = strict.open()
        for _ in 1...4 { #expect(strict.handle(.binary(Sound.silence(milliseconds: 500))).isEmpty) }
        try strict.expectError(
            strict.handle(.binary(Sound.silence(milliseconds: 500))), 3007,
            "Audio Transmission Rate Exceeded: Received 2.5 sec. audio in 0.0 sec")
    }

    // MARK: Leaving

    @Test(arguments: [ProviderSession.Event.closed, .lost])
    func anAbandonedSessionIsBilledToItsCap(_ event: ProviderSession.Event) {
        var story = Story(maxSessionSeconds: 600)
        _ = story.open()
        story.now = story.now + .seconds(3)
        #expect(story.handle(event).isEmpty)
        #expect(story.session.ending == .abandoned)
        #expect(story.session.billedSeconds == 600)
    }

    @Test func theInactivityTimeoutBoundsWhatAnAbandonedSessionCosts() {
        var story = Story(["inactivity_timeout": 30])
        _ = story.open()
        story.now = story.now + .seconds(10)
        _ = story.handle(.text(#"{"type":"KeepAlive"}"#))
        story.now = story.now + .seconds(5)
        _ = story.handle(.lost)
        #expect(story.session.billedSeconds == 40)
    }

    @Test func leavingBeforeBeginIsAbandoningUnlessTerminateWasSaid() {
        var story = Story()
        story.setup.delays.begin = .seconds(1)
        _ = story.handle(.opened)
        _ = story.handle(.lost)
        #expect(story.session.ending == .abandoned)
        #expect(story.session.billedSeconds == 10_800)

        var polite = Story()
        polite.setup.delays.begin = .seconds(1)
        _ = polite.handle(.opened)
        _ = polite.handle(.text(#"{"type":"Terminate"}"#))
        _ = polite.handle(.lost)
        #expect(polite.session.ending == .terminated)
        #expect(polite.session.billedSeconds == 1)
    }

    @Test func leavingAfterTerminateIsNotAbandoning() {
        var story = Story()
        story.setup.delays.termination = .seconds(1)
        _ = story.open()
        _ = story.handle(.text(#"{"type":"Terminate"}"#))
        _ = story.handle(.closed)
        #expect(story.session.ending == .terminated)
    }

    // MARK: Faults on demand

    @Test func aFaultOfTheConnectionIsHandedOnAtItsMoment() {
        for (moment, text) in [
            (Fault.Moment.open, "open"), (.begin, "begin"), (.audio(2), "second audio"), (.terminate, "terminate"),
        ] {
            var story = Story()
            story.setup.faults = [Fault(.reset, at: moment)]
            var log: [(String, [ProviderSession.Action])] = [("open", story.handle(.opened))]
            log.append(("begin", story.passDeadline()))
            log.append(("first audio", story.handle(.binary(Sound.silence(milliseconds: 50)))))
            log.append(("second audio", story.handle(.binary(Sound.silence(milliseconds: 50)))))
            log.append(("terminate", story.handle(.text(#"{"type":"Terminate"}"#))))
            #expect(log.filter { $0.1.contains(.strike(.reset)) }.map(\.0) == [text])
        }
    }

    @Test func silenceLastsForEver() {
        var story = Story()
        story.setup.faults = [Fault(.silence)]
        #expect(story.handle(.opened).isEmpty)
        #expect(story.session.deadline == nil)
        #expect(story.handle(.text(#"{"type":"Terminate"}"#)).isEmpty)
    }

    @Test func terminateCanBeLeftWithoutAnswer() {
        var story = Story()
        story.setup.faults = [Fault(.noTermination)]
        _ = story.open()
        _ = story.handle(.text(#"{"type":"Terminate"}"#))
        #expect(story.session.deadline == nil)
    }

    @Test func delaysCanBeAskedFor() {
        var story = Story()
        story.setup.faults = [Fault(.slowBegin(milliseconds: 300)), Fault(.slowTermination(milliseconds: 700))]
        let start = story.now
        _ = story.open()
        #expect(story.now == start + .milliseconds(300))
        _ = story.handle(.text(#"{"type":"Terminate"}"#))
        #expect(story.session.deadline == start + .milliseconds(1000))
    }

    @Test func anErrorCanBeAskedForAtAnyMoment() throws {
        var story = Story()
        story.setup.faults = [Fault(.error(3005), at: .audio(1))]
        _ = story.open()
        try story.expectError(
            story.handle(.binary(Sound.silence(milliseconds: 50))), 3005, "Session Cancelled: An error occurred")

        var early = Story()
        early.setup.faults = [Fault(.close(1008, reason: ""))]
        #expect(early.handle(.opened) == [.close(code: 1008, reason: "")])
        #expect(early.session.ending == .refused)
        #expect(early.session.deadline == nil)
    }

    @Test func aBigMessageIsAWarningThatEveryClientKnows() throws {
        var story = Story()
        story.setup.faults = [Fault(.bigMessage(bytes: 5000))]
        let messages = try story.messages(story.open())
        #expect(messages.map { $0["type"] } == ["Begin", "Warning"])
        #expect(messages[1].text.utf8.count > 5000)
    }
}

/// A session with a clock of its own.
private struct Story {
    var setup: ProviderSession.Setup
    var now = Instant(nanoseconds: 1_000_000_000_000)
    lazy var session = ProviderSession(setup)

    init(_ parameters: [String: JSONValue] = [:], maxSessionSeconds: Int = 10_800) {
        self.init(
            verdict: .success(Admission.Pass(keyName: "main", isToken: false, maxSessionSeconds: maxSessionSeconds)),
            parameters)
    }

    init(verdict: Result<Admission.Pass, ProviderError>, _ parameters: [String: JSONValue] = [:]) {
        setup = ProviderSession.Setup(verdict: verdict)
        setup.parameters = SessionParameters(parameters)
        setup.id = "session-1"
        setup.unixTime = 1_000_000
    }

    /// The 101, and the deadline that follows.
    mutating func open() -> [ProviderSession.Action] { handle(.opened) + passDeadline() }

    mutating func handle(_ event: ProviderSession.Event) -> [ProviderSession.Action] {
        session.handle(event, at: now)
    }

    mutating func passDeadline() -> [ProviderSession.Action] {
        guard let deadline = session.deadline else { return [] }
        now = max(now, deadline)
        return handle(.deadlinePassed)
    }

    func messages(_ actions: [ProviderSession.Action]) throws -> [JSONValue] {
        try actions.compactMap { action in
            guard case .send(let text) = action else { return nil }
            return try JSONValue(parsing: text)
        }
    }

    func types(_ actions: [ProviderSession.Action]) throws -> [String?] {
        try messages(actions).map { $0["type"]?.string }
    }

    func lastMessage(_ actions: [ProviderSession.Action]) throws -> JSONValue {
        try #require(try messages(actions).last)
    }

    mutating func expectError(
        _ actions: [ProviderSession.Action], _ code: UInt16, _ text: String?,
        ending: ProviderSession.Ending = .failed, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let message = try lastMessage(actions)
        #expect(message["type"] == "Error", sourceLocation: sourceLocation)
        #expect(message["error_code"] == JSONValue(code), sourceLocation: sourceLocation)
        if let text { #expect(message["error"] == .string(text), sourceLocation: sourceLocation) }
        #expect(
            actions.last == .close(code: code, reason: "See Error message for details"), sourceLocation: sourceLocation)
        #expect(session.ending == ending, sourceLocation: sourceLocation)
    }
}
