import Policy
import Reactor
import Telemetry

/// All that bounds what clients may have of this process, shared by all loops. Thread-safe.
struct RelayLimits: Sendable {
    let sessions: SessionCount
    let quotas: Quotas
    let connections: ConnectionCounts
    /// What is counted together with other relays; nil: nothing is.
    let shared: SharedState?

    /// Throws when there is no thread to be had for what is shared.
    ///
    /// - Parameter tell: reaches every loop.
    init(
        _ snapshot: RelaySnapshot, resolver: Resolver, log: Log, tell: @escaping @Sendable (SharedNews) -> Void
    ) throws(SystemError) {
        sessions = SessionCount(limit: snapshot.maxSessions)
        connections = ConnectionCounts(snapshot.connections)
        let quotas = Quotas(isShared: snapshot.sharedState != nil)
        self.quotas = quotas
        shared = try snapshot.sharedState.map { (plan) throws(SystemError) in
            try SharedState.start(plan, under: snapshot.policy, quotas: quotas, resolver: resolver, log: log) {
                tell(.placesLost($0))
            }
        }
    }

    /// From now on these bounds hold. Nobody who is in is turned out.
    func change(to snapshot: RelaySnapshot) {
        sessions.changeLimit(to: snapshot.maxSessions)
        quotas.keep(snapshot.policy.tenants.keys)
        connections.change(to: snapshot.connections)
        if let plan = snapshot.sharedState { shared?.apply(plan, under: snapshot.policy) }
    }
}
