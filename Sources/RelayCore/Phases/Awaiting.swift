import Policy
import Timing

extension Session {
    /// No request yet.
    mutating func whileAwaiting(_ event: SessionEvent, _ now: Instant) -> Reaction {
        switch event {
        case .requested(let request):
            self.request = request
            phase = .identifying
            deadlines.identifyBy = now + settings.handshake
            return Reaction([.identify])
        case .rejected(let refusal, let form):
            return refuse(refusal, in: form, now)
        case .drain:
            return refuse(Refusal.draining, now)
        case .legEnded:
            return abandon(now)
        case .policyChanged(let news):
            adopt(news)
            return Reaction()
        case .identified, .admitted, .audioDrawn, .upgradeSent, .recorded, .notRecorded, .dialed, .dialFailed, .spent,
            .spending, .placeLost, .superseded, .deadline, .dismiss:
            return Reaction()  // Nothing was asked for that could answer so.
        }
    }

    /// Tells a client that has had no 101 that it gets none: over HTTP, or in-band after a 101 of its own.
    mutating func refuse(_ refusal: Refusal, in form: RefusalForm? = nil, _ now: Instant) -> Reaction {
        let refusal = shortRefusal ?? refusal
        let form = shortRefusal == nil ? form ?? request?.refusalForm ?? .http : .http
        facts.refusal = refusal
        leave(.upstream)
        switch form {
        case .http:
            ending = .refused(refusal.name)
            phase = .closing
            leave(.client)
            return reaction([.refuse(refusal)], now: now)
        case .webSocket:
            client.open(at: now)
            return end(.refused(refusal.name), after: [.open], now)
        }
    }

    /// The client left before there was anything to end.
    mutating func abandon(_ now: Instant) -> Reaction {
        ending = .abandoned
        phase = .closing
        leave(.client)
        leave(.upstream)
        return reaction([], now: now)
    }
}

extension Refusal {
    /// Why a relay that is shutting down takes no session.
    package static let draining = Refusal(.draining, "This relay is shutting down. Connect again.")
}
