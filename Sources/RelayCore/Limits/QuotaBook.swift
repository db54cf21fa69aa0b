import Policy
import Timing

/// What tenants use of their limits in one process, and whether these admit more.
///
/// Each tenant is counted for itself alone: nobody has less because another has more. Only what is admitted counts. A pure
/// value: time is an argument, and whoever shares it guards it.
package struct QuotaBook: Sendable {
    private var uses: [TenantName: Use] = [:]
    /// Other relays count against the same limits, and somebody asks them: what is counted here is this relay's part.
    private let isShared: Bool

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
    package init(isShared: Bool = false) {
        self.isShared = isShared
    }

    /// Counts one more session of a tenant, unless a limit is reached. Whoever is admitted calls `leave` once.
    package mutating func admit(_ tenant: TenantName, within limits: TenantLimits, at moment: Moment) -> Admission {
        var use = uses[tenant] ?? Use()
        defer { uses[tenant] = use }
        if let bound = limits.sessions, use.sessions >= bound {
            return .over(.sessions, what: limits.what(.sessions, of: tenant), retryAfter: Self.fullPause)
        }
        if !isShared, let bound = limits.audioPerDay, use.audio.left(of: bound, on: moment.day) == .zero {
            return .over(
                .audioHours, what: limits.what(.audioHours, of: tenant),
                retryAfter: moment.day.rest(after: moment.unixSeconds))
        }
        if let bound = limits.newSessionsPerMinute {
            var begun = use.begun ?? MinuteWindow()
            defer { use.begun = begun }
            if let wait = begun.wait(within: bound, now: moment.now) {
                return .over(.newSessions, what: limits.what(.newSessions, of: tenant), retryAfter: wait)
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
    ///
    /// - Parameter isLast: where limits are shared, others have been asked since the session was told to wait.
    package mutating func drawAudio(
        _ tenant: TenantName, within limits: TenantLimits, at moment: Moment, isLast: Bool = false
    ) -> AudioDraw {
        guard let bound = limits.audioPerDay else { return .granted(AudioAccount.slice, moment.day) }
        var use = uses[tenant] ?? Use()
        defer { uses[tenant] = use }
        let (most, day) = isShared ? (min(bound, use.audio.share), use.audio.day) : (bound, moment.day)
        let slice = use.audio.draw(of: most, among: use.sessions, on: day)
        return slice.map { .granted($0, use.audio.day) } ?? (isShared && !isLast ? .later : .usedUp)
    }

    /// What this relay has used of a tenant's audio, and of which day. It uses no more until it is given a share.
    package mutating func holdAudio(_ tenant: TenantName) -> (spent: Duration, day: UTCDay) {
        uses[tenant, default: Use()].audio.hold()
    }

    /// From now on this relay may use so much of a tenant's audio of a day, what it has used before included.
    package mutating func shareAudio(_ tenant: TenantName, upTo share: Duration, on day: UTCDay) {
        uses[tenant, default: Use()].audio.take(share, on: day)
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
