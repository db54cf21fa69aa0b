import Policy
import Timing

extension Session {
    /// A credential is being checked.
    mutating func whileIdentifying(_ event: SessionEvent, _ now: Instant) -> Reaction {
        switch event {
        case .identified(let identity, let bounds, let isOneTime, let down):
            (self.bounds, owesSpending, knownDown) = (bounds, isOneTime, down)
            return askLimits(identity, now)
        case .admitted(let admission, let objection):
            guard let identity else { return Reaction() }
            return decideZone(objection ?? identity, admission, now)
        case .deadline:
            return isDue(deadlines.identifyBy, now) ? refuse(.unidentified, now) : Reaction()
        case .drain:
            return refuse(Refusal.draining, now)
        case .legEnded:
            return abandon(now)
        case .policyChanged(let news):
            adopt(news)
            if identity != nil { identity = ownIdentity(news.identity) }
            return Reaction()
        case .requested, .rejected, .upgradeSent, .recorded, .notRecorded, .dialed, .dialFailed, .spent, .superseded,
            .spending, .placeLost, .audioDrawn, .dismiss:
            return Reaction()  // One request a session, and no dial before the decision.
        }
    }

    /// Nobody but who would be granted something takes a place from others: the decision is made as if there were room for
    /// all, and once more when it is known whether there is.
    private mutating func askLimits(_ identity: IdentityOutcome, _ now: Instant) -> Reaction {
        guard let request else { return Reaction() }
        if case .tenant(let tenant) = identity { facts.tenant = tenant }
        let decision = decide(PolicyRequest(request, identity, bounds), under: policy)
        note(decision.trail, nil)
        switch decision.takeOutcome() {
        case .refused(let refusal): return refuse(refusal, now)
        case .granted(let grant):
            // A place would be of no use where every endpoint is down.
            let isHopeless = !grant.ahead.isEmpty && grant.ahead.allSatisfy { knownDown[$0] != nil }
            guard let tenant = facts.tenant, !isHopeless else { return begin(grant, now) }
            self.identity = identity
            return Reaction([.admit(tenant)])
        }
    }

    /// The decision: this transition, and no other, gives the session something to dial.
    private mutating func decideZone(_ identity: IdentityOutcome, _ admission: Admission, _ now: Instant) -> Reaction {
        guard let request else { return Reaction() }
        let decision = decide(PolicyRequest(request, identity, bounds, admission), under: policy)
        note(decision.trail, nil)
        switch decision.takeOutcome() {
        case .refused(let refusal): return refuse(refusal, now)
        case .granted(let grant): return begin(grant, now)
        }
    }

    /// What the record says of a decision.
    mutating func note(_ trail: [TrailStep], _ granted: Zone?) {
        facts.trail = trail
        facts.granted = granted
        facts.policy = policy.version
        facts.site = policy.site
    }

    /// The 101 goes out in the same turn as the dial begins: an official client waits for it no longer than one second.
    private mutating func begin(_ grant: consuming Grant, _ now: Instant) -> Reaction {
        let downFor = grant.ahead.compactMap { knownDown[$0] }.min()
        facts.granted = grant.zone
        self.grant = consume grant
        guard let endpoint = nextUntried() else { return refuse(.nothingToDial(until: downFor), now) }
        phase = .dialing
        client.open(at: now)
        deadlines.lastData = now
        deadlines.openedAt = now
        applyLimits()
        deadlines.dialBy = now + settings.dial
        return dial(endpoint, after: [.open])
    }
}

extension PolicyRequest {
    /// What policy is asked of a session's request.
    init(
        _ request: SessionRequest, _ identity: IdentityOutcome, _ bounds: CredentialBounds,
        _ admission: Admission = .admitted
    ) {
        self.init(
            identity: identity, bounds: bounds, origin: request.origin,
            hasAuthorizationHeader: request.hasAuthorization,
            ownOrigins: request.ownOrigins, ask: request.ask, parameters: request.parameters, admission: admission)
    }
}

extension Refusal {
    /// An identity provider holds everybody up who shows a key of its that is not known yet.
    static let unidentified = Refusal(
        .timeout, "Whether the credential is good could not be found out in time.", status: 504)

    /// Every endpoint of the grant is known to be down, the first to be tried again after `downFor`; nil: there is none.
    fileprivate static func nothingToDial(until downFor: Duration?) -> Refusal {
        guard let downFor else { return Refusal(.upstreamUnavailable, "The zone has no endpoint to dial.") }
        return Refusal(
            .upstreamUnavailable, DialFailure.sentence(for: .upstreamUnavailable), retryAfter: downFor)
    }
}
