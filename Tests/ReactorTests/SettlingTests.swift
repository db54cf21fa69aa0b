import Testing
import Timing

@testable import Reactor

@Suite struct SettlingTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    @Test func nothingIsDueBeforeAnythingIsNoted() {
        var settling = Settling()
        #expect(settling.due == nil)
        let isTaken = settling.take(at: start)
        #expect(!isTaken)
    }

    @Test func whatIsNotedIsToldOnceWhenItHasBeenQuiet() {
        var settling = Settling()
        settling.note(at: start)
        settling.note(at: start + .milliseconds(20))
        #expect(settling.due == start + .milliseconds(70))
        let early = settling.take(at: start + .milliseconds(69))
        let due = settling.take(at: start + .milliseconds(70))
        let again = settling.take(at: start + .milliseconds(71))
        #expect([early, due, again] == [false, true, false])
    }

    @Test func whoeverNeverPausesIsToldAboutAllTheSame() {
        var settling = Settling()
        for step in stride(from: 0, to: 290, by: 10) { settling.note(at: start + .milliseconds(step)) }
        #expect(settling.due == start + .milliseconds(300))
    }
}
