import Policy
import Testing
import Timing

@testable import RelayCore

@Suite struct AudioAllowanceTests {
    private static let today = UTCDay(number: 20_000)
    private static let metered = TenantLimits(audioHoursPerDay: 1)
    private static let usedUp = "The audio that may be sent today is used up. The next day begins at 00:00 UTC."
    /// 100 ms of what a request means that says nothing of its audio.
    private static let chunk = Client.audio(3200)

    private static func granted(_ milliseconds: Int) -> AudioDraw { .granted(.milliseconds(milliseconds), today) }

    // MARK: The day

    @Test func withoutABoundNothingIsDrawn() {
        let play = Playbook.relaying()
        play.when(.client, sends: Self.chunk, Self.chunk, then: .up(Self.chunk + Self.chunk))
        #expect(play.audioSettlement == nil)
    }

    @Test func whoeverSaysNothingDrawsNothing() {
        let play = Playbook.relaying(limits: Self.metered)
        let words = Client.text(#"{"type":"KeepAlive"}"#)
        play.when(.client, sends: words, Client.ping(), then: .up(words), .send(.client, .pong([])))
        #expect(play.audioSettlement == nil)
    }

    @Test func aSliceIsDrawnWithTheFirstAudioAndAnotherWhenItIsUsed() {
        let play = Playbook.relaying(limits: Self.metered)
        play.draws = [Self.granted(300), Self.granted(200), Self.granted(1000)]
        play.when(.client, sends: Self.chunk, then: .up(Self.chunk), .drawAudio)
        play.when(.client, sends: Self.chunk, then: .up(Self.chunk))
        play.when(.client, sends: Self.chunk, then: .up(Self.chunk), .drawAudio)
        play.when(.client, sends: Self.chunk, then: .up(Self.chunk))
        play.when(.client, sends: Self.chunk, then: .up(Self.chunk), .drawAudio)
    }

    @Test func whenNothingIsLeftTheSessionEndsWithTheMessageThatReachedTheEnd() throws {
        let play = Playbook.relaying(limits: Self.metered)
        play.draws = [Self.granted(250), .usedUp]
        let burst = Self.chunk + Self.chunk + Self.chunk
        play.when(
            .client, sends: burst, Self.chunk, Self.chunk,
            then: .up(Self.chunk), .drawAudio, .up(Self.chunk + Self.chunk), .drawAudio,
            .error(4429, Self.usedUp, "quota-reached"), .close(.client, 4429, Self.usedUp), .terminate)
        play.arrives(Client.close(4429), from: .client)
        play.arrives(Upstream.termination + Upstream.close(1000), from: .upstream)
        play.happens(.legEnded(.upstream))
        let summary = try #require(play.summary)
        #expect(summary.ending == .quotaReached(.audioHours) && summary.limit == .audioHours)
        #expect(summary.audio == .milliseconds(300))
        let settlement = try #require(play.audioSettlement)
        #expect(settlement == (.milliseconds(250), .milliseconds(300), Self.today))
    }

    @Test(arguments: [1, 2, 100, 5000]) func theEndIsTheSameHoweverTheBytesAreSplit(size: Int) {
        let play = Playbook.relaying(limits: Self.metered)
        play.draws = [Self.granted(1000), .usedUp]
        play.arrives((0..<30).flatMap { _ in Self.chunk }, from: .client, inPiecesOf: size)
        #expect(play.audio == .seconds(1))
    }

    @Test func aMessageInPiecesEndsWithThePieceThatReachedTheEnd() {
        let play = Playbook.relaying(limits: Self.metered)
        play.draws = [Self.granted(150), .usedUp]
        play.arrives(Client.audio(3200, fin: false), from: .client)
        play.arrives(Client.more(Client.sound(3200)), from: .client)
        play.arrives(Client.more(Client.sound(3200)), from: .client)
        #expect(play.audio == .milliseconds(200))
    }

    @Test func whatIsSentWhileTheUpstreamIsDialledIsDrawnAndComesBackIfNobodyHearsIt() throws {
        let play = Playbook.dialing(limits: Self.metered)
        play.draws = [Self.granted(1000)]
        play.when(.client, sends: Self.chunk, then: .up(Self.chunk), .drawAudio)
        play.happens(.legEnded(.client))
        let settlement = try #require(play.audioSettlement)
        #expect(settlement == (.seconds(1), .zero, Self.today))
    }

    @Test func compressedAudioIsDrawnByTheClock() {
        let play = Playbook.relaying(audio: AudioFormat(encodings: ["opus"]), limits: Self.metered)
        play.draws = [Self.granted(300), .usedUp]
        let packet = Client.audio(80)
        play.when(.client, sends: packet, then: .up(packet), .drawAudio)
        play.wait(.milliseconds(299))
        play.when(.client, sends: packet, then: .up(packet))
        play.wait(.milliseconds(1))
        play.when(
            .client, sends: packet, then: .up(packet), .drawAudio, .error(4429, Self.usedUp, "quota-reached"),
            .close(.client, 4429, Self.usedUp), .terminate)
    }

    @Test func whatCannotBeMeasuredIsNotBounded() {
        let play = Playbook.relaying(.generic(), limits: Self.metered)
        play.when(.client, sends: Self.chunk, then: .up(Self.chunk))
        play.when(.client, sends: Self.chunk, then: .up(Self.chunk))
    }

    // MARK: An answer that takes its time

    @Test func untilTheAnswerIsThereNothingPasses() {
        let play = Playbook.relaying(limits: Self.metered)
        play.draws = [.later]
        play.when(
            .client, sends: Self.chunk, Self.chunk, then: .up(Self.chunk), .drawAudio, .pause(.client))
        #expect(play.holdsClientBack && play.heldBack == Self.chunk)
        play.when(.audioDrawn(Self.granted(1000)), then: .resume(.client), .up(Self.chunk))
        #expect(!play.holdsClientBack)
    }

    @Test func theAnswerMayBeThatNothingIsLeft() {
        let play = Playbook.relaying(limits: Self.metered)
        play.draws = [.later]
        play.arrives(Self.chunk + Self.chunk, from: .client)
        play.when(
            .audioDrawn(.usedUp), then: .error(4429, Self.usedUp, "quota-reached"),
            .close(.client, 4429, Self.usedUp), .resume(.client), .terminate)
        #expect(play.audio == .milliseconds(100))
    }

    @Test func anAnswerThatComesAfterTheEndIsSettled() throws {
        let play = Playbook.relaying(limits: Self.metered)
        play.arrives(Self.chunk, from: .client)
        play.happens(.drain)
        play.when(.audioDrawn(Self.granted(1000)))
        let settlement = try #require(play.audioSettlement)
        #expect(settlement == (.seconds(1), .milliseconds(100), Self.today))
    }

    @Test(arguments: [AudioDraw.later, .usedUp, granted(1000)]) func anAnswerThatNobodyAskedForDisturbsNothing(
        draw: AudioDraw
    ) {
        let play = Playbook.relaying(limits: Self.metered)
        play.when(.audioDrawn(draw))
        play.draws = [Self.granted(1000)]
        play.when(.client, sends: Self.chunk, then: .up(Self.chunk), .drawAudio)
    }

    // MARK: The pace

    @Test func aClientThatIsTooFastIsHeldBackAndLosesNothing() {
        let play = Playbook.relaying(SessionSettings(ping: .seconds(1000)), limits: TenantLimits(audioRate: 1))
        let sent = (0..<200).flatMap { _ in Self.chunk }
        play.arrives(sent, from: .client)
        #expect(play.holdsClientBack && play.audio.map { $0 >= .seconds(5) && $0 < .seconds(7) } == true)
        var elapsed = Duration.zero
        while play.holdsClientBack, let wait = play.timeToDeadline {
            #expect(wait <= .seconds(1))
            play.wait(wait)
            elapsed += wait
            play.happens(.deadline)
        }
        #expect(play.audio == .seconds(20))
        #expect(elapsed >= .seconds(10) && elapsed <= .seconds(21))
        #expect(play.toUpstream.bytes == sent)
    }

    @Test func aClientThatKeepsToTheRateIsNotHeldBack() {
        let play = Playbook.relaying(SessionSettings(ping: .seconds(1000)), limits: TenantLimits(audioRate: 1.5))
        for _ in 0..<600 {
            play.when(.client, sends: Self.chunk, then: .up(Self.chunk))
            play.wait(.milliseconds(100))
        }
    }

    @Test func theRecordSaysThatAClientWasTooFast() throws {
        let play = Playbook.relaying(limits: TenantLimits(audioRate: 1))
        play.arrives((0..<100).flatMap { _ in Self.chunk }, from: .client)
        play.happens(.legEnded(.client))
        play.happens(.legEnded(.upstream))
        #expect(try #require(play.summary).wasPaced)
    }

    @Test func compressedAudioHasNoPace() {
        let play = Playbook.relaying(audio: AudioFormat(encodings: ["opus"]), limits: TenantLimits(audioRate: 1))
        for _ in 0..<1000 { play.arrives(Client.audio(80), from: .client) }
        #expect(!play.holdsClientBack)
    }

    @Test func aSlowUpstreamDoesNotLetThroughWhatIsTooFast() {
        let play = Playbook.relaying(limits: TenantLimits(audioRate: 1))
        play.arrives((0..<100).flatMap { _ in Self.chunk }, from: .client)
        play.when(1 << 20, waitFor: .upstream)
        play.when(0, waitFor: .upstream)
        #expect(play.holdsClientBack)
    }

    // MARK: A new policy

    @Test func aBoundThatComesLaterBinds() {
        let play = Playbook.relaying()
        play.arrives(Self.chunk, from: .client)
        play.when(.policyChanged(.sample(limits: Self.metered)))
        play.draws = [.usedUp]
        play.when(
            .client, sends: Self.chunk, then: .up(Self.chunk), .drawAudio, .error(4429, Self.usedUp, "quota-reached"),
            .close(.client, 4429, Self.usedUp), .terminate)
    }

    @Test func aBoundThatIsGoneLetsGo() throws {
        let play = Playbook.relaying(limits: TenantLimits(audioRate: 1))
        play.arrives((0..<100).flatMap { _ in Self.chunk }, from: .client)
        #expect(play.holdsClientBack)
        play.happens(.policyChanged(.sample()))
        let wait = try #require(play.timeToDeadline)
        play.wait(wait)
        play.happens(.deadline)
        #expect(!play.holdsClientBack && play.audio == .seconds(10))
    }

    // MARK: The session's time

    @Test func theTenantsLongestSessionEndsLikeTheProvidersOwn() {
        let play = Playbook.relaying(limits: TenantLimits(session: .seconds(15)))
        let sentence = "Session Expired: Maximum session duration exceeded"
        play.when(
            in: .seconds(15), then: .error(3008, sentence, "session-time-over"), .close(.client, 3008, sentence),
            .terminate)
    }

    @Test func theShortestOfAllBoundsHolds() {
        #expect(
            Playbook.relaying(SessionSettings(session: .seconds(9)), limits: TenantLimits(session: .seconds(15)))
                .timeToDeadline == .seconds(9))
        #expect(
            Playbook.relaying(SessionSettings(session: .seconds(19)), limits: TenantLimits(session: .seconds(15)))
                .timeToDeadline == .seconds(15))
    }

    @Test func aShorterTimeCountsFromTheSessionsBeginning() {
        let play = Playbook.relaying()
        play.wait(.seconds(10))
        play.happens(.policyChanged(.sample(limits: TenantLimits(session: .seconds(15)))))
        #expect(play.timeToDeadline == .seconds(5))
    }
}
