import RelayTestKit
import Testing
import Timing

@testable import RelayCore

@Suite struct TokenBucketsTests {
    private static let rule = TokenBucket.Rule(size: 2, interval: .seconds(5))
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    private func party(_ name: String, _ kind: String = "kind") -> TokenBuckets.Party {
        TokenBuckets.Party(kind, name)
    }

    @Test func eachPartyHasABucketOfItsOwn() {
        var buckets = TokenBuckets(widthBits: 10)
        for _ in 1...2 {
            #expect(buckets.wait(of: party("a"), by: Self.rule, now: start) == nil)
            buckets.take(of: party("a"), by: Self.rule, now: start)
        }
        #expect(buckets.wait(of: party("a"), by: Self.rule, now: start) == .seconds(5))
        #expect(buckets.wait(of: party("b"), by: Self.rule, now: start) == nil)
        #expect(buckets.wait(of: party("a", "another kind"), by: Self.rule, now: start) == nil)
        #expect(buckets.wait(of: party("a"), by: Self.rule, now: start + .seconds(5)) == nil)
    }

    /// Of two that share all their places one can be harmed, but nobody gets more than its own.
    @Test(arguments: [0, 1, 4]) func inAsLittleRoomAsMayBeNobodyGetsMoreThanItsRate(widthBits: Int) {
        var source = SeededGenerator(seed: .random(in: 0...UInt64.max))
        var buckets = TokenBuckets(widthBits: widthBits)
        var taken: [String: Int] = [:]
        for second in 0..<1000 {
            let name = "\(Int.random(in: 0..<40, using: &source))"
            let now = start + .seconds(second)
            guard buckets.wait(of: party(name), by: Self.rule, now: now) == nil else { continue }
            buckets.take(of: party(name), by: Self.rule, now: now)
            taken[name, default: 0] += 1
        }
        #expect(taken.values.allSatisfy { $0 <= 2 + 200 }, "seed \(source.seed)")
        #expect(!taken.isEmpty)
    }
}
