import Testing
import Timing

@testable import RelayServer

@Suite struct PacedNoticesTests {
    @Test func eachReasonIsDueOnceInAWhile() {
        var notices = PacedNotices<String>()
        let start = Instant(nanoseconds: 0)
        let asked = [("one", 0), ("one", 59), ("other", 59), ("one", 60), ("one", 119)]
        let due = asked.map { reason, second in notices.isDue(reason, now: start + .seconds(second)) }
        #expect(due == [true, false, true, true, false])
    }
}
