import Policy
import Timing
import WebSocket

/// What a session made of some bytes: how many it has dealt with, and what to do before it is given the rest.
package struct Received: ~Copyable {
    /// How many of the bytes are dealt with.
    package let consumed: Int
    private let reaction: Reaction?

    init(consumed: Int, reaction: consuming Reaction? = nil) {
        self.consumed = consumed
        self.reaction = reaction
    }

    /// Whether there may be something to do. For bytes that only pass there is not.
    package var asksForAction: Bool { reaction != nil }

    /// Takes what is to be done.
    package consuming func takeReaction() -> Reaction {
        reaction ?? Reaction()
    }
}

extension Session {
    /// Both legs are open; what the bytes of the legs bring about is in `receive`.
    mutating func whileRelaying(_ event: SessionEvent, _ now: Instant) -> Reaction {
        switch event {
        case .legEnded(let leg):
            return legLost(leg, now)
        case .deadline:
            return passDeadline(now)
        case .policyChanged(let news):
            return reconsider(news, now)
        case .spent(let isOurs):
            return isOurs ? credentialSpent(now) : refuseSpent(now)
        case .spending:
            // What follows `Begin` waits with it.
            return owesSpending ? Reaction(hold(.upstream, for: .spending)) : Reaction()
        case .placeLost:
            return losePlace(now)
        case .superseded:
            // Once the provider's session has begun, the credential is spent, and none can be newer.
            return owesSpending ? refuseInBand(.superseded, now) : Reaction()
        case .audioDrawn(let draw):
            return audioDrawn(draw, now)
        case .drain:
            return end(.drained, now)
        case .dismiss:
            return end(.dismissed, now)
        case .requested, .rejected, .identified, .admitted, .upgradeSent, .recorded, .notRecorded, .dialed,
            .dialFailed:
            return Reaction()  // Settled before the legs were open.
        }
    }

    /// Bytes of a leg's WebSocket: frames that may pass are forwarded as they came, to the other leg.
    ///
    /// Called while the client leg is open, the upstream leg is, or both; the caller asks again with what is left until all
    /// is consumed. `forward` is not called after the destination got a Close.
    package mutating func receive(
        _ bytes: RawSpan, from leg: Leg, now: Instant, forward: (RawSpan) -> Void
    ) -> Received {
        var offset = 0
        let notice: Notice?
        switch leg {
        case .client:
            guard client.takesFrames else { return Received(consumed: bytes.byteCount) }
            client.heard(at: now)
            let before = up.meter.frames
            notice = up.scan(bytes, from: &offset, forward: forward)
            if up.meter.frames != before { noteData(now) }
        case .upstream:
            guard upstream.takesFrames else { return Received(consumed: bytes.byteCount) }
            upstream.heard(at: now)
            let before = down.meter.frames
            notice = down.scan(bytes, from: &offset, forward: forward)
            if down.meter.frames != before { noteFirstWord(now) }
        }
        let mustSettleAudio = leg == .client && mustSettleAudio(now)
        guard notice != nil || mustSettleAudio else { return Received(consumed: bytes.byteCount) }
        return Received(consumed: offset, reaction: act(on: notice, mustSettleAudio, from: leg, now, forward))
    }

    private mutating func act(
        on notice: Notice?, _ mustSettleAudio: Bool, from leg: Leg, _ now: Instant, _ forward: (RawSpan) -> Void
    ) -> Reaction {
        var reaction = Reaction()
        if let notice { reaction = act(on: notice, from: leg, now, forward) }
        if mustSettleAudio, !up.destination.isShut { reaction.actions += settleAudio(now) }
        return reaction
    }

    private mutating func noteData(_ now: Instant) {
        deadlines.lastData = now
        audioClock.advance(to: up.audioBytes, at: now)
    }

    /// Whatever the provider's first message is, it has answered.
    private mutating func noteFirstWord(_ now: Instant) {
        deadlines.lastData = now
        deadlines.beginBy = nil
    }

    private mutating func act(
        on notice: Notice, from leg: Leg, _ now: Instant, _ forward: (RawSpan) -> Void
    ) -> Reaction {
        switch notice {
        case .ping(let payload):
            self[leg].owed.pong = payload
            return Reaction(payOwedFrames(to: leg))
        case .boundary:
            return owedFarewell == nil ? Reaction(payOwedFrames(to: leg.other)) : payFarewell(now)
        case .breach(let error):
            return breach(error, by: leg, now)
        case .close(let close, let payload):
            return closeReceived(close, payload, from: leg, now)
        case .message(let message):
            return messageReceived(message, now, forward)
        case .audioMark:
            return Reaction()  // That there is so much audio is the news.
        }
    }

    // MARK: Messages that mean something to the relay

    private mutating func messageReceived(
        _ message: ProviderMessage, _ now: Instant, _ forward: (RawSpan) -> Void
    ) -> Reaction {
        switch message {
        case .terminate:
            // After the session's end nothing of the client's passes.
            if facts.terminatedBy == nil, !up.destination.isShut { facts.terminatedBy = .client }
            up.release(forward)
        case .begin:
            providerAnswered()
            facts.beganAt = facts.beganAt ?? now
            if owesSpending, phase == .relaying { return Reaction([.spend]) }
            down.release(forward)
            return keyAccepted()
        case .error(let code):
            if phase == .relaying, !facts.began, code == ProviderCode.credentials { return keyRejected(now) }
            // The provider's contract, section 9: an `Error` is followed by a Close, and by no `Termination`.
            facts.providerIsDone = true
            providerAnswered()
            down.release(forward)
        case .termination(let seconds):
            facts.providerIsDone = true
            facts.billedSeconds = seconds
            down.release(forward)
            return terminationSeen(now)
        }
        return Reaction()
    }

    private mutating func providerAnswered() {
        down.recognitionLimit = ProviderMessage.limit
    }

    // MARK: Ends

    /// A Close frame passes; what else it brings about depends on who sent it.
    private mutating func closeReceived(
        _ close: ClosePayload, _ payload: [UInt8], from leg: Leg, _ now: Instant
    ) -> Reaction {
        self[leg].receivedClose = true
        switch (phase, leg) {
        case (.closing, _):
            return closeAnswered(payload, by: leg, now)
        case (_, .upstream):
            if !facts.began, provider.speaksAssemblyAI, close.code == .policyViolation {
                return keyRejected(now)
            }
            return upstreamClosed(close, payload, now)
        case (_, .client):
            return clientClosed(close, payload, now)
        }
    }

    private mutating func breach(_ error: WebSocketError, by leg: Leg, _ now: Instant) -> Reaction {
        self[leg].receivedClose = true  // Nothing after a breach can be read.
        if case .closing = phase { return closeAnswered([], by: leg, now) }
        return end(.violated(leg, error), now)
    }

    private mutating func legLost(_ leg: Leg, _ now: Instant) -> Reaction {
        leave(leg)
        if leg == .client, client.receivedClose { return clientGoneAfterClose(now) }
        return end(.lost(leg), now)
    }

    /// A deadline while the session lives: the session ends, or its silent legs are pinged.
    mutating func passDeadline(_ now: Instant) -> Reaction {
        if isDue(upstream.closeBy, now) { return closeUnanswered(now) }
        switch dueEnding(now: now) {
        case .refused(let name): return refuseInBand(Refusal(name, DialFailure.sentence(for: name)), now)
        case .some(let ending): return end(ending, now)
        case nil:
            let audio = isDue(deadlines.pacedUntil, now) ? settleAudio(now) : []
            return Reaction(audio + pingSilentLegs(now: now))
        }
    }
}

/// Codes of the provider's `Error` message and Close frame (its contract, section 10).
enum ProviderCode {
    /// Credentials and account: the relay's, never the client's, for the client has none of the provider's.
    static let credentials = 1008
}
