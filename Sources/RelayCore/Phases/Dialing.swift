import Policy
import Timing

extension Session {
    /// The grant is being used up, one endpoint at a time. The client's frames wait meanwhile.
    mutating func whileDialing(_ event: SessionEvent, _ now: Instant) -> Reaction {
        switch event {
        case .upgradeSent:
            dialling.upgradeSent = true
            return Reaction()
        case .dialed(let peer):
            return dialling.isRecorded ? startRelaying(with: peer, now) : awaitRecord(with: peer, now)
        case .recorded:
            dialling.isRecorded = true
            guard let peer = dialling.waiting.take() else { return Reaction() }
            return startRelaying(with: peer, now)
        case .notRecorded:
            return refuseUnrecorded(now)
        case .dialFailed(let failure):
            return tryNext(after: failure, now)
        case .legEnded(.client):
            leave(.client)
            return end(.abandoned, now)
        case .legEnded(.upstream):
            guard dialling.waiting.take() != nil else { return Reaction() }  // A dial's own end, which it reports.
            return tryNext(after: DialFailure(.connectFailed, "closed before its opening was on record"), now)
        case .deadline:
            return isDue(deadlines.recordBy, now) ? refuseUnrecorded(now) : passDeadline(now)
        case .policyChanged(let news):
            return reconsiderDial(news, now)
        case .spent(let isOurs):
            return isOurs ? Reaction() : refuseInBand(.spentElsewhere, now)
        case .superseded:
            return refuseInBand(.superseded, now)
        case .audioDrawn(let draw):
            return audioDrawn(draw, now)
        case .placeLost:
            return end(.quotaReached(.sharedState), now)
        case .drain:
            return end(.drained, now)
        case .dismiss:
            return end(.dismissed, now)
        case .requested, .rejected, .identified, .admitted, .spending:
            return Reaction()  // Settled before.
        }
    }

    mutating func dial(_ endpoint: consuming GrantedEndpoint, after actions: [SessionAction] = []) -> Reaction {
        dialling = Dialling(
            endpoint: endpoint.endpoint, key: endpoint.key, isUnderWay: true, isRecorded: !settings.recordsOpenings)
        deadlines.recordBy = nil
        provider = settings.provider(of: endpoint.zone)
        up.recognitionLimit = provider.speaksAssemblyAI ? ProviderMessage.limit : 0
        down.recognitionLimit = provider.speaksAssemblyAI ? ProviderMessage.limitBeforeBegin : 0
        // Another provider may be measured otherwise.
        lookAtAudioAgain()
        return Reaction(actions, dial: endpoint)
    }

    /// Failing over is asking the same grant for its next endpoint, so it cannot leave the tenant's residency.
    private mutating func tryNext(after failure: DialFailure, _ now: Instant) -> Reaction {
        noteFailedDial(failure)
        if failure.kind == .keyRejected { return tryPreviousKey(now) }
        let consequence = failure.kind.consequence
        if consequence.triesNext, let endpoint = nextUntried() { return dial(endpoint) }
        return refuseInBand(Refusal(consequence.refusal, DialFailure.sentence(for: consequence.refusal)), now)
    }

    mutating func noteFailedDial(_ failure: DialFailure) {
        dialling.isUnderWay = false
        if let endpoint = dialling.endpoint { facts.failedDials.append(FailedDial(endpoint, failure)) }
    }

    private mutating func startRelaying(with peer: UpstreamPeer, _ now: Instant) -> Reaction {
        phase = .relaying
        if !mayStartAnew { grant = nil }
        deadlines.recordBy = nil
        let actions = join(peer, now)
        guard provider.speaksAssemblyAI else { return Reaction(actions + (owesSpending ? [.spend] : [])) }
        deadlines.beginBy = now + settings.handshake
        return Reaction(actions)
    }

    /// The upstream is open before its opening is on record: no audio goes where no record says that it may have gone.
    private mutating func awaitRecord(with peer: UpstreamPeer, _ now: Instant) -> Reaction {
        dialling.waiting = peer
        deadlines.recordBy = now + settings.handshake
        return Reaction()
    }

    /// Joins the upstream. What the client has sent goes there only if the opening is on record.
    mutating func join(_ peer: UpstreamPeer, _ now: Instant) -> [SessionAction] {
        let discarding = dialling.isRecorded ? [] : discardWaiting()
        upstreamOpened(by: peer, now)
        return discarding + [.join]
    }

    /// Drops what waits for the upstream to open, a `Terminate` of the client's among it. What nobody has heard is not
    /// counted either.
    mutating func discardWaiting() -> [SessionAction] {
        up.discard()
        facts.terminatedBy = nil
        if facts.zone == nil {
            up.forgetMeter()
            audioClock = AudioClock()
        }
        return [.discard]
    }

    private mutating func refuseUnrecorded(_ now: Instant) -> Reaction {
        facts.refusal = .notRecorded
        return end(.refused(Refusal.notRecorded.name), now)
    }

    /// The upstream is open: from here the provider counts, and bills.
    mutating func upstreamOpened(by peer: UpstreamPeer, _ now: Instant) {
        dialling.isUnderWay = false
        upstream.open(at: now)
        if upstream.queued > 0 { upstream.blockedSince = now }
        facts.openedAt = now
        facts.endpoint = dialling.endpoint
        facts.peer = peer
        facts.zone = dialling.endpoint?.zone
    }

    /// A refusal after the 101: the client hears it in-band.
    mutating func refuseInBand(_ refusal: Refusal, _ now: Instant) -> Reaction {
        facts.refusal = refusal
        return end(.refused(refusal.name), now)
    }
}

extension Refusal {
    /// Why a session cannot be had while receipts cannot be written.
    static let notRecorded = Refusal(
        .limit, "A limit is reached: receipts cannot be written.", retryAfter: .seconds(5), limit: .receipts)
}

extension DialFailure {
    /// What a client is told when nothing of its grant could be dialled. It learns no address and no reason that speaks of
    /// the relay's own key: those are for the operator.
    package static func sentence(for refusal: RefusalName) -> String {
        switch refusal {
        case .upstreamRefused:
            "The speech provider refused the relay's request. The relay's operator must look at its key."
        case .timeout: "The speech provider took too long to answer."
        case .limit: "A limit is reached: the relay has no room for another connection now."
        default: "No endpoint of the speech provider can be reached in a zone that policy allows."
        }
    }
}
