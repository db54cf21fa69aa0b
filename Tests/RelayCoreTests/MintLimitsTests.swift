import Policy
import Testing
import Timing

@testable import RelayCore

@Suite struct MintLimitsTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)
    private let acme = TenantName("acme")!

    @Test func aCredentialMintsSoManyAndOneMoreWhenItsTimeHasCome() {
        var limits = MintLimits(.init(credential: 3, tenant: 100))
        for _ in 1...3 { #expect(limits.take(for: acme, showing: "key", now: start) == .admitted) }
        let refused = Admission.over(.minting, what: "3 tokens a minute for one credential", retryAfter: .seconds(20))
        #expect(limits.take(for: acme, showing: "key", now: start) == refused)
        #expect(limits.take(for: acme, showing: "other", now: start) == .admitted)
        #expect(limits.take(for: acme, showing: "key", now: start + .seconds(20)) == .admitted)
        #expect(limits.take(for: acme, showing: "key", now: start + .seconds(20)) == refused)
    }

    @Test func aTenantHasABoundForAllItsCredentials() {
        var limits = MintLimits(.init(credential: 3, tenant: 4))
        for number in 1...4 { #expect(limits.take(for: acme, showing: number, now: start) == .admitted) }
        #expect(
            limits.take(for: acme, showing: 5, now: start)
                == .over(.minting, what: "4 tokens a minute for tenant acme", retryAfter: .seconds(15)))
        #expect(limits.take(for: TenantName("globex")!, showing: 6, now: start) == .admitted)
    }

    /// What is refused takes nothing from anybody.
    @Test func whoAsksTooOftenDoesNotWaitLongerForIt() {
        var limits = MintLimits(.init(credential: 1, tenant: 2))
        _ = limits.take(for: acme, showing: "key", now: start)
        for _ in 1...100 { #expect(limits.take(for: acme, showing: "key", now: start) != .admitted) }
        #expect(limits.take(for: acme, showing: "other", now: start) == .admitted)
        #expect(limits.take(for: acme, showing: "key", now: start + .seconds(60)) == .admitted)
    }

    @Test func theStandardAdmitsATenantThatFillsARelayAnew() {
        var limits = MintLimits()
        for _ in 1...6000 { #expect(limits.take(for: acme, showing: "key", now: start) == .admitted) }
        #expect(limits.take(for: acme, showing: "key", now: start) != .admitted)
        #expect(limits.take(for: acme, showing: "key", now: start + .milliseconds(10)) == .admitted)
    }
}
