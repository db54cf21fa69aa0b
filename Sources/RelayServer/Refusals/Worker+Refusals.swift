import Identity
import Policy
import Reactor
import RelayCore
import Telemetry
import Timing
import Transport

/// How a loop deals with refusals beyond the limits: each is counted, and a line a second tells of all.
extension Worker {
    /// What keeps somebody who proves nothing from being told so in full: known before the request itself is read, for that
    /// costs the most. Nil where nothing does, and where it takes a session to judge the credential.
    func obstacle(toStrangerShowing credential: Credential?, from client: IPAddress?) -> RefusalObstacle? {
        guard admitsSessions, let obstacle = obstacle(to: .stranger(at: client, showing: credential)),
            case .settled(let found) = snapshot.identifier.identify(credential, at: WallClock.seconds())
        else { return nil }
        return found.outcome.isKnown ? nil : obstacle
    }

    /// What keeps a request that is refused for what it says itself from being told so in full. Nil where nothing does, and
    /// where it takes a session to judge it.
    func obstacle(to reading: RequestReading, from client: IPAddress?) -> RefusalObstacle? {
        guard admitsSessions, case .failure = reading.outcome else { return nil }
        return obstacle(to: .stranger(at: client, showing: reading.credential))
    }

    func obstacle(to refused: Refused) -> RefusalObstacle? {
        refusals.obstacle(to: refused, now: loop.now)
    }

    /// A refusal is told in full.
    func told(_ refused: Refused) {
        refusals.told(refused, now: loop.now)
    }

    /// Answers a request that never becomes a session: without a dial, a line of the log or a receipt of its own.
    func turnAway(_ client: ClientLeg, _ obstacle: RefusalObstacle) {
        client.answer(Answer(.tooOften(obstacle), session: newSessionID()))
        client.leave()
        countUntold(obstacle)
    }

    /// The end of a session that was turned away.
    func turnedAway(_ driver: SessionDriver, _ obstacle: RefusalObstacle) {
        forget(driver)
        countUntold(obstacle)
        stopIfDrained()
    }

    private func countUntold(_ obstacle: RefusalObstacle) {
        guard refusals.countUntold(obstacle.bound) else { return }
        _ = loop.schedule(self, at: loop.now + Self.reportPace, tag: Self.reportTag)
    }

    /// Tells of the refusals that no line, receipt or counter tells of yet.
    func reportUntold() {
        let untold = refusals.takeUntold()
        guard untold.total > 0 else { return }
        for (bound, count) in untold.counts {
            metrics.add(.refusalsLimited, bound.rawValue, by: Double(count))
        }
        metrics.add(.refusals, RefusalName.limit.rawValue, by: Double(untold.total))
        metrics.add(.decisions, RefusalName.limit.rawValue, "none", by: Double(untold.total))
        metrics.add(.limits, Limit.refusals.rawValue, by: Double(untold.total))
        receipts?.gaveUp(untold.total)
        log.write(.info, .refusalsLimited, .count(untold.total), .detail(untold.description))
    }

    private static let reportPace = Duration.seconds(1)
    static let reportTag = 2
}

extension Refusal {
    /// In place of another refusal, whose reason has been told often enough.
    static func tooOften(_ obstacle: RefusalObstacle) -> Refusal {
        Refusal(
            .limit, "Too many refusals: wait, then ask again to hear the reason.", retryAfter: obstacle.wait,
            limit: .refusals)
    }
}

extension Refused {
    /// Somebody who has shown nothing.
    static func stranger(at address: IPAddress?) -> Refused { stranger(at: address, showing: Credential?.none) }

    /// Whoever showed `credential`, which came to be judged so.
    init(_ identity: IdentityOutcome, showing credential: Credential?, at address: IPAddress?) {
        switch credential {
        case .some(let credential) where identity.isKnown: self = .known(by: credential)
        default: self = .stranger(at: address, showing: credential)
        }
    }
}

extension IdentityOutcome {
    /// Whether the credential is or was good.
    var isKnown: Bool {
        switch self {
        case .tenant, .expired, .spent, .exhausted, .unremembered: true
        case .missing, .unknown: false
        }
    }
}
