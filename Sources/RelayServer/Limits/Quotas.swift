import Policy
import Reactor
import RelayCore
import Timing

/// What tenants use of their limits in this process, shared by all loops. Thread-safe: its lock is held for some dozen
/// instructions, when a session begins, when it ends, and once in ten seconds of its audio at most.
final class Quotas: Sendable {
    private let book: Lock<QuotaBook>

    /// - Parameter isShared: other relays count against the same limits, and somebody asks them.
    init(isShared: Bool = false) {
        book = Lock(QuotaBook(isShared: isShared))
    }

    /// Counts one more session of a tenant, unless a limit is reached. Whoever is admitted calls `leave` or `cancel` once.
    func admit(_ tenant: TenantName, within limits: TenantLimits, at moment: Moment) -> Admission {
        book.withLock { $0.admit(tenant, within: limits, at: moment) }
    }

    /// A session that was admitted is over.
    func leave(_ tenant: TenantName) {
        book.withLock { $0.leave(tenant) }
    }

    /// A session that was admitted did not begin after all.
    func cancel(_ tenant: TenantName, now: Instant) {
        book.withLock { $0.cancel(tenant, now: now) }
    }

    /// A session asks for audio of its tenant's day. `isLast`: others have been asked since it was told to wait.
    func drawAudio(
        _ tenant: TenantName, within limits: TenantLimits, at moment: Moment, isLast: Bool
    ) -> AudioDraw {
        book.withLock { $0.drawAudio(tenant, within: limits, at: moment, isLast: isLast) }
    }

    /// What this relay has used of a tenant's audio. It uses no more until it is given a share.
    func holdAudio(_ tenant: TenantName) -> (spent: Duration, day: UTCDay) {
        book.withLock { $0.holdAudio(tenant) }
    }

    /// From now on this relay may use so much of a tenant's audio of a day.
    func shareAudio(_ tenant: TenantName, upTo share: Duration, on day: UTCDay) {
        book.withLock { $0.shareAudio(tenant, upTo: share, on: day) }
    }

    /// A session is over that drew audio.
    func settleAudio(_ tenant: TenantName, drawn: Duration, used: Duration, on day: UTCDay) {
        book.withLock { $0.settleAudio(tenant, drawn: drawn, used: used, on: day) }
    }

    /// These are the tenants of now.
    func keep(_ tenants: some Collection<TenantName>) {
        book.withLock { $0.keep(tenants) }
    }
}
