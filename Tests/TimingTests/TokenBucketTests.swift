import Testing
import Timing

@Suite struct TokenBucketTests {
    private static let rule = TokenBucket.Rule(size: 3, interval: .seconds(2))
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    @Test func afterItsTokensItHasNoneUntilOneComesBack() {
        var bucket = TokenBucket()
        for _ in 1...3 {
            #expect(bucket.wait(by: Self.rule, now: start) == nil)
            bucket.take(by: Self.rule, now: start)
        }
        #expect(bucket.wait(by: Self.rule, now: start) == .seconds(2))
        #expect(bucket.wait(by: Self.rule, now: start + .milliseconds(1999)) == .milliseconds(1))
        #expect(bucket.wait(by: Self.rule, now: start + .seconds(2)) == nil)
    }

    @Test func itNeverHoldsMoreThanItsSize() {
        var bucket = TokenBucket()
        bucket.take(by: Self.rule, now: start)
        let later = start + .seconds(3600)
        for _ in 1...3 { bucket.take(by: Self.rule, now: later) }
        #expect(bucket.wait(by: Self.rule, now: later) == .seconds(2))
    }

    /// In any stretch of time it gives its size, and one more for each interval in it.
    @Test func overTimeItGivesOneTokenAnInterval() {
        var bucket = TokenBucket()
        var given = 0
        for milliseconds in stride(from: 0, to: 60_000, by: 7) {
            let now = start + .milliseconds(milliseconds)
            guard bucket.wait(by: Self.rule, now: now) == nil else { continue }
            bucket.take(by: Self.rule, now: now)
            given += 1
        }
        #expect(given == 3 + 29)
    }

    @Test func severalTokensAreTakenAtOnceEvenMoreThanThereAre() {
        var bucket = TokenBucket()
        bucket.take(2, by: Self.rule, now: start)
        #expect(bucket.wait(by: Self.rule, now: start) == nil)
        bucket.take(5, by: Self.rule, now: start)
        #expect(bucket.wait(by: Self.rule, now: start) == .seconds(10))
    }

    @Test(arguments: [0, -5]) func oneThatCouldHoldNothingHoldsOne(size: Int) {
        var bucket = TokenBucket()
        let rule = TokenBucket.Rule(size: size, interval: .seconds(2))
        #expect(bucket.wait(by: rule, now: start) == nil)
        bucket.take(by: rule, now: start)
        #expect(bucket.wait(by: rule, now: start) == .seconds(2))
    }

    @Test func theEndsOfTimeDoNotTrap() {
        var bucket = TokenBucket()
        let rule = TokenBucket.Rule(size: 2, interval: .seconds(Int64.max / 4))
        for now in [Instant(nanoseconds: 0), Instant(nanoseconds: .max)] {
            for _ in 1...5 { bucket.take(by: rule, now: now) }
            _ = bucket.wait(by: rule, now: now)
        }
    }
}
