import RelayTestKit
import Testing
import Timing

@testable import RelayServer

@Suite struct KeySetScheduleTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    @Test func theFirstFetchIsDueAtOnceAndTheNextWhenTheAnswerIsOld() {
        var schedule = KeySetSchedule(at: start)
        #expect(schedule.begin(at: start) == .due)
        #expect(schedule.begin(at: start) == nil)
        #expect(schedule.succeeded(at: start, lifetime: nil) == 1)
        #expect(schedule.begin(at: start + .seconds(599)) == nil)
        #expect(schedule.begin(at: start + .seconds(600)) == .due)
    }

    @Test(
        arguments: [
            (nil, 600), (.zero, 60), (.seconds(59), 60), (.seconds(90), 90), (.seconds(86_400), 3600),
            (.seconds(Int64(UInt32.max)), 3600),
        ] as [(Duration?, Int)])
    func theProviderSaysHowLongItsAnswerIsGoodWithinBounds(lifetime: Duration?, seconds: Int) {
        var schedule = KeySetSchedule(at: start)
        _ = schedule.begin(at: start)
        _ = schedule.succeeded(at: start, lifetime: lifetime)
        #expect(schedule.due == start + .seconds(seconds))
    }

    @Test func whoAsksIsHeardOnceInTenSeconds() {
        var schedule = fetched(at: start)
        #expect(schedule.ask(at: start, withKeys: true) == 2)
        #expect(schedule.ask(at: start, withKeys: true) == 2, "shares the one to come")
        #expect(schedule.begin(at: start) == .asked)
        #expect(schedule.ask(at: start, withKeys: true) == 2, "shares the one under way")
        #expect(schedule.succeeded(at: start, lifetime: nil) == 2)
        #expect(schedule.ask(at: start + .seconds(9), withKeys: true) == nil)
        #expect(schedule.begin(at: start + .seconds(9)) == nil)
        #expect(schedule.ask(at: start + .seconds(10), withKeys: true) == 3)
        #expect(schedule.begin(at: start + .seconds(10)) == .asked)
    }

    /// A key that appeared meanwhile may not be in what is under way.
    @Test func whoAsksWhileAFetchIsUnderWayWaitsForOneThatBeginsNow() {
        var schedule = fetched(at: start)
        let later = start + .seconds(600)
        #expect(schedule.begin(at: later) == .due)
        #expect(schedule.ask(at: later, withKeys: true) == 3)
        #expect(schedule.succeeded(at: later, lifetime: nil) == 2, "those who wait have to wait on")
        #expect(schedule.begin(at: later) == .asked)
        #expect(schedule.succeeded(at: later, lifetime: nil) == 3)
    }

    /// Each fetch takes as long as others may ask for the next.
    @Test func nobodyIsPassedOverByThoseWhoAskAfterThem() {
        var schedule = fetched(at: start)
        var now = schedule.due
        _ = schedule.begin(at: now)
        var last = schedule.ask(at: now, withKeys: true) ?? 0
        #expect(last == 3)
        for _ in 0..<100 {
            now = now + KeySetSchedule.pause
            _ = schedule.failed(at: now, jitter: 1)
            #expect(schedule.begin(at: now) == .asked)
            let next = schedule.ask(at: now, withKeys: true) ?? 0
            #expect(next == last + 1, "whoever asked before waits for what is under way")
            last = next
        }
    }

    @Test func whoeverAsksWaitsForTheFetchUnderWayOrTheNextAndNeverForLessThanThoseBefore() {
        var generator = SeededGenerator(seed: 7)
        var schedule = KeySetSchedule(at: start)
        var (now, begun, last, isFetching, hasKeys) = (start, 0, 0, false, false)
        for _ in 0..<100_000 {
            now = now + .milliseconds(.random(in: 0...4000, using: &generator))
            if isFetching, Bool.random(using: &generator) {
                isFetching = false
                hasKeys = hasKeys || Bool.random(using: &generator)
                #expect(schedule.failed(at: now, jitter: 1) == begun)
            }
            if let fetch = schedule.ask(at: now, withKeys: hasKeys) {
                #expect(fetch >= last && (fetch == begun + 1 || fetch == begun && isFetching))
                last = fetch
            }
            guard schedule.begin(at: now) != nil else { continue }
            begun += 1
            isFetching = true
        }
    }

    @Test func whoAsksBeforeThereAreAnyKeysWaitsForTheFirst() {
        var schedule = KeySetSchedule(at: start)
        #expect(schedule.begin(at: start) == .due)
        #expect(schedule.ask(at: start, withKeys: false) == 1)
        #expect(schedule.succeeded(at: start, lifetime: nil) == 1)
        #expect(schedule.ask(at: start, withKeys: true) == 2, "and nobody has been heard yet")
    }

    @Test func aProviderThatIsAwayForAnHourIsAskedLessAndLess() {
        var schedule = fetched(at: start)
        var times: [Int64] = []
        var now = schedule.due
        let end = now + .seconds(3600)
        while now < end {
            #expect(schedule.begin(at: now) == .due)
            _ = schedule.failed(at: now, jitter: 1)
            times.append(schedule.due.duration(since: now).components.seconds)
            now = schedule.due
        }
        #expect(times.prefix(8) == [1, 2, 4, 8, 16, 32, 60, 60])
        #expect(times.count < 70)
        #expect(schedule.begin(at: now) == .due)
        _ = schedule.succeeded(at: now, lifetime: nil)
        #expect(schedule.begin(at: now + .seconds(600)) == .due)
        _ = schedule.failed(at: now, jitter: 0.75)
        #expect(schedule.due == now + .milliseconds(750), "it begins anew")
    }

    @Test func strangersCannotMakeItAskMoreOftenWhateverTheProviderDoes() {
        var generator = SeededGenerator(seed: 5)
        var schedule = fetched(at: start)
        var now = start
        var asked = 0
        for _ in 0..<100_000 {
            now = now + .milliseconds(10)
            _ = schedule.ask(at: now, withKeys: true)
            guard let errand = schedule.begin(at: now) else { continue }
            if errand == .asked { asked += 1 }
            if Bool.random(using: &generator) {
                _ = schedule.succeeded(at: now, lifetime: nil)
            } else {
                _ = schedule.failed(at: now, jitter: 1)
            }
        }
        #expect(asked <= 101)
    }

    private func fetched(at now: Instant) -> KeySetSchedule {
        var schedule = KeySetSchedule(at: now)
        _ = schedule.begin(at: now)
        _ = schedule.succeeded(at: now, lifetime: nil)
        return schedule
    }
}
