import Policy
import RelayCore
import Timing

/// Which sessions are meant: `?tenant=&zone=&site=&state=&min_age_seconds=&max_age_seconds=&min_bytes=`.
struct SessionFilter: Equatable, Sendable {
    var tenant: String?
    var zone: String?
    /// Where the process stood that decided.
    var site: String?
    var state: Session.Stage?
    var minAge: Duration?
    var maxAge: Duration?
    /// Of payload, both ways together.
    var minBytes: UInt64?

    static let names = ["tenant", "zone", "site", "state", "min_age_seconds", "max_age_seconds", "min_bytes"]
    /// A century in seconds, and an exabyte.
    private static let seconds = 0...3_155_760_000
    private static let bytes = 0...1 << 60

    init() {}

    init(_ query: StrictQuery) throws(StrictQuery.Fault) {
        tenant = try query.text("tenant")
        zone = try query.text("zone")
        site = try query.text("site")
        state = try query.choice("state", of: Session.Stage.self)
        minAge = try query.number("min_age_seconds", in: Self.seconds).map { .seconds($0) }
        maxAge = try query.number("max_age_seconds", in: Self.seconds).map { .seconds($0) }
        minBytes = try query.number("min_bytes", in: Self.bytes).map { UInt64(clamping: $0) }
    }

    /// Whether the session is among those meant.
    func admits(_ session: LiveRecord, now: Instant) -> Bool {
        let summary = session.summary
        guard tenant == nil || tenant == summary.tenant?.text, zone == nil || zone == summary.zone?.name,
            site == nil || site == summary.site.name, state == nil || state == session.stage
        else { return false }
        let age = now.duration(since: session.startedAt)
        return minAge.map { age >= $0 } ?? true && maxAge.map { age <= $0 } ?? true
            && minBytes.map { summary.up.bytes &+ summary.down.bytes >= $0 } ?? true
    }
}
