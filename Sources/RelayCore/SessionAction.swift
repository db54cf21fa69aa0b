import Policy

/// What a session asks of the one who drives it.
package enum SessionAction: Equatable, Sendable {
    /// Check the request's credential and report `identified`.
    case identify
    /// Policy grants the request of this tenant: ask the limits, and whether a credential that opens one session still
    /// does, and report `admitted`.
    case admit(TenantName)
    /// Answer 101 and treat what follows as WebSocket frames.
    case open
    /// Answer with this refusal as HTTP, and nothing else.
    case refuse(Refusal)
    /// Join the upstream that was dialed: first what the client sent meanwhile goes there. Until then nothing is written to
    /// it, and what it says is kept.
    case join
    /// Write a frame of the relay's own to a leg. The session has made sure that a frame may stand here.
    case send(Leg, OwnFrame)
    /// Complete the frame that passes to the upstream: so many bytes that unmask to zero under `key`, which `offset` payload
    /// bytes have used before.
    case fill(count: UInt64, key: UInt32, offset: UInt64)
    /// Drop the client's frames that wait for the upstream leg to open: they may not go there any more.
    case discard
    /// The provider's session has begun: spend the credential, which opens one session, and report `spent`.
    case spend
    /// Ask for more of the tenant's audio of the day, and report `audioDrawn`.
    case drawAudio
    /// Write the provider's message that was held back to the client; see `Session.passHeld`.
    case passHeld
    /// Stop reading a leg.
    case pause(Leg)
    /// Read a leg again.
    case resume(Leg)
    /// Give up the dial under way; nothing has asked for a provider session yet.
    case abandonDial
    /// The provider refused this key of the endpoint's: tell the operator.
    case reportRefusedKey(Endpoint, KeyChoice)
    /// What the client sent so far waits again, from its first byte on, for the upstream that is dialled next.
    case rewind
    /// What the client sent so far will not be asked for again.
    case forgetPassed
    /// End a leg once what is queued has been written.
    case finish(Leg)
    /// End a leg at once.
    case abort(Leg)
    /// The session is over: write its record and forget it.
    case conclude(SessionSummary)
}

/// A frame of the relay's own, not yet masked.
package enum OwnFrame: Equatable, Sendable {
    case ping([UInt8])
    case pong([UInt8])
    case close(payload: [UInt8])
    case text(String)
    /// The empty last fragment of a message that its sender left open.
    case endOfMessage
}

/// The session's answer to an event: actions in order, and at most one endpoint to dial.
///
/// Noncopyable because a granted endpoint is: it can be dialled once, by whoever takes it out.
package struct Reaction: ~Copyable {
    /// What to do, in order.
    package var actions: [SessionAction]
    /// What to dial after that.
    package var dial: GrantedEndpoint?

    init(_ actions: [SessionAction] = [], dial: consuming GrantedEndpoint? = nil) {
        self.actions = actions
        self.dial = dial
    }

    /// Nothing is to be done.
    package var isEmpty: Bool { actions.isEmpty && dial == nil }

    /// Takes the endpoint to dial out of the reaction.
    package mutating func takeDial() -> GrantedEndpoint? {
        dial.take()
    }
}
