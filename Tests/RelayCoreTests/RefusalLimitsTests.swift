import Policy
import RelayTestKit
import Testing
import Timing

@testable import RelayCore

@Suite struct RefusalLimitsTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)
    private static let plenty = TokenBucket.Rule(size: 1_000_000_000, interval: .nanoseconds(1))

    private func limits(perMinute: Int = 3) -> RefusalLimits {
        RefusalLimits(RefusalLimits.Rules(perMinute: perMinute, strangers: Self.plenty))
    }

    private func stranger(_ address: String, showing credential: String? = nil) -> Refused {
        .stranger(at: IPAddress(address), showing: credential)
    }

    @Test func anAddressHearsItsFewRefusalsAndThenWaits() {
        var limits = limits()
        for number in 1...3 {
            let refused = stranger("192.0.2.1", showing: "key \(number)")
            #expect(limits.obstacle(to: refused, now: start) == nil)
            limits.told(refused, now: start)
        }
        let next = stranger("192.0.2.1", showing: "another")
        #expect(limits.obstacle(to: next, now: start) == RefusalObstacle(bound: .address, wait: .seconds(20)))
        #expect(limits.obstacle(to: next, now: start + .seconds(20)) == nil)
        #expect(limits.obstacle(to: stranger("192.0.2.2", showing: "another"), now: start) == nil)
    }

    @Test func aCredentialIsLimitedFromWhereverItComes() {
        var limits = limits()
        for number in 1...3 { limits.told(stranger("192.0.2.\(number)", showing: "stale"), now: start) }
        let next = stranger("192.0.2.9", showing: "stale")
        #expect(limits.obstacle(to: next, now: start) == RefusalObstacle(bound: .credential, wait: .seconds(20)))
        #expect(limits.obstacle(to: stranger("192.0.2.9", showing: "other"), now: start) == nil)
    }

    @Test func whoeverIsKnownAnswersForItselfAlone() {
        var limits = RefusalLimits(
            RefusalLimits.Rules(perMinute: 3, strangers: TokenBucket.Rule(size: 3, interval: .seconds(1))))
        for _ in 1...3 { limits.told(stranger("192.0.2.1", showing: "wrong"), now: start) }
        #expect(limits.obstacle(to: .known(by: "good"), now: start) == nil)
        for _ in 1...3 { limits.told(.known(by: "good"), now: start) }
        #expect(limits.obstacle(to: .known(by: "good"), now: start)?.bound == .credential)
        #expect(limits.obstacle(to: .known(by: "better"), now: start) == nil)
    }

    @Test func allStrangersTogetherHaveABoundToo() {
        var limits = RefusalLimits(
            RefusalLimits.Rules(perMinute: 3, strangers: TokenBucket.Rule(size: 5, interval: .seconds(7))))
        for number in 1...5 { limits.told(stranger("192.0.2.\(number)"), now: start) }
        let next = stranger("198.51.100.1")
        #expect(limits.obstacle(to: next, now: start) == RefusalObstacle(bound: .relay, wait: .seconds(7)))
        #expect(limits.obstacle(to: next, now: start + .seconds(7)) == nil)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.2", false), ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("2001:db8::1", "2001:db8::2", true), ("2001:db8::1", "2001:db8:0:0:ffff::", true),
        ("2001:db8::1", "2001:db8:0:1::1", false), ("64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2", false),
    ])
    func theNetworkOfOneSubscriberIsOneAddress(one: String, other: String, areOne: Bool) {
        var limits = limits()
        for _ in 1...3 { limits.told(stranger(one), now: start) }
        #expect((limits.obstacle(to: stranger(other), now: start) != nil) == areOne)
    }

    @Test func aChangeOfRulesForgetsNothing() {
        var limits = limits(perMinute: 60)
        for _ in 1...60 { limits.told(stranger("192.0.2.1"), now: start) }
        limits.change(to: RefusalLimits.Rules(perMinute: 30, strangers: Self.plenty))
        #expect(limits.obstacle(to: stranger("192.0.2.1"), now: start)?.bound == .address)
        limits.change(to: RefusalLimits.Rules(perMinute: 600, strangers: Self.plenty))
        #expect(limits.obstacle(to: stranger("192.0.2.1"), now: start + .seconds(1)) == nil)
    }

    /// The rate of one party, however it spreads its requests, and whatever else goes on.
    @Test func nobodyHearsMoreThanItsRateWhateverOthersDo() {
        var source = SeededGenerator(seed: .random(in: 0...UInt64.max))
        var limits = limits(perMinute: 6)
        var heard = 0
        var now = start
        while now < start + .seconds(600) {
            now = now + .milliseconds(Int.random(in: 1...200, using: &source))
            let attacker = stranger("203.0.113.7", showing: "\(source.next())")
            if limits.obstacle(to: attacker, now: now) == nil {
                limits.told(attacker, now: now)
                heard += 1
            }
            limits.told(stranger("\(IPAddress.v4(UInt32.random(in: 1...(.max), using: &source)))"), now: now)
        }
        #expect(heard <= 6 + 60, "seed \(source.seed)")
        #expect(heard >= 6 + 50, "seed \(source.seed)")
    }

    /// As many as the default rules let strangers take in a minute, from as many addresses with as many credentials as they
    /// like, harm nobody else.
    @Test func thoseWhoEmptyTheirOwnBucketsLeaveOthersTheirs() {
        var source = SeededGenerator(seed: .random(in: 0...UInt64.max))
        var limits = limits(perMinute: 32)
        for _ in 0..<110 {
            let refused = stranger(
                "\(IPAddress.v4(UInt32(truncatingIfNeeded: source.next())))", showing: "\(source.next())")
            for _ in 1...32 { limits.told(refused, now: start) }
        }
        var harmed = 0
        for _ in 0..<20_000 {
            let innocent = Refused.stranger(at: .v6(UInt128(source.next()) << 64), showing: source.next())
            if limits.obstacle(to: innocent, now: start) != nil { harmed += 1 }
        }
        #expect(harmed == 0, "seed \(source.seed)")
    }
}
