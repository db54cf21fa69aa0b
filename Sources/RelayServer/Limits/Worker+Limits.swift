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
    func admit(_ tenant: TenantName, for session: String, with token: OneTime?) -> Entrance {
        let admission = admit(tenant)
        guard case .admitted = admission else { return .settled(admission, nil) }
        guard let shared = limits.shared else {
            return .settled(.admitted, objection(to: token, by: session, within: tenant))
        }
        guard token != nil || bounds(of: tenant).isShared else {
            shared.entered(tenant)
            return .settled(.admitted, nil)
        }
        let tell = news
        let judged = token.map { attempt($0, at: shared, by: session, of: tenant) }
        shared.ask(
            SharedRequest(session: session, tenant: tenant, token: token) {
                tell(.entrance(session, tenant, judged?($0) ?? $0))
            })
        return .asked
    }

    /// What speaks against a token, in this process. A place that is of no use is given back.
    private func objection(to token: OneTime?, by session: String, within tenant: TenantName) -> IdentityOutcome? {
        guard let token, !attempt(token, by: session) else { return nil }
        cancel(tenant)
        return .spent
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
        limits.shared?.left(tenant)
    }

    /// A session that was admitted did not begin after all.
    func cancel(_ tenant: TenantName) {
        withdraw(tenant)
        limits.shared?.left(tenant)
    }

    /// A session was admitted here, and not by others.
    private func withdraw(_ tenant: TenantName) {
        limits.sessions.leave()
        limits.quotas.cancel(tenant, now: loop.now)
    }

    /// A session asks for more of its tenant's audio of the day. It is told when it is worth asking once more.
    ///
    /// - Parameter isLast: it has been told so.
    func drawAudio(of tenant: TenantName, for session: String, isLast: Bool) -> AudioDraw {
        let draw = limits.quotas.drawAudio(tenant, within: bounds(of: tenant), at: moment, isLast: isLast)
        if case .later = draw {
            let tell = news
            limits.shared?.askForAudio(of: tenant) { tell(.audioMayBeDrawn(session)) }
        }
        return draw
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

// MARK: What other relays share

/// What is known of a session that wants to be let in.
enum Entrance {
    /// What the limits say, and what speaks against its credential.
    case settled(Admission, IdentityOutcome?)
    /// Others are asked; the driver hears.
    case asked
}

/// What has come of asking.
enum SharedNews: Sendable {
    case entrance(String, TenantName, SharedAnswer)
    case spending(String, SharedSpending)
    /// It is worth asking once more.
    case audioMayBeDrawn(String)
    /// Others may have the places of this tenant's sessions.
    case placesLost(TenantName)
}

extension Worker {
    func heard(_ news: SharedNews) {
        switch news {
        case .entrance(let session, let tenant, let answer): heard(answer, for: session, of: tenant)
        case .spending(let session, let spending): drivers[session]?.heard(spending)
        case .audioMayBeDrawn(let session): drivers[session]?.audioMayBeDrawn()
        case .placesLost(let tenant): for driver in Array(drivers.values) { driver.placesLost(of: tenant) }
        }
    }

    /// A session that is over by now has a place nevertheless, if others gave it one.
    private func heard(_ answer: SharedAnswer, for session: String, of tenant: TenantName) {
        let driver = drivers[session]
        switch answer {
        case .refused(let admission):
            withdraw(tenant)
            driver?.entered(tenant, admission, nil)
        case .objection(let objection):
            withdraw(tenant)
            driver?.entered(tenant, .admitted, objection)
        case .admitted, .alone:
            guard let driver else { return cancel(tenant) }
            driver.entered(tenant, .admitted, nil)
        }
    }

    /// Turns what others answer into what holds here. It is called where answers come in the server's order, so that of two
    /// attempts the same one is the newer here and there, whichever loops they are on.
    private func attempt(
        _ token: OneTime, at shared: SharedState, by session: String, of tenant: TenantName
    ) -> @Sendable (SharedAnswer) -> SharedAnswer {
        let (tokens, notice) = (tokens, supersession(of: session))
        return { answer in
            let objection: IdentityOutcome?
            switch answer {
            case .refused, .objection: return answer
            case .alone: objection = tokens.objection(to: token, remembersAlone: true)
            case .admitted: objection = nil
            }
            if objection == nil, tokens.attempt(token, by: session, notice) { return answer }
            shared.left(tenant)
            return .objection(objection ?? .spent)
        }
    }

    /// Whether the token is this session's to spend; nil: others are asked, and the driver hears.
    func spend(_ token: OneTime, by session: String) -> Bool? {
        guard let shared = limits.shared else { return tokens.spend(token, by: session) }
        let tell = news
        shared.spend(token, by: session) { tell(.spending(session, $0)) }
        return nil
    }

    /// A session is over that may not have begun with its token.
    func giveUp(_ token: OneTime, by session: String) {
        tokens.giveUp(token, by: session)
        limits.shared?.giveUp(token, by: session)
    }
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
