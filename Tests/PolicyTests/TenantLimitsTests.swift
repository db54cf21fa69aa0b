import Policy
import Testing

@Suite struct TenantLimitsTests {
    @Test func whatIsNotBoundedIsNotTold() {
        #expect(TenantLimits().bounds.isEmpty)
        #expect(TenantLimits(audioRate: 2).bounds.map(\.limit) == [.audioRate])
    }

    @Test(
        arguments: [
            (TenantLimits(sessions: 1), "1 session at once"), (TenantLimits(sessions: 200), "200 sessions at once"),
            (TenantLimits(newSessionsPerMinute: 5), "5 new in a minute"),
            (TenantLimits(audioRate: 1.5), "audio at 1.5 times real time"),
            (TenantLimits(audioRate: 2), "audio at 2 times real time"),
            (TenantLimits(audioHoursPerDay: 0.25), "0.25 hours of audio a day (UTC)"),
            (TenantLimits(session: .seconds(7200)), "2 h a session"),
            (TenantLimits(session: .seconds(90)), "90 s a session"),
            (TenantLimits(session: .seconds(300)), "5 min a session"),
            (TenantLimits(session: .milliseconds(1500)), "1500 ms a session"),
        ])
    func aBoundIsToldInPlainWords(limits: TenantLimits, text: String) {
        #expect(limits.bounds.map(\.text) == [text])
    }

    @Test func allAreToldInTheOrderOfThePolicyFile() {
        let limits = TenantLimits(
            sessions: 2, newSessionsPerMinute: 3, audioRate: 1, audioHoursPerDay: 4, session: .seconds(5))
        #expect(limits.bounds.map(\.limit) == [.sessions, .newSessions, .audioRate, .audioHours, .sessionTime])
    }

    @Test func whatDiffersIsToldOnBothSides() {
        let before = TenantLimits(sessions: 2, audioRate: 1, session: .seconds(60))
        let after = TenantLimits(sessions: 3, newSessionsPerMinute: 9, session: .seconds(60))
        let changes = before.changes(to: after)
        #expect(changes.map(\.limit) == [.sessions, .newSessions, .audioRate])
        #expect(changes.map(\.before) == ["2 sessions at once", nil, "audio at 1 times real time"])
        #expect(changes.map(\.after) == ["3 sessions at once", "9 new in a minute", nil])
        #expect(before.changes(to: before).isEmpty)
    }

    @Test(
        arguments: [(1.0, .seconds(3600)), (0.001, .milliseconds(3600)), (1e300, .seconds(8_766_000 * 3600))]
            as [(Double, Duration)])
    func hoursOfADayAreATimeHoweverManyTheyAre(hours: Double, time: Duration) {
        #expect(TenantLimits(audioHoursPerDay: hours).audioPerDay == time)
    }

    @Test func whatIsUsedUpIsToldWithTheTenantsName() throws {
        let limits = TenantLimits(sessions: 2, newSessionsPerMinute: 3, audioHoursPerDay: 1)
        let acme = try #require(TenantName("acme"))
        #expect(limits.what(.sessions, of: acme) == "2 sessions of tenant acme")
        #expect(limits.what(.newSessions, of: acme) == "3 new sessions of tenant acme in a minute")
        #expect(limits.what(.audioHours, of: acme) == "the audio of tenant acme for today, UTC")
        #expect(limits.what(.receipts, of: acme) == "receipts")
    }
}
