import Policy
import Reactor
import Telemetry

/// What tenants are called in labels of metrics, the same on all loops: at most so many have names of their own. Thread-safe;
/// asked when a session is decided, opened and over, never while bytes pass.
final class TenantLabels: Sendable {
    /// A hundred tenants in three zones are some thousands of series, which is what one process may cost a Prometheus.
    static let limit = 100

    private let bound: Lock<LabelBound>

    init(limit: Int = TenantLabels.limit) {
        bound = Lock(LabelBound(limit: limit))
    }

    func label(of tenant: TenantName) -> String {
        bound.withLock { $0.label(of: tenant.text) }
    }
}
