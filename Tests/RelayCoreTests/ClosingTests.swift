import Policy
import RelayCore
import Testing
import Timing
import WebSocket

@Suite struct ClosingTests {
    private static let restart = "The relay restarts. Connect again."

    // MARK: Terminate

    @Test func everyEndOfTheRelaysOwnTerminatesOnceAndWaitsForTheTermination() {
        let play = Playbook.relaying()
        play.when(
            .drain, then: .error(1012, Self.restart, "drained"), .close(.client, 1012, Self.restart), .terminate)
        play.when(.client, sends: Client.close(1012), then: .finish(.client))
        play.when(.upstream, sends: Upstream.turn)
        play.when(.upstream, sends: Upstream.termination, then: .close(.upstream, 1001))
        play.when(.upstream, sends: Upstream.close(1000), then: .finish(.upstream), .conclude(.drained))
        #expect(play.summary?.terminatedBy == .upstream)
        #expect(play.summary?.billedSeconds == 7)
    }

    /// A message of three frames, an audio frame in one piece, and a text that is held: cut at every byte.
    static let stream =
        Client.audio(200) + Client.audio(130, fin: false) + Client.ping("p") + Client.more([1, 2, 3])
        + Client.more([], fin: true) + Client.text(#"{"type":"KeepAlive"}"#)
        + Client.text(#"{"type":"#, fin: false) + Client.more(Array(#""KeepAlive"}"#.utf8), fin: true) + Client.audio(0)

    @Test func whereverTheClientStopsTerminateStandsOnAMessageBoundary() {
        for end in 0...Self.stream.count {
            let play = Playbook.relaying()
            play.arrives(Array(Self.stream.prefix(end)), from: .client)
            play.happens(.drain)
            #expect(play.faults == [], "cut at \(end)")
            #expect(play.toUpstream.frames.last?.payload == Array(#"{"type":"Terminate"}"#.utf8), "cut at \(end)")
            #expect(play.toUpstream.texts.filter { $0.contains("Terminate") }.count == 1)
        }
    }

    @Test func aFrameLeftUnfinishedIsFilledWithSilence() {
        let play = Playbook.relaying()
        let start = Array(Client.audio(1000).prefix(8 + 300))
        play.when(.client, sends: start, then: .up(start))
        play.when(
            .legEnded(.client), then: .fill(count: 700, key: Client.key(of: Client.sound(1000)), offset: 300),
            .terminate)
        #expect(play.toUpstream.frames.first?.payload == Client.sound(300) + [UInt8](repeating: 0, count: 700))
    }

    @Test func aMessageLeftOpenGetsItsLastFragment() {
        let play = Playbook.relaying()
        play.when(.client, sends: Client.audio(10, fin: false), then: .up(Client.audio(10, fin: false)))
        play.when(.legEnded(.client), then: .send(.upstream, .endOfMessage), .terminate)
    }

    @Test func theLastFrameOfAMessageIsFilledAndNeedsNoOtherFragment() {
        let play = Playbook.relaying()
        let start = Client.audio(10, fin: false) + Client.more([1, 2, 3, 4], fin: true).dropLast(1)
        play.when(.client, sends: start, then: .up(start))
        play.when(
            .legEnded(.client), then: .fill(count: 1, key: Client.key(of: [1, 2, 3, 4]), offset: 3), .terminate)
    }

    @Test func aTextThatWasHeldIsDroppedWhenItsRestNeverComes() {
        let play = Playbook.relaying()
        play.when(.client, sends: Array(Client.terminate.dropLast(1)))
        play.when(.legEnded(.client), then: .terminate)
    }

    @Test func aFrameOnItsWayDownEndsBeforeTheFarewell() {
        let frame = Upstream.frame(.binary, Client.sound(20))
        for cut in 2..<frame.count {
            let play = Playbook.relaying()
            play.when(.upstream, sends: Array(frame[..<cut]), then: .down(Array(frame[..<cut])))
            play.when(.drain, then: .terminate)
            play.when(
                .upstream, sends: Array(frame[cut...]), Upstream.turn,
                then: .down(Array(frame[cut...])), .error(1012, Self.restart, "drained"),
                .close(.client, 1012, Self.restart))
        }
    }

    @Test func aFrameOnItsWayDownThatNeverEndsCostsTheFarewell() {
        let frame = Upstream.frame(.binary, Client.sound(20))
        let play = Playbook.relaying()
        play.when(.upstream, sends: Array(frame[..<9]), then: .down(Array(frame[..<9])))
        play.when(.drain, then: .terminate)
        play.when(.legEnded(.upstream), then: .abort(.client), .conclude(.drained))
    }

    @Test func aTerminateOfTheClientIsWaitedForLikeOurs() {
        let play = Playbook.relaying()
        play.when(
            .client, sends: Client.terminate, Client.emptyClose,
            then: .up(Client.terminate), .emptyClose(.client), .finish(.client))
        #expect(play.timeToDeadline == .seconds(5))
        play.when(.upstream, sends: Upstream.termination, then: .emptyClose(.upstream))
        play.when(.legEnded(.upstream), then: .conclude(.clientClosed(code: nil)))
        #expect(play.summary?.terminatedBy == .client)
    }

    @Test func aPausedUpstreamIsReadAgainForItsLastWord() {
        let play = Playbook.relaying()
        play.when(64 << 10, waitFor: .client, then: .pause(.upstream))
        play.when(
            .drain, then: .error(1012, Self.restart, "drained"), .close(.client, 1012, Self.restart),
            .resume(.upstream), .terminate)
        // The client reads nothing more, and that is nobody else's matter.
        play.when(65 << 10, waitFor: .client)
        play.when(.upstream, sends: Upstream.turn, Upstream.termination, then: .close(.upstream, 1001))
    }

    @Test func aPausedClientIsReadAgainForItsClose() {
        let play = Playbook.relaying()
        play.when(64 << 10, waitFor: .upstream, then: .pause(.client))
        play.when(
            .drain, then: .error(1012, Self.restart, "drained"), .close(.client, 1012, Self.restart),
            .resume(.client), .terminate)
        play.when(65 << 10, waitFor: .upstream)
        play.when(.client, sends: Client.close(1012), then: .finish(.client))
    }

    @Test func aLegThatIsGoneIsNeitherPausedNorResumed() {
        let play = Playbook.relaying()
        play.when(64 << 10, waitFor: .upstream, then: .pause(.client))
        play.when(.legEnded(.client), then: .terminate)
        play.when(0, waitFor: .upstream)
        play.when(65 << 10, waitFor: .upstream)
    }

    // MARK: The provider's last words

    @Test func aProviderThatSaysNothingIsClosedAndThenCutOff() {
        let play = Playbook.relaying()
        play.when(.legEnded(.client), then: .terminate)
        play.when(in: .seconds(5), then: .close(.upstream, 1001))
        play.when(in: .seconds(5), then: .abort(.upstream), .conclude(.lost(.client)))
        #expect(play.summary?.billedSeconds == nil)
    }

    @Test func aLateTerminationIsStillRecorded() {
        let play = Playbook.relaying()
        play.happens(.legEnded(.client))
        play.when(in: .seconds(5), then: .close(.upstream, 1001))
        play.when(.upstream, sends: Upstream.termination)
        play.when(.upstream, sends: Upstream.close(1000), then: .finish(.upstream), .conclude(.lost(.client)))
        #expect(play.summary?.billedSeconds == 7)
    }

    @Test func aLateTerminationDoesNotPostponeTheLastDeadline() {
        let play = Playbook.relaying()
        play.happens(.legEnded(.client))
        play.when(in: .seconds(5), then: .close(.upstream, 1001))
        play.wait(.seconds(4))
        play.when(.upstream, sends: Upstream.termination)
        play.when(in: .seconds(1), then: .abort(.upstream), .conclude(.lost(.client)))
    }

    @Test func aBeginThatComesAfterTheEndPostponesNothing() {
        let play = Playbook.opened()
        play.when(.legEnded(.client), then: .terminate)
        play.wait(.seconds(2))
        play.when(.upstream, sends: Upstream.begin)
        play.when(in: .seconds(3), then: .close(.upstream, 1001))
    }

    @Test func aKeyRejectedAfterTheEndChangesNothingOfIt() {
        let play = Playbook.opened()
        play.when(
            .drain, then: .error(1012, Self.restart, "drained"), .close(.client, 1012, Self.restart), .terminate)
        play.when(.upstream, sends: Upstream.error(1008))
        play.when(.upstream, sends: Upstream.close(1008), then: .close(.upstream, 1008), .finish(.upstream))
        play.when(.client, sends: Client.close(1012), then: .finish(.client), .conclude(.drained))
        #expect(play.summary?.refusal == nil)
    }

    @Test func aProviderThatClosesInsteadOfTerminatingIsAnswered() {
        let play = Playbook.relaying()
        play.when(.legEnded(.client), then: .terminate)
        play.when(
            .upstream, sends: Upstream.close(3005, "x"), then: .close(.upstream, 3005, "x"), .finish(.upstream),
            .conclude(.lost(.client)))
    }

    @Test func aProviderThatBreaksTheRulesAfterTheEndIsNotWaitedFor() {
        let play = Playbook.relaying()
        play.when(.legEnded(.client), then: .terminate)
        play.when(
            .upstream, sends: Upstream.breach, then: .emptyClose(.upstream), .finish(.upstream),
            .conclude(.lost(.client)))
    }

    @Test func pingsOfTheProviderAreAnsweredUntilItsLastWord() {
        let play = Playbook.relaying()
        play.when(.legEnded(.client), then: .terminate)
        play.when(.upstream, sends: Upstream.ping("1"), then: .send(.upstream, .pong(Array("1".utf8))))
        play.when(.upstream, sends: Upstream.termination, then: .close(.upstream, 1001))
        play.when(.upstream, sends: Upstream.ping("2"))
    }

    // MARK: Deadlines

    @Test func whenNobodyAnswersBothLegsAreCutOffInTime() {
        let play = Playbook.relaying()
        play.when(
            .drain, then: .error(1012, Self.restart, "drained"), .close(.client, 1012, Self.restart), .terminate)
        play.when(in: .seconds(5), then: .close(.upstream, 1001), .abort(.client))
        play.when(in: .seconds(5), then: .abort(.upstream), .conclude(.drained))
    }

    @Test func aLegThatHasAnsweredIsNotWaitedForAgain() {
        let play = Playbook.relaying(SessionSettings(terminate: .seconds(30)))
        play.happens(.drain)
        play.when(.client, sends: Client.close(1012), then: .finish(.client))
        play.when(in: .seconds(30), then: .close(.upstream, 1001))
    }

    @Test func frameAfterFrameDoesNotPostponeTheLastDeadline() {
        let play = Playbook.relaying()
        play.happens(.drain)
        play.wait(.seconds(4))
        play.when(.client, sends: Client.audio(), Client.ping())
        play.when(.upstream, sends: Upstream.turn)
        play.when(in: .seconds(1), then: .close(.upstream, 1001), .abort(.client))
    }

    // MARK: The first reason wins

    @Test(
        arguments: [
            .requested(SessionRequest(ask: Ask())), .rejected(.draining, .http), .identified(.missing),
            .dialed(.somewhere),
            .dialFailed(DialFailure(.keyRejected, "")), .upgradeSent, .drain, .deadline,
        ] as [SessionEvent])
    func nothingThatComesAfterTheEndIsItsReason(event: SessionEvent) {
        let play = Playbook.relaying()
        play.happens(.legEnded(.upstream))
        play.when(event)
        play.when(.client, sends: Client.close(1014), then: .finish(.client), .conclude(.lost(.upstream)))
        #expect(play.isClosed)
    }

    @Test(arguments: [SessionEvent.dialed(.somewhere), .dialFailed(DialFailure(.connectFailed, ""))])
    func aDialThatIsLongOverDoesNotCutTheProvidersLastWordShort(event: SessionEvent) {
        let play = Playbook.relaying()
        play.when(.legEnded(.client), then: .terminate)
        play.when(event)
        play.when(.upstream, sends: Upstream.termination, then: .close(.upstream, 1001))
    }

    @Test func theClientsTransparentCloseStaysTheReasonWhenTheUpstreamIsLost() {
        let play = Playbook.relaying(.generic())
        play.when(.client, sends: Client.close(1000), then: .close(.upstream, 1000))
        play.when(
            .legEnded(.upstream), then: .close(.client, 1014, "The connection to the speech provider was lost."),
            .finish(.client), .conclude(.clientClosed(code: .normal)))
    }

    @Test func aCloseOfTheProviderInTheMiddleOfAFrameOnItsWayUpCutsTheUpstreamOff() {
        let play = Playbook.relaying()
        let start = Array(Client.audio(500).prefix(100))
        play.when(.client, sends: start, then: .up(start))
        play.when(.upstream, sends: Upstream.close(1000), then: .close(.client, 1000), .abort(.upstream))
        play.when(.client, sends: Array(Client.audio(500).dropFirst(100)), Client.audio())
        play.when(
            .client, sends: Client.close(1000), then: .finish(.client), .conclude(.upstreamClosed(code: .normal)))
    }

    @Test func whatTheClientSendsAfterTheUpstreamIsLostGoesNowhere() {
        let play = Playbook.relaying()
        play.happens(.legEnded(.upstream))
        play.when(.client, sends: Client.audio(), Client.terminate)
        play.when(.client, sends: Client.breach, then: .finish(.client), .conclude(.lost(.upstream)))
        #expect(play.summary?.terminatedBy == nil)
    }

    @Test func afterTheConclusionNothingHappens() {
        let play = Playbook.relaying()
        play.happens(.legEnded(.upstream))
        play.happens(.legEnded(.client))
        #expect(play.isClosed)
        for event in [.legEnded(.client), .legEnded(.upstream), .deadline, .drain, .dialed(.somewhere)]
            as [SessionEvent]
        {
            play.when(event)
        }
        play.when(.client, sends: Client.audio())
        play.when(100 << 10, waitFor: .client)
        #expect(play.timeToDeadline == nil)
    }
}
