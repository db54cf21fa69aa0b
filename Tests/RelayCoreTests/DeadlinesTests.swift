import Policy
import RelayCore
import Testing
import Timing
import WebSocket

@Suite struct DeadlinesTests {
    /// Each limit on its own: the others are far away.
    private static func settings(
        handshake: Duration = .seconds(9000), ping: Duration = .seconds(9000), pong: Duration = .seconds(9000),
        stall: Duration = .seconds(9000), idle: Duration = .seconds(9000), session: Duration = .seconds(9000)
    ) -> SessionSettings {
        SessionSettings(
            handshake: handshake, ping: ping, pong: pong, stall: stall, idle: idle, session: session,
            terminate: .seconds(3), dial: .seconds(9000))
    }

    private static let ping = Effect.send(.client, .ping([]))

    // MARK: The session's time

    @Test func aSessionMayLastSoLongFromItsAnswerOn() {
        let play = Playbook.dialing(Self.settings(session: .seconds(60)))
        play.wait(.seconds(10))
        play.happens(.dialed(.somewhere))
        let sentence = "Session Expired: Maximum session duration exceeded"
        play.when(
            in: .seconds(50), then: .error(3008, sentence, "session-time-over"), .close(.client, 3008, sentence),
            .terminate)
        play.when(in: .seconds(3), then: .close(.upstream, 1001))
        play.when(in: .seconds(2), then: .abort(.client))
        play.when(in: .seconds(3), then: .abort(.upstream), .conclude(.tooOld))
    }

    @Test func aSessionsTimeCanBeOverWhileItIsDialled() {
        let play = Playbook.dialing(Self.settings(session: .seconds(60)))
        let sentence = "Session Expired: Maximum session duration exceeded"
        play.when(
            in: .seconds(60), then: .error(3008, sentence, "session-time-over"), .close(.client, 3008, sentence),
            .abandonDial)
    }

    // MARK: Idleness

    @Test(arguments: [true, false])
    func aSessionWithoutDataEitherWayIsIdle(fromClient: Bool) {
        let play = Playbook.relaying(Self.settings(idle: .seconds(60)))
        play.wait(.seconds(59))
        if fromClient {
            play.arrives(Client.audio(), from: .client)
        } else {
            play.arrives(Upstream.turn, from: .upstream)
        }
        play.wait(.seconds(30))
        play.arrives(Client.ping() + Client.pong, from: .client)
        play.arrives(Upstream.ping() + Upstream.pong, from: .upstream)
        let sentence = "The session carried no data for too long."
        play.when(
            in: .seconds(30), then: .error(4408, sentence, "idle"), .close(.client, 4408, sentence), .terminate)
    }

    // MARK: Stalls

    @Test func aClientThatReadsNothingIsClosed() {
        let play = Playbook.relaying(Self.settings(stall: .seconds(30)))
        play.when(100, waitFor: .client)
        play.wait(.seconds(20))
        play.when(500, waitFor: .client)
        let sentence = "The client reads too slowly."
        play.when(
            in: .seconds(10), then: .error(4413, sentence, "client-stalled"), .close(.client, 4413, sentence),
            .terminate)
    }

    @Test func anUpstreamThatReadsNothingIsClosed() {
        let play = Playbook.relaying(Self.settings(stall: .seconds(30)))
        play.when(100, waitFor: .upstream)
        let sentence = "The speech provider stopped taking audio."
        play.when(
            in: .seconds(30), then: .error(1014, sentence, "upstream-stalled"), .close(.client, 1014, sentence),
            .terminate)
    }

    @Test(arguments: [Leg.client, .upstream])
    func everyByteTakenStartsAStallAnew(slow: Leg) {
        let play = Playbook.relaying(Self.settings(stall: .seconds(30)))
        play.when(100, waitFor: slow)
        play.wait(.seconds(29))
        play.when(99, waitFor: slow)
        #expect(play.timeToDeadline == .seconds(30))
        play.wait(.seconds(29))
        play.when(0, waitFor: slow)
        #expect(play.timeToDeadline! > .seconds(1000))
        play.when(1, waitFor: slow)
        #expect(play.timeToDeadline == .seconds(30))
    }

    @Test func whatWaitedForTheDialCountsFromTheOpenLeg() {
        let play = Playbook.dialing(Self.settings(stall: .seconds(30)))
        play.when(64 << 10, waitFor: .upstream, then: .pause(.client))
        play.wait(.seconds(25))
        play.when(.dialed(.somewhere))
        play.when(64 << 10, waitFor: .upstream)
        #expect(play.timeToDeadline == .seconds(30))
    }

    // MARK: Pings

    @Test func aSilentLegIsPingedAndThenLost() {
        let play = Playbook.relaying(Self.settings(ping: .seconds(20), pong: .seconds(10)))
        play.wait(.seconds(5))
        play.arrives(Upstream.turn, from: .upstream)
        play.when(in: .seconds(15), then: Self.ping)
        play.when(in: .seconds(5), then: .send(.upstream, .ping([])))
        play.when(in: .seconds(5), then: .abort(.client), .terminate)
        play.when(.upstream, sends: Upstream.termination, then: .close(.upstream, 1001))
        play.when(.upstream, sends: Upstream.close(1000), then: .finish(.upstream), .conclude(.silent(.client)))
    }

    @Test func aSilentUpstreamIsToldToTheClient() {
        let play = Playbook.relaying(Self.settings(ping: .seconds(20), pong: .seconds(10)))
        play.wait(.seconds(15))
        play.arrives(Client.audio(), from: .client)
        play.when(in: .seconds(5), then: .send(.upstream, .ping([])))
        play.wait(.seconds(9))
        play.arrives(Client.audio(), from: .client)
        let sentence = "The speech provider stopped answering."
        play.when(
            in: .seconds(1), then: .error(1014, sentence, "upstream-silent"), .close(.client, 1014, sentence),
            .terminate)
    }

    @Test func anyByteShowsThatALegLives() {
        let play = Playbook.relaying(Self.settings(ping: .seconds(20), pong: .seconds(10)))
        play.when(in: .seconds(20), then: Self.ping, .send(.upstream, .ping([])))
        play.wait(.seconds(9))
        play.when(.client, sends: Array(Client.pong.prefix(1)))
        play.when(.upstream, sends: Array(Upstream.turn.prefix(1)))
        #expect(play.timeToDeadline == .seconds(20))
    }

    @Test func aClientIsPingedWhileItsSessionIsDialled() {
        let play = Playbook.dialing(Self.settings(ping: .seconds(20), pong: .seconds(10)))
        play.when(in: .seconds(20), then: Self.ping)
        play.when(in: .seconds(10), then: .abort(.client), .abandonDial, .conclude(.silent(.client)))
    }

    // MARK: The provider's first word

    @Test func aProviderThatDoesNotBeginIsTooLate() {
        let play = Playbook.opened(Self.settings(handshake: .seconds(10)))
        let sentence = "The speech provider took too long to answer."
        play.when(
            in: .seconds(10), then: .error(4504, sentence, "timeout"), .close(.client, 4504, sentence), .terminate)
        #expect(play.summary == nil)
        #expect(play.runDeadlines())
        #expect(play.summary?.ending == .refused(.timeout))
        #expect(play.summary?.refusal == Refusal(.timeout, sentence))
    }

    @Test func aProviderThatSaysSomethingElseFirstHasAnswered() {
        let play = Playbook.opened(Self.settings(handshake: .seconds(10)))
        play.when(.upstream, sends: Upstream.turn, then: .down(Upstream.turn))
        #expect((play.timeToDeadline ?? .zero) > .seconds(10))
    }

    @Test func anotherProviderNeedNotSayAnything() {
        let play = Playbook.opened(
            SessionSettings(handshake: .seconds(10), defaultProvider: .generic(onClientLoss: nil)))
        #expect(play.timeToDeadline == .seconds(20))
    }

    // MARK: Several at once

    @Test func ofSeveralThatAreDueTheGravestEndsTheSession() {
        let play = Playbook.opened(
            Self.settings(
                handshake: .seconds(10), ping: .seconds(5), pong: .seconds(5), stall: .seconds(10), idle: .seconds(10),
                session: .seconds(10)))
        play.waits(1, for: .client)
        play.when(in: .seconds(5), then: Self.ping, .send(.upstream, .ping([])))
        play.wait(.seconds(5))
        play.happens(.deadline)
        #expect(play.runDeadlines())
        #expect(play.summary?.ending == .tooOld)
    }

    @Test func aTimerThatFiresEarlyChangesNothing() {
        let play = Playbook.relaying()
        play.wait(.seconds(19))
        play.when(.deadline)
        #expect(play.timeToDeadline == .seconds(1))
        play.when(.legEnded(.client), then: .terminate)
        play.wait(.seconds(1))
        play.when(.deadline)
        #expect(play.timeToDeadline == .seconds(4))
    }

    @Test func noDeadlineStandsBeforeTheRequestOrAfterTheEnd() {
        let play = Playbook()
        #expect(play.timeToDeadline == nil)
        play.happens(.requested(SessionRequest(ask: Ask())))
        play.happens(.legEnded(.client))
        #expect(play.timeToDeadline == nil)
    }
}
