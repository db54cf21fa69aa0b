import Policy
import Timing
import WebSocket

/// What follows when the provider refuses the relay's key: the endpoint is dialled once more with the key before it, where
/// there is one, and nobody but the operator notices.
extension Session {
    /// Refused at the upgrade: nothing of the client's has been sent.
    mutating func tryPreviousKey(_ now: Instant) -> Reaction {
        let report = reportRefusedKey()
        guard hasPreviousKey, let endpoint = grantedAgain() else {
            return refuseUpstreamKey(after: report, now)
        }
        return dial(endpoint, after: report)
    }

    /// Refused in-band, before `Begin`: the provider's contract, section 2.1, has it so as a rule.
    mutating func keyRejected(_ now: Instant) -> Reaction {
        down.drop()
        noteFailedDial(DialFailure(.keyRejected, "refused the relay's key in-band"))
        let report = reportRefusedKey()
        guard mayStartAnew, client.isOpen, let endpoint = grantedAgain() else {
            facts.providerIsDone = true
            return refuseUpstreamKey(after: report, now)
        }
        let goodbye = leaveRefusedUpstream()
        // What one endpoint has heard is said again to that one and to no other.
        grant = nil
        phase = .dialing
        return dial(endpoint, after: report + goodbye + [.rewind])
    }

    /// The provider takes the key: from here on there is one upstream session, and no second beginning.
    mutating func keyAccepted() -> Reaction {
        guard grant != nil, hasPreviousKey else { return Reaction() }
        grant = nil
        return Reaction([.forgetPassed])
    }

    /// How many of the bytes that pass to the upstream, counted from the first, are to be kept for another one; nil: none.
    /// Asked when the upstream opens.
    package var keptBytes: Int? {
        mayStartAnew ? settings.bufferBytes : nil
    }

    /// Whether all that passed can be said again to another upstream: the client has heard nothing of this one, and what it
    /// sent still fits the buffer.
    var mayStartAnew: Bool {
        hasPreviousKey && provider.speaksAssemblyAI && !facts.began && down.passed == 0
            && up.passed <= UInt64(clamping: settings.bufferBytes)
    }

    private var hasPreviousKey: Bool {
        guard let tenant = facts.tenant, let zone = dialling.endpoint?.zone, dialling.key == .current else {
            return false
        }
        return settings.spareKeys.has(tenant, in: zone)
    }

    private func grantedAgain() -> GrantedEndpoint? {
        guard let endpoint = dialling.endpoint else { return nil }
        return grant?.again(endpoint)
    }

    private func reportRefusedKey() -> [SessionAction] {
        dialling.endpoint.map { [.reportRefusedKey($0, dialling.key)] } ?? []
    }

    /// The refused session is closed where a frame may stand, and its leg is as if it had never been. Frames of the client
    /// pass on behind those that are said again, so what was passed stays as it is.
    private mutating func leaveRefusedUpstream() -> [SessionAction] {
        let isAtBoundary = up.destination.mayTakeControlFrame
        let queued = upstream.queued
        upstream = LegState()
        upstream.queued = queued
        up.reportsBoundary = false
        down = Passage(from: .upstream, messageBytes: settings.messageBytes)
        deadlines.beginBy = nil
        guard isAtBoundary else { return [.abort(.upstream)] }
        return [.send(.upstream, .close(payload: ClosePayload(code: .goingAway).bytes)), .finish(.upstream)]
    }

    /// A refusal of the relay's own key is nothing the client may hear in the provider's words: they would blame it.
    private mutating func refuseUpstreamKey(after report: [SessionAction], _ now: Instant) -> Reaction {
        let refusal = Refusal(.upstreamRefused, DialFailure.sentence(for: .upstreamRefused))
        facts.refusal = refusal
        return end(.refused(refusal.name), after: report, now)
    }
}
