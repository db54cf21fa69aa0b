import Policy
import Timing

/// What tenants use of their limits in one process, and whether these admit more.
///
/// Each tenant is counted for itself alone: nobody has less because another has more. Only what is admitted counts. A pure
/// value: time is an argument, and whoever shares it guards it.
package struct QuotaBook: Sendable {
    private var uses: [TenantName: Use] = [:]

    /// What one tenant uses.
    private struct Use {
        var sessions = 0
        /// Of a tenant whose new sessions are bounded.
        var begun: MinuteWindow?
        var audio = AudioAccount()
    }

    /// Between two tries of a client for whom there was no place: nobody knows when one is given back.
    private static let fullPause = Duration.seconds(5)

    /// Nothing is used.
    package init() {}

    /// Counts one more session of a tenant, unless a limit is reached. Whoever is admitted calls `leave` once.
    package mutating func admit(_ tenant: TenantName, within limits: TenantLimits, at moment: Moment) -> Admission {
        var use = uses[tenant] ?? Use()
        defer { uses[tenant] = use }
        if let bound = limits.sessions, use.sessions >= bound {
            return .over(.sessions, what: "\(bound) sessions of tenant \(tenant)", retryAfter: Self.fullPause)
        }
        if let bound = limits.audioPerDay, use.audio.left(of: bound, on: moment.day) == .zero {
            return .over(
                .audioHours, what: "the audio of tenant \(tenant) for today, UTC",
                retryAfter: moment.day.rest(after: moment.unixSeconds))
        }
        if let bound = limits.newSessionsPerMinute {
            var begun = use.begun ?? MinuteWindow()
            defer { use.begun = begun }
            if let wait = begun.wait(within: bound, now: moment.now) {
                return .over(
                    .newSessions, what: "\(bound) new sessions of tenant \(tenant) in a minute", retryAfter: wait)
            }
            begun.add(now: moment.now)
        }
        use.sessions += 1
        return .admitted
    }

    /// A session that was admitted is over.
    package mutating func leave(_ tenant: TenantName) {
        uses[tenant]?.sessions -= 1
    }

    /// A session that was admitted did not begin after all.
    package mutating func cancel(_ tenant: TenantName, now: Instant) {
        leave(tenant)
        uses[tenant]?.begun?.remove(now: now)
    }

    /// A session asks for audio.
    package mutating func drawAudio(
        _ tenant: TenantName, within limits: TenantLimits, at moment: Moment
    ) -> AudioDraw {
        guard let bound = limits.audioPerDay else { return .granted(AudioAccount.slice, moment.day) }
        var use = uses[tenant] ?? Use()
        defer { uses[tenant] = use }
        let slice = use.audio.draw(of: bound, among: use.sessions, on: moment.day)
        return slice.map { .granted($0, use.audio.day) } ?? .usedUp
    }

    /// A session is over that drew audio, and has used some or all of it.
    package mutating func settleAudio(_ tenant: TenantName, drawn: Duration, used: Duration, on day: UTCDay) {
        uses[tenant]?.audio.settle(drawn: drawn, used: used, on: day)
    }

    /// Forgets tenants that policy does not have any more, once their sessions are over.
    package mutating func keep(_ tenants: some Collection<TenantName>) {
        let kept = Set(tenants)
        uses = uses.filter { kept.contains($0.key) || $0.value.sessions > 0 }
    }

    /// How many sessions a tenant has now.
    package func sessions(of tenant: TenantName) -> Int {
        uses[tenant]?.sessions ?? 0
    }
}

/// A moment on both clocks: one that only runs on, and the calendar's.
package struct Moment: Sendable {
    /// On the monotonic clock.
    package let now: Instant
    /// In Unix time.
    package let unixSeconds: Double

    package init(now: Instant, unixSeconds: Double) {
        self.now = now
        self.unixSeconds = unixSeconds
    }

    /// The calendar's day.
    package var day: UTCDay { UTCDay(at: unixSeconds) }
}
