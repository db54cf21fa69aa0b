import Identity
import Policy
import Reactor
import RelayCore
import Telemetry
import Timing

/// How a loop asks the limits of the relay and of tenants. They are counted for the whole process, by `SessionCount` and
/// `Quotas`.
extension Worker {
    /// Rule 5 for one more session of `tenant`; and whether its credential still opens one, if it opens one alone. Whoever is
    /// admitted gives its place back once, by `leave` or `cancel`.
    func admit(
        _ tenant: TenantName, for session: String, with token: OneTime?
    ) -> (admission: Admission, objection: IdentityOutcome?) {
        let admission = admit(tenant)
        guard case .admitted = admission, let token, !attempt(token, by: session) else { return (admission, nil) }
        cancel(tenant)
        return (.admitted, .spent)
    }

    private func admit(_ tenant: TenantName) -> Admission {
        if receipts?.isRefusing == true {
            return .over(.receipts, what: "receipts cannot be written", retryAfter: .seconds(5))
        }
        let relays = limits.sessions.enter()
        guard case .admitted = relays else { return relays }
        let admission = limits.quotas.admit(tenant, within: bounds(of: tenant), at: moment)
        if admission != .admitted { limits.sessions.leave() }
        return admission
    }

    /// A session that was admitted is over.
    func leave(_ tenant: TenantName) {
        limits.sessions.leave()
        limits.quotas.leave(tenant)
    }

    /// A session that was admitted did not begin after all.
    func cancel(_ tenant: TenantName) {
        limits.sessions.leave()
        limits.quotas.cancel(tenant, now: loop.now)
    }

    /// A session asks for more of its tenant's audio of the day.
    func drawAudio(of tenant: TenantName) -> AudioDraw {
        limits.quotas.drawAudio(tenant, within: bounds(of: tenant), at: moment)
    }

    /// A session is over that drew audio.
    func settleAudio(of tenant: TenantName, drawn: Duration, used: Duration, on day: UTCDay) {
        limits.quotas.settleAudio(tenant, drawn: drawn, used: used, on: day)
    }

    /// Those of now; of a tenant that is gone, none: its sessions end by policy.
    private func bounds(of tenant: TenantName) -> TenantLimits {
        snapshot.policy.tenants[tenant]?.limits ?? TenantLimits()
    }

    private var moment: Moment { Moment(now: loop.now, unixSeconds: WallClock.seconds()) }
}

// MARK: Connections

extension Worker {
    /// A place for one more connection, for as long as it is open; nil: there are too many from where it comes. It is closed
    /// without a word then: to tell the reason would take a TLS handshake, which is what there is to be saved.
    func connectionPlace(for peer: SocketAddress, on listener: RelaySnapshot.Listener) -> AnyObject? {
        // A balancer that tells its clients' addresses in requests speaks for all of them.
        guard let address = IPAddress(bytes: peer.bytes), !listener.proxies.contains(address)
        else { return limits.connections }
        if let place = limits.connections.enter(address) { return place }
        metrics.add(.limits, Limit.connections.rawValue)
        log.write(
            limitNotices.isDue(.connections, now: loop.now) ? .warning : .debug, .connectionFailed,
            .address(peer.description), .limit(Limit.connections.rawValue),
            .detail(
                "too many connections are open from this address; limits.connections_per_address allows "
                    + "\(snapshot.connections.count)"))
        return nil
    }
}
