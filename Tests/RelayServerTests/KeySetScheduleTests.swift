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
        #expect(schedule.succeeded(at: start, lifetime: nil) == true)
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
        #expect(schedule.ask(at: start, withKeys: true) == true)
        #expect(schedule.ask(at: start, withKeys: true) == true, "shares the one to come")
        #expect(schedule.begin(at: start) == .asked)
        #expect(schedule.ask(at: start, withKeys: true) == true, "shares the one under way")
        #expect(schedule.succeeded(at: start, lifetime: nil) == true)
        #expect(schedule.ask(at: start + .seconds(9), withKeys: true) == false)
        #expect(schedule.begin(at: start + .seconds(9)) == nil)
        #expect(schedule.ask(at: start + .seconds(10), withKeys: true) == true)
        #expect(schedule.begin(at: start + .seconds(10)) == .asked)
    }

    /// A key that appeared meanwhile may not be in what is under way.
    @Test func whoAsksWhileAFetchIsUnderWayWaitsForOneThatBeginsNow() {
        var schedule = fetched(at: start)
        let later = start + .seconds(600)
        #expect(schedule.begin(at: later) == .due)
        #expect(schedule.ask(at: later, withKeys: true) == true)
        #expect(schedule.succeeded(at: later, lifetime: nil) == false, "those who wait have to wait on")
        #expect(schedule.begin(at: later) == .asked)
        #expect(schedule.succeeded(at: later, lifetime: nil) == true)
    }

    @Test func whoAsksBeforeThereAreAnyKeysWaitsForTheFirst() {
        var schedule = KeySetSchedule(at: start)
        #expect(schedule.begin(at: start) == .due)
        #expect(schedule.ask(at: start, withKeys: false) == true)
        #expect(schedule.succeeded(at: start, lifetime: nil) == true)
        #expect(schedule.ask(at: start, withKeys: true) == true, "and nobody has been heard yet")
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
