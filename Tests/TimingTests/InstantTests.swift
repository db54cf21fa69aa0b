import Testing

@testable import Timing

@Suite struct InstantTests {
    @Test func addingADurationMovesForwardAndBack() {
        let start = Instant(nanoseconds: 5_000_000_000)
        #expect((start + .seconds(2)).nanoseconds == 7_000_000_000)
        #expect((start + .milliseconds(-500)).nanoseconds == 4_500_000_000)
    }

    @Test func additionSaturatesAtBothEnds() {
        #expect((Instant(nanoseconds: .max) + .seconds(1)).nanoseconds == .max)
        #expect((Instant(nanoseconds: 1) + .seconds(-1)).nanoseconds == 0)
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
        #expect(Duration.seconds(Int64.min).wholeNanoseconds == .min)
    }

    @Test func aDurationIsNeverNegative() {
        let early = Instant(nanoseconds: 10)
        let late = Instant(nanoseconds: 30)
        #expect(late.duration(since: early) == .nanoseconds(20))
        #expect(early.duration(since: late) == .zero)
        #expect(early < late)
    }
}
