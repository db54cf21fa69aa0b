import Policy
import Testing
import Timing

@testable import RelayCore

@Suite struct QuotaBookTests {
    /// Noon of a day, so many seconds later.
    private func moment(_ seconds: Double = 0) -> Moment {
        Moment(
            now: Instant(nanoseconds: 1_000_000_000_000 + UInt64(seconds * 1e9)),
            unixSeconds: 20_000 * 86_400 + 43_200 + seconds)
    }

    @Test func withoutLimitsEverybodyIsAdmitted() {
        var book = QuotaBook()
        for _ in 1...1000 { #expect(book.admit(.acme, within: TenantLimits(), at: moment()) == .admitted) }
        #expect(book.sessions(of: .acme) == 1000)
    }

    @Test func sessionsAtOnceAreBoundedAndComeBack() {
        var book = QuotaBook()
        let limits = TenantLimits(sessions: 2)
        for _ in 1...2 { #expect(book.admit(.acme, within: limits, at: moment()) == .admitted) }
        #expect(
            book.admit(.acme, within: limits, at: moment())
                == .over(.sessions, what: "2 sessions of tenant acme", retryAfter: .seconds(5)))
        book.leave(.acme)
        #expect(book.admit(.acme, within: limits, at: moment()) == .admitted)
        #expect(book.sessions(of: .acme) == 2)
    }

    @Test func newSessionsInAMinuteAreBoundedHoweverShortTheyAre() {
        var book = QuotaBook()
        let limits = TenantLimits(newSessionsPerMinute: 2)
        for _ in 1...2 {
            #expect(book.admit(.acme, within: limits, at: moment()) == .admitted)
            book.leave(.acme)
        }
        #expect(
            book.admit(.acme, within: limits, at: moment(1))
                == .over(
                    .newSessions, what: "2 new sessions of tenant acme in a minute", retryAfter: .seconds(60)))
        #expect(book.admit(.acme, within: limits, at: moment(61)) == .admitted)
    }

    @Test func oneTenantsUseIsNoConcernOfAnothers() {
        var book = QuotaBook()
        let limits = TenantLimits(sessions: 1, newSessionsPerMinute: 1, audioHoursPerDay: 1)
        #expect(book.admit(.acme, within: limits, at: moment()) == .admitted)
        while case .granted = book.drawAudio(.acme, within: limits, at: moment()) {}
        for _ in 1...100 { #expect(book.admit(.acme, within: limits, at: moment()) != .admitted) }
        #expect(book.admit(.pair, within: limits, at: moment()) == .admitted)
        #expect(book.drawAudio(.pair, within: limits, at: moment()) == .granted(.seconds(10), UTCDay(number: 20_000)))
    }

    @Test func whatIsRefusedUsesNothing() {
        var book = QuotaBook()
        let limits = TenantLimits(sessions: 1, newSessionsPerMinute: 2)
        #expect(book.admit(.acme, within: limits, at: moment()) == .admitted)
        for _ in 1...10 { #expect(book.admit(.acme, within: limits, at: moment()) != .admitted) }
        book.leave(.acme)
        #expect(book.admit(.acme, within: limits, at: moment()) == .admitted)
    }

    @Test func aSessionThatDidNotBeginGivesAllBack() {
        var book = QuotaBook()
        let limits = TenantLimits(sessions: 1, newSessionsPerMinute: 1)
        for _ in 1...10 {
            #expect(book.admit(.acme, within: limits, at: moment()) == .admitted)
            book.cancel(.acme, now: moment().now)
        }
    }

    @Test func whenTheDaysAudioIsUsedUpNobodyIsAdmittedUntilTheNext() {
        var book = QuotaBook()
        let limits = TenantLimits(audioHoursPerDay: 0.01)
        #expect(book.admit(.acme, within: limits, at: moment()) == .admitted)
        var drawn = Duration.zero
        while case .granted(let slice, let day) = book.drawAudio(.acme, within: limits, at: moment()) {
            #expect(day == UTCDay(number: 20_000))
            drawn += slice
        }
        #expect(drawn == .seconds(36))
        #expect(
            book.admit(.acme, within: limits, at: moment())
                == .over(
                    .audioHours, what: "the audio of tenant acme for today, UTC", retryAfter: .seconds(43_200)))
        book.settleAudio(.acme, drawn: drawn, used: drawn - .seconds(1), on: UTCDay(number: 20_000))
        #expect(book.admit(.acme, within: limits, at: moment()) == .admitted)
        #expect(
            book.drawAudio(.acme, within: limits, at: moment(43_200)) == .granted(.seconds(9), UTCDay(number: 20_001)))
    }

    @Test func aTenantWithoutABoundDrawsWhatItLikes() {
        var book = QuotaBook()
        for _ in 1...10_000 {
            guard case .granted = book.drawAudio(.acme, within: TenantLimits(), at: moment()) else {
                Issue.record("nothing is granted")
                return
            }
        }
    }

    @Test func whereOthersCountTooTheirWordIsWaitedFor() {
        var book = QuotaBook(isShared: true)
        let limits = TenantLimits(audioHoursPerDay: 1)
        // Whether the day is used up, others know.
        #expect(book.admit(.acme, within: limits, at: moment()) == .admitted)
        #expect(book.drawAudio(.acme, within: limits, at: moment()) == .later)
        book.shareAudio(.acme, upTo: .seconds(20), on: UTCDay(number: 20_001))
        // The day is theirs, too.
        #expect(
            book.drawAudio(.acme, within: limits, at: moment()) == .granted(.seconds(10), UTCDay(number: 20_001)))
        let held = book.holdAudio(.acme)
        #expect(held.spent == .seconds(10))
        #expect(book.drawAudio(.acme, within: limits, at: moment()) == .later)
        #expect(book.drawAudio(.acme, within: limits, at: moment(), isLast: true) == .usedUp)
    }

    @Test func noShareIsMoreThanTheBound() {
        var book = QuotaBook(isShared: true)
        let limits = TenantLimits(audioHoursPerDay: 1.0 / 3600)
        #expect(book.admit(.acme, within: limits, at: moment()) == .admitted)
        book.shareAudio(.acme, upTo: .seconds(3600), on: UTCDay(number: 20_000))
        var drawn = Duration.zero
        while case .granted(let slice, _) = book.drawAudio(.acme, within: limits, at: moment()) { drawn += slice }
        #expect(drawn == .seconds(1))
    }

    @Test func tenantsThatAreGoneAreForgottenWhenTheirSessionsAreOver() {
        var book = QuotaBook()
        let limits = TenantLimits(newSessionsPerMinute: 1)
        for tenant in [TenantName.acme, .pair, .free] { _ = book.admit(tenant, within: limits, at: moment()) }
        book.leave(.acme)
        book.leave(.free)
        book.keep([.free])
        #expect(book.admit(.acme, within: limits, at: moment()) == .admitted)
        #expect(book.admit(.pair, within: limits, at: moment()) != .admitted)
        #expect(book.admit(.free, within: limits, at: moment()) != .admitted)
        #expect(book.sessions(of: .pair) == 1)
    }
}
