import RelayCore
import Testing
import Timing

@Suite struct BreakerTests {
    private let start = Instant(nanoseconds: 1_000_000_000)
    private static let rules = Breaker.Rules(threshold: 3, pause: .seconds(2), longestPause: .seconds(7))

    /// Opened by failures at `start`.
    private func opened(jitter: Double = 1) -> Breaker {
        var breaker = Breaker(Self.rules)
        for _ in 1...3 { breaker.fail(at: start, jitter: jitter) }
        return breaker
    }

    @Test func itOpensAfterSoManyFailuresInARow() {
        var breaker = Breaker(Self.rules)
        for _ in 1...5 {
            breaker.fail(at: start)
            breaker.fail(at: start)
            breaker.note(.answered, isTrial: false, now: start, jitter: 0)
        }
        #expect(breaker.state == .closed)
        for expected in [Breaker.State.closed, .closed, .open] {
            #expect(breaker.admit(now: start) == .dial)
            breaker.fail(at: start)
            #expect(breaker.state == expected)
        }
        #expect(breaker.admit(now: start) == .wait(.seconds(1)))
    }

    @Test(arguments: [(0, 1000), (0.5, 1500), (1, 2000), (-3, 1000), (17, 2000)] as [(Double, Int)])
    func thePauseIsBetweenHalfAndAllOfItsLength(jitter: Double, milliseconds: Int) {
        let breaker = opened(jitter: jitter)
        #expect(breaker.patience(now: start) == .milliseconds(milliseconds))
        #expect(breaker.patience(now: start + .milliseconds(milliseconds - 1)) == .milliseconds(1))
        #expect(breaker.patience(now: start + .milliseconds(milliseconds)) == nil)
    }

    @Test func afterThePauseOneDialTriesAndTheOthersWait() {
        var breaker = opened()
        let later = start + .seconds(2)
        #expect(breaker.admit(now: later) == .trial)
        #expect(breaker.state == .halfOpen)
        for _ in 1...3 { #expect(breaker.admit(now: later) == .wait(.seconds(2))) }
        breaker.note(.answered, isTrial: true, now: later, jitter: 0)
        #expect(breaker.state == .closed)
        #expect(breaker.admit(now: later) == .dial)
    }

    @Test func eachTrialThatFailsDoublesThePauseUpToTheCap() {
        var breaker = opened()
        var now = start
        for seconds in [2, 4, 7, 7, 7] {
            #expect(breaker.patience(now: now) == .seconds(seconds))
            now = now + .seconds(seconds)
            #expect(breaker.admit(now: now) == .trial)
            breaker.note(.failed, isTrial: true, now: now, jitter: 1)
        }
        // A success forgets all that.
        breaker.note(.answered, isTrial: false, now: now, jitter: 1)
        for _ in 1...3 { breaker.fail(at: now, jitter: 1) }
        #expect(breaker.patience(now: now) == .seconds(2))
    }

    @Test func aTrialThatWasGivenUpLeavesTheNextOneItsPlace() {
        var breaker = opened()
        let later = start + .seconds(2)
        #expect(breaker.admit(now: later) == .trial)
        breaker.note(.abandoned, isTrial: true, now: later, jitter: 1)
        #expect(breaker.state == .open)
        #expect(breaker.admit(now: later) == .trial)
    }

    @Test func dialsThatBeganBeforeItOpenedOnlyCountWhenTheySucceed() {
        var breaker = opened()
        for _ in 1...9 { breaker.fail(at: start + .seconds(1)) }
        breaker.note(.abandoned, isTrial: false, now: start, jitter: 1)
        #expect(breaker.patience(now: start) == .seconds(2))
        let later = start + .seconds(2)
        #expect(breaker.admit(now: later) == .trial)
        breaker.fail(at: later)
        #expect(breaker.state == .halfOpen)
        breaker.note(.answered, isTrial: false, now: later, jitter: 1)
        #expect(breaker.state == .closed)
        breaker.note(.abandoned, isTrial: true, now: later, jitter: 1)
        #expect(breaker.state == .closed)
    }

    @Test func anyNumberOfOpeningsStaysWithinTheCap() {
        var breaker = Breaker(Breaker.Rules(threshold: 1))
        var now = start
        for _ in 1...200 {
            let isTrial = breaker.admit(now: now) == .trial
            breaker.note(.failed, isTrial: isTrial, now: now, jitter: 1)
            let patience = breaker.patience(now: now) ?? .zero
            #expect(patience >= .seconds(1) && patience <= .seconds(30))
            now = now + patience
        }
    }
}

extension Breaker {
    fileprivate mutating func fail(at now: Instant, jitter: Double = 0) {
        note(.failed, isTrial: false, now: now, jitter: jitter)
    }
}
