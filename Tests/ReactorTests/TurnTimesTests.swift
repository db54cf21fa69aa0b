import Testing
import Timing

@testable import Reactor

@Suite struct TurnTimesTests {
    @Test func turnsAreSortedByTheirSize() {
        var times = TurnTimes()
        for turn: UInt64 in [0, 1, 99_999, 100_000, 100_001, 999_999_999, 1_000_000_000, 1_000_000_001, 1 << 40] {
            times.note(turn)
        }
        #expect(times.counts == [4, 1, 0, 0, 0, 0, 0, 0, 0, 2, 2])
        #expect(times.total == .nanoseconds(3_000_300_001 + 1 << 40))
    }

    @Test func theBoundsAscend() {
        #expect(zip(TurnTimes.bounds, TurnTimes.bounds.dropFirst()).allSatisfy(<))
        #expect(TurnTimes().counts.count == TurnTimes.bounds.count + 1)
    }

    @Test func aLoopCountsItsTurnsWithoutItsWait() throws {
        let loop = try EventLoop()
        let handler = Busy()
        loop.schedule(handler, at: loop.now + .milliseconds(20))
        loop.schedule(handler, at: loop.now + .milliseconds(40))
        while handler.count < 2 { loop.turn() }
        #expect(loop.turnTimes.counts.reduce(0, +) >= 2)
        // Each time it is kept busy for three milliseconds, and waits for much longer.
        #expect(loop.turnTimes.counts[5...].reduce(0, +) >= 2)
        #expect(loop.turnTimes.total >= .milliseconds(6))
    }
}

/// Holds its loop up.
private final class Busy: TimerHandler {
    private(set) var count = 0

    func fired(tag: Int) {
        count += 1
        let end = MonotonicClock.now() + .milliseconds(3)
        while MonotonicClock.now() < end {}
    }
}
