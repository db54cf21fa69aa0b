import Testing
import Timing

@testable import Reactor

@Suite struct MonotonicClockTests {
    @Test func itNeverGoesBack() {
        var last = MonotonicClock.now()
        for _ in 0..<10_000 {
            let now = MonotonicClock.now()
            #expect(now >= last)
            last = now
        }
    }
}
