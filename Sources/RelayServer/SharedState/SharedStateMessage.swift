import Identity
import Policy
import Reactor
import RelayCore

/// What loops tell the keeper.
enum SharedStateMessage: Sendable {
    /// A session asks to be let in.
    case request(SharedRequest)
    /// A session has been let in by this relay's own limits alone, and counts.
    case entered(TenantName)
    /// A session that counts is over.
    case left(TenantName)
    /// A session needs audio of its tenant's day; it is told when it may ask again.
    case audio(TenantName, @Sendable () -> Void)
    /// The provider's session has begun: is the token this one's?
    case spend(OneTime, session: String, @Sendable (SharedSpending) -> Void)
    /// A session that had the token did not begin with it.
    case giveUp(OneTime, session: String)
    case apply(SharedStatePlan, PolicySnapshot)
    case resolved(Resolver.Answer, attempt: Int)
    case stop
}

/// A session that asks to be let in.
struct SharedRequest: Sendable {
    let session: String
    let tenant: TenantName
    /// What it shows, if that opens one session alone.
    let token: OneTime?
    /// Told once.
    let answer: @Sendable (SharedAnswer) -> Void
}

/// What comes of such a request.
enum SharedAnswer: Equatable, Sendable {
    /// It has a place, and its token if it has shown one.
    case admitted
    /// The server is away, and this relay's own limits are all that counts.
    case alone
    case refused(Admission)
    /// What speaks against its token.
    case objection(IdentityOutcome)
}

/// What comes of spending a token.
enum SharedSpending: Equatable, Sendable {
    case spent
    case another
    /// Nobody can tell, and this relay's own ledger is all that counts.
    case alone
    /// Nobody can tell.
    case unknown
}
