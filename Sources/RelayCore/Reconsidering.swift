import Policy
import Timing

/// A session under a new policy: the rules that let it begin are asked again, and it ends if it could not begin now.
extension Session {
    /// A session that is relayed: the zone, the endpoint and the connection its audio goes to are judged.
    mutating func reconsider(_ news: Reconsideration, _ now: Instant) -> Reaction {
        adopt(news)
        if let refusal = refusal(under: news) { return withdraw(refusal, now) }
        guard grant != nil else { return Reaction() }
        // Should the provider still refuse the key, it is the grant of now that allows another dial.
        switch newDecision(news.identity).takeOutcome() {
        case .refused: grant = nil
        case .granted(let granted): grant = consume granted
        }
        return Reaction()
    }

    /// A session that is still dialled: a dial that may stand goes on, with what is granted now behind it. One that may not
    /// is replaced, unless its opening handshake is on the wire: what that opened must be ended, and only an end does so.
    mutating func reconsiderDial(_ news: Reconsideration, _ now: Instant) -> Reaction {
        adopt(news)
        let refusal = refusal(under: news)
        // What one endpoint has heard is said again to that one and to no other.
        let isBound = dialling.upgradeSent || facts.zone != nil
        if let refusal, isBound { return withdraw(refusal, now) }
        let decision = newDecision(news.identity)
        let trail = decision.trail
        switch decision.takeOutcome() {
        case .refused(let denial): return withdraw(denial, now)
        case .granted(let granted) where facts.zone == nil: grant = consume granted
        case .granted: break
        }
        guard refusal != nil else { return Reaction() }
        note(trail, grant?.zone)
        dialling.isUnderWay = false
        guard let endpoint = nextUntried() else {
            return withdraw(.policyChanged, after: [.abandonDial], now)
        }
        return dial(endpoint, after: [.abandonDial])
    }

    /// The grant's next endpoint that this session has not dialled in vain, nor others before it.
    mutating func nextUntried() -> GrantedEndpoint? {
        while let granted = grant?.next() {
            let hasFailed = facts.failedDials.contains { $0.endpoint == granted.endpoint }
            if !hasFailed, knownDown[granted.endpoint] == nil { return granted }
        }
        return nil
    }

    /// Why the endpoint that is dialled or open may not be so any more; nil: it may.
    private func refusal(under news: Reconsideration) -> Refusal? {
        guard let request, let endpoint = dialling.endpoint else { return nil }
        let denial = Policy.refusal(
            ofSessionOn: endpoint, PolicyRequest(request, ownIdentity(news.identity), bounds), under: policy)
        if denial == nil, !news.isStillVerified { return .notVerifiedAnyMore }
        return denial
    }

    private func newDecision(_ identity: IdentityOutcome) -> Decision {
        decide(PolicyRequest(request ?? SessionRequest(ask: Ask()), ownIdentity(identity), bounds), under: policy)
    }

    /// A credential that proves another tenant now proves nothing for a session of this one.
    func ownIdentity(_ identity: IdentityOutcome) -> IdentityOutcome {
        if case .tenant(let tenant) = identity, tenant != facts.tenant { return .unknown }
        return identity
    }

    private mutating func withdraw(
        _ refusal: Refusal, after actions: [SessionAction] = [], _ now: Instant
    ) -> Reaction {
        facts.refusal = refusal
        return end(.withdrawn(refusal), after: actions, now)
    }
}

extension Refusal {
    /// Rule 7 of a new policy forbids a connection that stands.
    fileprivate static let notVerifiedAnyMore = Refusal(
        .residency, "The connection to the speech provider is not one that policy still allows.")
    /// Nothing that may be dialled now is left.
    fileprivate static let policyChanged = Refusal(
        .residency, "Policy changed, and no endpoint that it allows now can be reached.")
}
