import Testing
import Timing

@testable import RelayCore

@Suite struct MinuteWindowTests {
    private func at(_ seconds: Double) -> Instant { Instant(nanoseconds: UInt64(seconds * 1e9)) }

    @Test func whatFitsBeginsAtOnce() {
        var window = MinuteWindow()
        for _ in 1...3 {
            #expect(window.wait(within: 3, now: at(1000)) == nil)
            window.add(now: at(1000))
        }
        #expect(window.wait(within: 3, now: at(1000)) == .seconds(61))
    }

    @Test func aPlaceComesBackWhenAllOfItsSecondIsMoreThanAMinuteAgo() {
        var window = MinuteWindow()
        window.add(now: at(1000.9))
        window.add(now: at(1030.2))
        #expect(window.wait(within: 2, now: at(1060.9)) == .milliseconds(100))
        #expect(window.wait(within: 2, now: at(1060.999)) != nil)
        #expect(window.wait(within: 2, now: at(1061)) == nil)
        #expect(window.wait(within: 1, now: at(1061)) == .seconds(30))
    }

    @Test func ofALowerBoundAsManyMustGoAsAreTooMany() {
        var window = MinuteWindow()
        for second in [10.0, 20, 30] { window.add(now: at(1000 + second)) }
        #expect(window.wait(within: 1, now: at(1031)) == .seconds(60))
        #expect(window.wait(within: 2, now: at(1031)) == .seconds(50))
        #expect(window.wait(within: 4, now: at(1031)) == nil)
    }

    @Test func whatDidNotBeginAfterAllDoesNotCount() {
        var window = MinuteWindow()
        window.add(now: at(1000))
        window.add(now: at(1010))
        window.remove(now: at(1011))
        // The younger one is gone.
        #expect(window.wait(within: 1, now: at(1011)) == .seconds(50))
        window.remove(now: at(1011))
        window.remove(now: at(1011))
        #expect(window.total == 0)
    }

    @Test func afterALongTimeNothingIsLeft() {
        var window = MinuteWindow()
        for _ in 1...5 { window.add(now: at(1000)) }
        #expect(window.wait(within: 1, now: at(1_000_000)) == nil)
        #expect(window.total == 0)
    }

    /// Loops do not look at the clock at the same moment.
    @Test func aClockThatIsALittleBehindCountsAll() {
        var window = MinuteWindow()
        window.add(now: at(1001))
        window.add(now: at(999))
        #expect(window.total == 2)
        #expect(window.wait(within: 2, now: at(999)) != nil)
    }

    @Test func theEndsOfTimeDoNotTrap() {
        var window = MinuteWindow()
        for now in [Instant(nanoseconds: 0), Instant(nanoseconds: .max), Instant(nanoseconds: 0)] {
            window.add(now: now)
            _ = window.wait(within: 1, now: now)
            window.remove(now: now)
        }
    }

    /// In no minute, wherever it begins, more begin than the bound admits; and whoever tries each second loses little.
    @Test(arguments: [1, 7, 100]) func noMinuteHasMore(bound: Int) {
        var chance = Seeded(state: UInt64(bound))
        var window = MinuteWindow()
        var begun: [Double] = []
        var now = 1000.0
        while now < 1600 {
            now += .random(in: 0...0.3, using: &chance)
            guard window.wait(within: bound, now: at(now)) == nil else { continue }
            window.add(now: at(now))
            begun.append(now)
        }
        for (index, start) in begun.enumerated() where index + bound < begun.count {
            #expect(begun[index + bound] - start > 60, "seed \(bound)")
        }
        #expect(begun.count >= bound * 9)
    }
}
