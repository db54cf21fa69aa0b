import Policy
import WebSocket

/// What the relay learnt of a request whose head is complete and proper.
package struct SessionRequest: Sendable {
    /// The zone asked for, if any.
    package var ask: Ask
    /// The request's `Origin`, as it came.
    package var origin: String?
    /// Whether the client showed an `Authorization` header, which no page script can set on a WebSocket.
    package var hasAuthorization: Bool
    /// The relay's own origins as this client sees them.
    package var ownOrigins: [Origin]
    /// The names in its query, decoded, each once. Never a value.
    package var parameters: [ParameterName]
    /// How a refusal is told.
    package var refusalForm: RefusalForm
    /// What the client's audio will be.
    package var audio: AudioFormat

    package init(
        ask: Ask, origin: String? = nil, hasAuthorization: Bool = true, ownOrigins: [Origin] = [],
        parameters: [ParameterName] = [], refusalForm: RefusalForm = .http, audio: AudioFormat = AudioFormat()
    ) {
        self.ask = ask
        self.origin = origin
        self.hasAuthorization = hasAuthorization
        self.ownOrigins = ownOrigins
        self.parameters = parameters
        self.refusalForm = refusalForm
        self.audio = audio
    }
}

/// What a session must know to be judged again.
package struct Reconsideration: Sendable {
    /// The policy in force now.
    package var policy: PolicySnapshot
    /// What its credential proves now.
    package var identity: IdentityOutcome
    /// Whether rule 7, as it is now, lets the upstream connection stand.
    package var isStillVerified: Bool
    /// The provider behind each zone now; nil: as before.
    package var providers: [Zone: Provider]?
    /// Where a provider key has another before it now; nil: as before.
    package var spareKeys: SpareKeys?

    package init(
        policy: PolicySnapshot, identity: IdentityOutcome, isStillVerified: Bool = true,
        providers: [Zone: Provider]? = nil, spareKeys: SpareKeys? = nil
    ) {
        self.policy = policy
        self.identity = identity
        self.isStillVerified = isStillVerified
        self.providers = providers
        self.spareKeys = spareKeys
    }
}

/// How a refusal reaches a client that has had no 101 yet.
package enum RefusalForm: Sendable {
    /// As an HTTP status with a problem document.
    case http
    /// As a 101, the provider's `Error` message and a Close: the only form a page script can read.
    case webSocket
}

/// What can happen to a session, apart from the bytes of its legs.
package enum SessionEvent: Sendable {
    /// A proper request for a session arrived.
    case requested(SessionRequest)
    /// A request arrived that cannot become a session; how its sender can hear that.
    case rejected(Refusal, RefusalForm)
    /// The credential was checked. With it comes what the credential narrows, whether it opens one session alone, and what is
    /// known of endpoints before the dial: those that are down, and after what time each is tried again.
    case identified(
        IdentityOutcome, bounds: CredentialBounds = CredentialBounds(), isOneTime: Bool = false,
        down: [Endpoint: Duration] = [:])
    /// What the limits say, asked by `admit`; and what speaks against a credential that opens one session.
    case admitted(Admission, objection: IdentityOutcome? = nil)
    /// What came of `drawAudio`.
    case audioDrawn(AudioDraw)
    /// Whether the credential, which opens one session, is this one's: asked by `spend`, or lost to another while dialling.
    case spent(Bool)
    /// What `spend` asked is not known yet.
    case spending
    /// The session's place may be another relay's from now on, or nobody can tell whether its credential is its own.
    case placeLost
    /// A newer attempt came with the same credential, which opens one session.
    case superseded
    /// The opening handshake toward the endpoint left the relay: from here the provider may have opened a session.
    case upgradeSent
    /// What is about to be opened is on record, so the client's audio may go there.
    case recorded
    /// It cannot be put on record.
    case notRecorded
    /// The endpoint dialled last is open; who answered there.
    case dialed(UpstreamPeer)
    /// The endpoint dialled last cannot be used.
    case dialFailed(DialFailure)
    /// A leg's connection is over, with or without a proper end of its transport.
    case legEnded(Leg)
    /// The deadline that `nextDeadline` named has passed.
    case deadline
    /// A new policy is in force.
    case policyChanged(Reconsideration)
    /// The relay restarts and this session's time to end by itself is over.
    case drain
    /// An operator ends the session.
    case dismiss
}
