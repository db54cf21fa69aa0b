import Policy
import Timing
import WebSocket

/// What happens next to one session, and nothing else: events and bytes in, actions out.
///
/// `RelayCore` knows the phases of a session, the frames that pass and the rules of its end. It must never know a socket,
/// a thread, a clock, a key or a credential: time is an argument, and what it wants done it says. `RelayServer` drives it.
///
/// ```
///           requested           identified: granted             dialed              the first reason to end
///  awaiting ────────▶ identifying ────────────────▶ dialing ─────────▶ relaying ───────────────────▶ closing ──▶ closed
///     │                    │                        │    ▲                                             ▲    both legs gone
///     │ rejected           │ refused                │    └ dialFailed: the grant's next endpoint       │    or last deadline
///     │                    │                        │                                                  │
///     └────────────────────┴─ over HTTP: closed     └──────── grant used up, client gone, deadline ────┤
///                          └─ over WebSocket: told in-band ────────────────────────────────────────────┘
/// ```
///
/// While *dialing* the client leg is a WebSocket already: its frames are checked, and wait for an upstream that cannot be
/// written to yet. A session ends once, through `end`, with the first reason.
///
/// Owned by one driver, on one loop's thread.
package struct Session: ~Copyable {
    /// Names the session in logs, refusals and receipts.
    package let id: String
    private(set) var settings: SessionSettings
    /// The policy it was judged under last.
    private(set) var policy: PolicySnapshot

    var phase = Phase.awaiting
    var client = LegState()
    var upstream = LegState()
    var up: Passage
    var down: Passage
    /// What may still be dialled.
    var grant: Grant?
    /// The endpoints that were known to be down when the session began, and for how long.
    var knownDown: [Endpoint: Duration] = [:]
    var request: SessionRequest?
    /// Whom the client's credential proves, while the limits are asked.
    var identity: IdentityOutcome?
    /// What the client's credential narrows.
    var bounds = CredentialBounds()
    /// The client's credential opens one session, and is not spent yet.
    var owesSpending = false
    var dialling = Dialling()
    var deadlines = Deadlines()
    var provider: Provider
    var facts: Facts
    var audioClock = AudioClock()
    var allowance = AudioAllowance()
    /// When the client's audio is looked at again, where a clock measures it; see `Passage.audioMark` for the rest.
    var audioDue: Instant?
    var ending: Ending?
    /// Told over HTTP in place of any other refusal.
    var shortRefusal: Refusal?
    /// What the client is told once the frame on its way to it has ended.
    var owedFarewell: Farewell?

    enum Phase {
        /// No request yet.
        case awaiting
        /// The credential is being checked.
        case identifying
        /// The 101 is out, and the grant is being used up.
        case dialing
        /// Both legs are open.
        case relaying
        /// The session has ended; its legs have not.
        case closing
        /// Nothing is left.
        case closed
    }

    /// - Parameters:
    ///   - id: names the session in logs, refusals and receipts.
    ///   - now: when its request began.
    package init(id: String, settings: SessionSettings, policy: PolicySnapshot, now: Instant) {
        self.id = id
        self.settings = settings
        self.policy = policy
        up = Passage(from: .client, messageBytes: settings.messageBytes)
        down = Passage(from: .upstream, messageBytes: settings.messageBytes)
        provider = settings.defaultProvider
        facts = Facts(startedAt: now)
    }

    /// Tells the session what happened, and returns what to do about it.
    package mutating func handle(_ event: SessionEvent, now: Instant) -> Reaction {
        switch phase {
        case .awaiting: whileAwaiting(event, now)
        case .identifying: whileIdentifying(event, now)
        case .dialing: whileDialing(event, now)
        case .relaying: whileRelaying(event, now)
        case .closing: whileClosing(event, now)
        case .closed: Reaction()
        }
    }

    /// From here on any refusal is told as this one, over HTTP whatever its form: reasons have been told often enough.
    package mutating func limitRefusals(to refusal: Refusal) {
        shortRefusal = refusal
    }

    /// What the client was refused with, if it was.
    package var refusal: Refusal? { facts.refusal }

    /// Whether the session is over and may be forgotten.
    package var isClosed: Bool {
        switch phase {
        case .closed: true
        case .awaiting, .identifying, .dialing, .relaying, .closing: false
        }
    }

    /// What is dialled, or open.
    package var endpoint: Endpoint? { dialling.endpoint }

    /// From here on the session is judged under this policy, and dials as it has it.
    mutating func adopt(_ news: Reconsideration) {
        policy = news.policy
        settings.providers = news.providers ?? settings.providers
        settings.spareKeys = news.spareKeys ?? settings.spareKeys
        applyLimits()
    }

    subscript(leg: Leg) -> LegState {
        get { leg == .client ? client : upstream }
        set { if leg == .client { client = newValue } else { upstream = newValue } }
    }

    /// What the leg has been given so far by the other one.
    func destination(_ leg: Leg) -> Passage.Destination {
        leg == .client ? down.destination : up.destination
    }

    /// Nothing more passes to the leg.
    mutating func shut(_ leg: Leg) {
        if leg == .client { down.shut() } else { up.shut() }
    }

    /// The leg is over: nothing passes to it, is awaited of it or asked of it any more.
    mutating func leave(_ leg: Leg) {
        self[leg].leave()
        shut(leg)
    }

    /// The actions, and the end of the session's record if they ended it.
    mutating func reaction(_ actions: [SessionAction], now: Instant) -> Reaction {
        // The frame that a farewell waits for cannot end any more.
        let actions = owedFarewell != nil && upstream.isGone ? actions + cut(.client) : actions
        guard case .closing = phase, client.isGone, upstream.isGone else { return Reaction(actions) }
        phase = .closed
        return Reaction(actions + [.conclude(summary(now: now))])
    }
}

/// What is known of the endpoint being dialled.
struct Dialling {
    /// The endpoint dialled last.
    var endpoint: Endpoint?
    /// The key it is shown.
    var key = KeyChoice.current
    /// A dial is under way.
    var isUnderWay = false
    /// Its opening is on record, or need not be: the client's audio may go there.
    var isRecorded = false
    /// Who answered there, while the upstream is open and waits for the record.
    var waiting: UpstreamPeer?
    /// Its opening handshake is on the wire: if the dial is dropped now, a provider session may be left open, and billed.
    var upgradeSent = false
}

/// What the session's record will say.
struct Facts {
    let startedAt: Instant
    var openedAt: Instant?
    var tenant: TenantName?
    var granted: Zone?
    var trail: [TrailStep] = []
    var refusal: Refusal?
    var zone: Zone?
    var endpoint: Endpoint?
    var peer: UpstreamPeer?
    var failedDials: [FailedDial] = []
    /// The version of the policy that decided its zone, or refused it.
    var policy: String?
    /// Where that policy has this process stand.
    var site: Site?
    /// When the provider's session began, by its own word.
    var beganAt: Instant?
    var began: Bool { beganAt != nil }
    var terminatedBy: Leg?
    /// Nothing is left to terminate: the provider said its last word, or never opened a session.
    var providerIsDone = false
    /// The payload of the client's Close, once it has sent one.
    var clientClose: [UInt8]?
    var billedSeconds: Int?
}

extension Session {
    /// What each side sent.
    package var traffic: (up: Meter, down: Meter) { (up.meter, down.meter) }

    /// The zone that policy granted; nil until it has.
    package var granted: Zone? { facts.granted }

    /// Where a session stands that was let in; nil for any other.
    package var stage: Stage? {
        guard facts.granted != nil else { return nil }
        switch phase {
        case .awaiting, .identifying, .closed: return nil
        case .dialing: return .dialing
        case .relaying: return .relaying
        case .closing: return .closing
        }
    }

    /// Where a session stands, for lists.
    package enum Stage: String, CaseIterable, Sendable {
        case dialing
        case relaying
        case closing
    }

    /// Whether it was let in and has not ended.
    package var mayBeDismissed: Bool { stage.map { $0 != .closing } ?? false }

    /// When the request came.
    package var startedAt: Instant { facts.startedAt }

    /// Whom the client belongs to, once that is known.
    package var tenant: TenantName? { facts.tenant }

    /// From the request to the open upstream; nil when none is.
    package var dialTime: Duration? { facts.openedAt?.duration(since: facts.startedAt) }

    /// From the request to the provider's `Begin`; nil until it has come.
    package var beginTime: Duration? { facts.beganAt?.duration(since: facts.startedAt) }

    /// Whether the client showed an `Authorization` header.
    package var hasAuthorization: Bool { request?.hasAuthorization ?? false }

    /// The names in its request's query, for lists.
    package var parameters: [ParameterName] { request?.parameters ?? [] }

    /// The session's record, should its relay end here and now.
    package func summaryIfCut(now: Instant) -> SessionSummary {
        var summary = summary(now: now)
        summary.ending = ending ?? .drained
        return summary
    }

    /// The facts so far. Before the end its `ending` means nothing.
    package func summary(now: Instant) -> SessionSummary {
        SessionSummary(
            id: id, tenant: facts.tenant, origin: request?.origin, asked: request?.ask.zone, granted: facts.granted,
            zone: facts.zone, endpoint: facts.endpoint, peer: facts.peer, failedDials: facts.failedDials,
            site: facts.site ?? policy.site, policy: facts.policy ?? policy.version, lastPolicy: policy.version,
            trail: facts.trail, ending: ending ?? .abandoned, refusal: facts.refusal,
            duration: now.duration(since: facts.startedAt), dialTime: dialTime, up: up.meter, down: down.meter,
            audio: audio, wasPaced: allowance.wasPaced, terminatedBy: facts.terminatedBy,
            billedSeconds: facts.billedSeconds)
    }
}
