import HTTP2
import Testing
import Timing

@Suite struct SuspicionTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    @Test(arguments: Suspicion.Act.allCases) func everyActUsesUpTheBudgetInTheEnd(act: Suspicion.Act) {
        var suspicion = Suspicion()
        var count = 0
        while !suspicion.isExhausted, count < 20_000 {
            suspicion.note(act, now: start)
            count += 1
        }
        #expect(suspicion.exhaustedBy == act)
        // Five WINDOW_UPDATE frames are excused.
        #expect(count == 10_000 / act.cost + (act == .updatedWindow ? 5 : 0))
        #expect(!act.words.isEmpty)
    }

    @Test func actsOfDifferentKindsArePaidFromOnePurse() {
        var suspicion = Suspicion(by: TokenBucket.Rule(size: 30, interval: .seconds(1)))
        suspicion.note(.pinged, count: 9, now: start)
        suspicion.note(.resetStream, count: 2, now: start)
        #expect(!suspicion.isExhausted)
        suspicion.note(.sentPriority, now: start)
        #expect(suspicion.exhaustedBy == .sentPriority)
    }

    @Test func timeForgives() {
        var suspicion = Suspicion()
        for second in 0..<1000 {
            suspicion.note(.resetStream, count: 33, now: start + .seconds(second))
        }
        #expect(!suspicion.isExhausted)
        suspicion.note(.resetStream, count: 1000, now: start + .seconds(1000))
        #expect(suspicion.isExhausted)
    }

    @Test func theFirstReasonStays() {
        var suspicion = Suspicion()
        suspicion.condemn(.sentEndlessHead)
        suspicion.condemn(.ignoredAnswers)
        suspicion.note(.pinged, count: 100_000, now: start)
        #expect(suspicion.exhaustedBy == .sentEndlessHead)
    }

    @Test func aWindowUpdateWithACauseCostsNothing() {
        var suspicion = Suspicion(by: TokenBucket.Rule(size: 1, interval: .seconds(3600)))
        for _ in 0..<100_000 {
            suspicion.excuseWindowUpdates(2)
            suspicion.note(.updatedWindow, count: 1, now: start)
            suspicion.note(.updatedWindow, count: 1, now: start)
        }
        #expect(!suspicion.isExhausted)
        for _ in 0..<6 { suspicion.note(.updatedWindow, now: start) }
        #expect(suspicion.exhaustedBy == .updatedWindow)
    }

    /// What was saved up over hours is not spent at once.
    @Test func excusesAreBounded() {
        var suspicion = Suspicion(by: TokenBucket.Rule(size: 1, interval: .seconds(3600)))
        suspicion.excuseWindowUpdates(1_000_000)
        for _ in 0..<10_000 { suspicion.note(.updatedWindow, now: start) }
        #expect(!suspicion.isExhausted)
        suspicion.note(.updatedWindow, now: start)
        #expect(suspicion.isExhausted)
    }
}
