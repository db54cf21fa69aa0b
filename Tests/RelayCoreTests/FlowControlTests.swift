import RelayCore
import Testing
import Timing
import WebSocket

@Suite struct FlowControlTests {
    private static let settings = SessionSettings(bufferBytes: 1000)

    @Test(arguments: [Leg.client, .upstream])
    func aWriterIsPausedAtTheMarkAndReadAgainAtHalfOfIt(slow: Leg) {
        let play = Playbook.relaying(Self.settings)
        play.when(999, waitFor: slow)
        play.when(1000, waitFor: slow, then: .pause(slow.other))
        play.when(2000, waitFor: slow)
        play.when(999, waitFor: slow)
        play.when(501, waitFor: slow)
        play.when(500, waitFor: slow, then: .resume(slow.other))
        play.when(0, waitFor: slow)
        play.when(1000, waitFor: slow, then: .pause(slow.other))
    }

    @Test func eachDirectionIsItsOwn() {
        let play = Playbook.relaying(Self.settings)
        play.when(1000, waitFor: .client, then: .pause(.upstream))
        play.when(.client, sends: Client.audio(), then: .up(Client.audio()))
        play.when(1000, waitFor: .upstream, then: .pause(.client))
        play.when(0, waitFor: .client, then: .resume(.upstream))
        play.when(0, waitFor: .upstream, then: .resume(.client))
    }

    @Test func aLegThatIsNotOpenYetIsNotPaused() {
        let play = Playbook.dialing(Self.settings)
        play.when(1000, waitFor: .client)
        play.when(.dialed(.somewhere))
        play.when(1001, waitFor: .client, then: .pause(.upstream))
    }

    @Test func whatWasReadBeforeThePauseStillPasses() {
        let play = Playbook.relaying(Self.settings)
        play.when(1000, waitFor: .upstream, then: .pause(.client))
        play.when(.client, sends: Client.audio(), Client.text("x"), then: .up(Client.audio() + Client.text("x")))
    }

    @Test func aSlowReaderDoesNotMakeItsWriterSilent() {
        let play = Playbook.relaying()
        play.when(64 << 10, waitFor: .client, then: .pause(.upstream))
        // Nothing is heard of the upstream for longer than ping and pong allow, because it is not read.
        for step in 1...6 {
            play.wait(.seconds(10))
            play.when(.deadline)
            play.when(.client, sends: Client.audio(), then: .up(Client.audio()))
            play.when((64 << 10) - step * 1000, waitFor: .client)
        }
        play.when(0, waitFor: .client, then: .resume(.upstream))
        play.when(in: .seconds(20), then: .send(.client, .ping([])), .send(.upstream, .ping([])))
    }

    @Test func aPingThatWasOutWhenALegWasPausedIsNotHeldAgainstIt() {
        let play = Playbook.relaying()
        play.wait(.seconds(10))
        play.when(.client, sends: Client.audio(), then: .up(Client.audio()))
        play.when(in: .seconds(10), then: .send(.upstream, .ping([])))
        play.when(64 << 10, waitFor: .client, then: .pause(.upstream))
        play.wait(.seconds(9))
        play.when(.client, sends: Client.pong)
        play.when(0, waitFor: .client, then: .resume(.upstream))
        #expect(play.timeToDeadline == .seconds(20))
    }

    @Test func aFloodOfPingsMakesNothingGrow() {
        let play = Playbook.relaying(Self.settings)
        play.when(1000, waitFor: .client, then: .pause(.upstream))
        for number in 0..<1000 { play.when(.client, sends: Client.ping("\(number)")) }
        play.when(400, waitFor: .client, then: .resume(.upstream), .send(.client, .pong(Array("999".utf8))))
    }
}
