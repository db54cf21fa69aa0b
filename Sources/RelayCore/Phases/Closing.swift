import Policy
import Timing
import WebSocket

extension Session {
    /// The session has ended; its legs are being told, and the provider is given time for its last word.
    mutating func whileClosing(_ event: SessionEvent, _ now: Instant) -> Reaction {
        switch event {
        case .legEnded(let leg):
            guard self[leg].isOpen else { return Reaction() }
            leave(leg)
            return reaction([], now: now)
        case .upgradeSent:
            dialling.upgradeSent = true
            return Reaction()
        case .dialed(let peer):
            guard dialling.isUnderWay else { return Reaction() }  // It was given up.
            // The client is gone, but the provider may be counting: what was opened is ended properly.
            return reaction(joinToDismiss(peer, now), now: now)
        case .recorded:
            dialling.isRecorded = true
            return Reaction()
        case .dialFailed(let failure):
            guard dialling.isUnderWay else { return Reaction() }  // It was given up.
            noteFailedDial(failure)
            leave(.upstream)
            return reaction([], now: now)
        case .deadline:
            return passClosingDeadline(now)
        case .audioDrawn(.granted(let slice, let day)):
            allowance.add(slice, on: day)  // To be settled: nobody will use it.
            return Reaction()
        case .requested, .rejected, .identified, .admitted, .audioDrawn, .notRecorded, .spent, .spending, .placeLost,
            .superseded,
            .policyChanged, .drain, .dismiss:
            return Reaction()  // The session has ended already; the first reason wins.
        }
    }

    /// The one door by which a session ends: tells the client, dismisses the upstream.
    mutating func end(_ ending: Ending, after first: [SessionAction] = [], _ now: Instant) -> Reaction {
        self.ending = self.ending ?? ending
        phase = .closing
        deadlines.beginBy = nil
        let farewell =
            ending.clientFarewell
            ?? facts.refusal.map { Farewell(code: CloseCode(rawValue: $0.name.closeCode), sentence: $0.sentence) }
        let client = farewell.map { dismissClient($0, now) } ?? cut(.client)
        return reaction(first + client + dismissUpstream(now), now: now)
    }

    // MARK: The client

    /// Tells the client why: in the provider's own `Error` message where its SDKs know one, and in a Close.
    private mutating func dismissClient(_ farewell: Farewell, _ now: Instant) -> [SessionAction] {
        guard client.isOpen, !client.sentClose else { return cut(.client) }
        guard down.destination.mayTakeControlFrame else { return owe(farewell, now) }
        var actions: [SessionAction] = []
        let message = provider.errorMessage(
            code: farewell.code.rawValue, sentence: farewell.sentence, name: ending?.name ?? "", session: id)
        if let message, down.destination.mayTakeMessage { actions.append(.send(.client, .text(message))) }
        return actions + close(.client, with: ClosePayload(farewell).bytes, now)
    }

    /// A frame is on its way to the client: it is let through before the farewell, if it ends in time.
    private mutating func owe(_ farewell: Farewell, _ now: Instant) -> [SessionAction] {
        guard upstream.isOpen, !upstream.receivedClose else { return cut(.client) }
        owedFarewell = farewell
        down.reportsBoundary = true
        client.closeBy = now + Deadlines.closingHandshake
        return []
    }

    /// The frame that the farewell waited for has ended.
    mutating func payFarewell(_ now: Instant) -> Reaction {
        down.reportsBoundary = false
        guard let farewell = owedFarewell.take() else { return Reaction() }
        return reaction(dismissClient(farewell, now), now: now)
    }

    // MARK: The upstream

    /// Ends the upstream as the provider wants it: the message under way completed, `Terminate` said once, its answer awaited.
    private mutating func dismissUpstream(_ now: Instant) -> [SessionAction] {
        if dialling.isUnderWay { return dropDial(now) }
        guard upstream.isOpen else {
            leave(.upstream)
            return []
        }
        guard !upstream.sentClose else { return closeUpstream(now) }
        let resume = resumeReading(.upstream, now)
        let completion = completeMessage()
        guard let terminate = provider.terminateMessage, !facts.providerIsDone, !upstreamHasClosed else {
            return resume + completion + closeUpstream(now)
        }
        var actions = resume + completion
        if facts.terminatedBy == nil {
            facts.terminatedBy = .upstream
            actions.append(.send(.upstream, .text(terminate)))
        }
        guard provider.speaksAssemblyAI, !upstream.receivedClose else { return actions + closeUpstream(now) }
        deadlines.terminationBy = now + settings.terminate
        return actions
    }

    /// After a Close the provider counts no longer; after a breach it may, though nothing more it says can be read.
    private var upstreamHasClosed: Bool {
        if case .violated(.upstream, _) = ending { false } else { upstream.receivedClose }
    }

    /// What was opened is ended properly.
    private mutating func joinToDismiss(_ peer: UpstreamPeer, _ now: Instant) -> [SessionAction] {
        let actions = join(peer, now)
        up.shut()
        return actions + dismissUpstream(now)
    }

    /// A dial that asked for nothing yet is dropped; one that did is awaited, so that what it opened can be ended. Of what
    /// the client said nothing goes there any more: nobody would hear the answer, and policy may change meanwhile.
    private mutating func dropDial(_ now: Instant) -> [SessionAction] {
        if let peer = dialling.waiting.take() { return joinToDismiss(peer, now) }
        up.shut()
        if dialling.upgradeSent { return discardWaiting() }
        dialling.isUnderWay = false
        leave(.upstream)
        return [.abandonDial]
    }

    /// Brings the upstream to a message boundary, where `Terminate` may stand: a frame the client left unfinished is filled
    /// with bytes that unmask to zero (silence, in an audio message), a message left open gets its last fragment.
    private mutating func completeMessage() -> [SessionAction] {
        up.drop()
        up.shut()
        let destination = up.destination
        up.completeMessage()
        var actions: [SessionAction] = []
        if destination.owed > 0 {
            actions.append(.fill(count: destination.owed, key: destination.key, offset: destination.written))
        }
        if destination.wantsLastFragment { actions.append(.send(.upstream, .endOfMessage)) }
        return actions
    }

    private mutating func closeUpstream(_ now: Instant) -> [SessionAction] {
        deadlines.terminationBy = nil
        let payload = facts.clientClose ?? ClosePayload(code: ending?.upstreamCloseCode ?? .normal).bytes
        return close(.upstream, with: payload, now)
    }

    /// The provider's last word is in, while the session runs or after its end.
    mutating func terminationSeen(_ now: Instant) -> Reaction {
        guard case .closing = phase else { return Reaction() }
        return reaction(closeUpstream(now), now: now)
    }

    // MARK: Close frames

    /// Writes a Close to a leg, once, and ends the leg when both have said theirs. No frame follows a Close, and none can
    /// be written in the middle of one that will not end: a leg that waits for the rest of such a frame is cut off.
    private mutating func close(_ leg: Leg, with payload: [UInt8], _ now: Instant) -> [SessionAction] {
        guard self[leg].isOpen else { return [] }
        guard destination(leg).mayTakeControlFrame else { return cut(leg) }
        shut(leg)
        var actions: [SessionAction] = []
        if !self[leg].sentClose {
            self[leg].sentClose = true
            self[leg].closeBy = now + Deadlines.closingHandshake
            actions.append(.send(leg, .close(payload: payload)))
        }
        guard self[leg].receivedClose else { return actions + resumeReading(leg, now) }
        leave(leg)
        return actions + [.finish(leg)]
    }

    /// The client closes. Where the provider must hear `Terminate` first, the client need not wait for it: its own closing
    /// handshake ends here. Otherwise its Close passes and the provider's answer comes back, with what is still under way.
    mutating func clientClosed(_ close: ClosePayload, _ payload: [UInt8], _ now: Instant) -> Reaction {
        facts.clientClose = payload
        let ending = Ending.clientClosed(code: close.code)
        guard case .relaying = phase, !provider.speaksAssemblyAI || facts.providerIsDone else {
            return end(ending, after: self.close(.client, with: payload, now), now)
        }
        self.ending = ending
        up.drop()
        return Reaction(tellOfClientLoss() + self.close(.upstream, with: payload, now))
    }

    /// The message some providers want before the Close of a client that left.
    private mutating func tellOfClientLoss() -> [SessionAction] {
        guard !provider.speaksAssemblyAI, let message = provider.terminateMessage else { return [] }
        facts.terminatedBy = .upstream
        return completeMessage() + [.send(.upstream, .text(message))]
    }

    /// The provider closes: its Close passes to the client, and is answered at once.
    mutating func upstreamClosed(_ close: ClosePayload, _ payload: [UInt8], _ now: Instant) -> Reaction {
        if ending == nil { ending = .upstreamClosed(code: close.code) }
        phase = .closing
        deadlines.beginBy = nil
        up.drop()
        let toClient = self.close(.client, with: payload, now)
        return reaction(toClient + self.close(.upstream, with: payload, now), now: now)
    }

    /// A Close, or the last that can be read, arrived on a leg after the session's end.
    mutating func closeAnswered(_ payload: [UInt8], by leg: Leg, _ now: Instant) -> Reaction {
        if leg == .upstream { deadlines.terminationBy = nil }
        return reaction(close(leg, with: payload, now), now: now)
    }

    /// The client's Close was passed on and its connection ended before the answer: nobody is left to hear it.
    mutating func clientGoneAfterClose(_ now: Instant) -> Reaction {
        phase = .closing
        return reaction([], now: now)
    }

    /// The client's Close was passed on and the provider does not answer it: the client, which waits for that, is answered.
    mutating func closeUnanswered(_ now: Instant) -> Reaction {
        phase = .closing
        return reaction(cut(.upstream) + close(.client, with: facts.clientClose ?? [], now), now: now)
    }

    private mutating func passClosingDeadline(_ now: Instant) -> Reaction {
        var actions = isDue(deadlines.terminationBy, now) ? closeUpstream(now) : []
        for leg in [Leg.upstream, .client] where isDue(self[leg].closeBy, now) { actions += cut(leg) }
        return reaction(actions, now: now)
    }

    /// Ends a leg at once, unless it is gone.
    mutating func cut(_ leg: Leg) -> [SessionAction] {
        guard !self[leg].isGone else { return [] }
        leave(leg)
        return [.abort(leg)]
    }
}
