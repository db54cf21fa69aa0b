import Policy

/// All that bounds what clients may have of this process, shared by all loops. Thread-safe.
struct RelayLimits: Sendable {
    let sessions: SessionCount
    let quotas: Quotas
    let connections: ConnectionCounts

    init(_ snapshot: RelaySnapshot) {
        sessions = SessionCount(limit: snapshot.maxSessions)
        quotas = Quotas()
        connections = ConnectionCounts(snapshot.connections)
    }

    /// From now on these bounds hold. Nobody who is in is turned out.
    func change(to snapshot: RelaySnapshot) {
        sessions.changeLimit(to: snapshot.maxSessions)
        quotas.keep(snapshot.policy.tenants.keys)
        connections.change(to: snapshot.connections)
    }
}
