import Testing
import Timing

@testable import RelayCore

@Suite struct LegStateTests {
    private let now = Instant(nanoseconds: 5)

    @Test func aLegThatOpensCountsAsHeard() {
        var leg = LegState()
        #expect(!leg.isOpen && !leg.isGone && !leg.isListenedTo)
        leg.open(at: now)
        #expect(leg.isOpen && leg.isListenedTo)
        #expect(leg.heardAt == now)
    }

    @Test func whatIsHeardAnswersAPing() {
        var leg = LegState()
        leg.pingedAt = now
        leg.heard(at: now)
        #expect(leg.pingedAt == nil)
    }

    @Test func aPausedLegIsOpenButNotListenedTo() {
        var leg = LegState()
        leg.open(at: now)
        leg.holds = .buffer
        #expect(leg.isOpen && !leg.isListenedTo)
    }

    @Test func nothingIsExpectedOfALegThatIsGone() {
        var leg = LegState()
        leg.open(at: now)
        leg.holds = .buffer
        leg.closeBy = now
        leg.leave()
        #expect(leg.isGone && !leg.isOpen && !leg.isPaused)
        #expect(leg.closeBy == nil)
    }

    @Test func owedFramesAreEmptyOnlyWithoutEither() {
        #expect(OwedFrames().isEmpty)
        #expect(!OwedFrames(pong: []).isEmpty)
        #expect(!OwedFrames(ping: true).isEmpty)
    }
}
