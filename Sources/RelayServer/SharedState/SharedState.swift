import Crypto
import Identity
import Policy
import Reactor
import Redis
import RelayCore
import Telemetry
import Timing

/// What this relay shares with others, as its loops see it: they ask and go on, and are told the answer through their
/// mailboxes. Thread-safe.
///
/// Nothing here says where audio may go: residency needs no server that can be away.
final class SharedState: Sendable {
    private let mailbox: Mailbox<SharedStateMessage>
    private let thread: LoopThread
    private let counts: Lock<SharedStateCounts>

    /// Starts the thread that keeps the state. The server need not be there.
    ///
    /// - Parameters:
    ///   - placesLost: told of a tenant whose places others may have from now on.
    static func start(
        _ plan: SharedStatePlan, under policy: PolicySnapshot, quotas: Quotas, resolver: Resolver, log: Log,
        placesLost: @escaping @Sendable (TenantName) -> Void
    ) throws(SystemError) -> SharedState {
        let counts = Lock(SharedStateCounts())
        let tools = SharedStateTools(
            quotas: quotas, resolver: resolver, placesLost: placesLost, counts: counts, log: log)
        let mailbox = try Mailbox<SharedStateMessage>()
        let relay = Hex.encode(RandomBytes.make(16))
        let keeper = try SharedStateKeeper(plan, policy, relay: relay, mailbox: mailbox, tools: tools)
        let thread = try LoopThread.start(name: "shared-state") { keeper.serve() }
        return SharedState(mailbox: mailbox, thread: thread, counts: counts)
    }

    private init(mailbox: Mailbox<SharedStateMessage>, thread: LoopThread, counts: Lock<SharedStateCounts>) {
        self.mailbox = mailbox
        self.thread = thread
        self.counts = counts
    }

    /// A session asks to be let in.
    func ask(_ request: SharedRequest) {
        mailbox.post(.request(request))
    }

    /// A session has been let in without asking.
    func entered(_ tenant: TenantName) {
        mailbox.post(.entered(tenant))
    }

    /// A session that was let in is over.
    func left(_ tenant: TenantName) {
        mailbox.post(.left(tenant))
    }

    /// A session needs audio of its tenant's day. `then` is called when it is worth asking `Quotas` once more.
    func askForAudio(of tenant: TenantName, then: @escaping @Sendable () -> Void) {
        mailbox.post(.audio(tenant, then))
    }

    /// The provider's session has begun for a session that has shown a token.
    func spend(_ token: OneTime, by session: String, then: @escaping @Sendable (SharedSpending) -> Void) {
        mailbox.post(.spend(token, session: session, then))
    }

    /// A session is over that did not begin with the token it has shown.
    func giveUp(_ token: OneTime, by session: String) {
        mailbox.post(.giveUp(token, session: session))
    }

    /// A new version of everything is in force.
    func apply(_ plan: SharedStatePlan, under policy: PolicySnapshot) {
        mailbox.post(.apply(plan, policy))
    }

    /// Tells nothing more, and ends the thread.
    func stop() {
        mailbox.post(.stop)
        thread.join()
    }

    /// How the server has answered.
    var current: SharedStateCounts { counts.withLock { $0 } }
}

/// What the keeper works with.
struct SharedStateTools: Sendable {
    let quotas: Quotas
    let resolver: Resolver
    let placesLost: @Sendable (TenantName) -> Void
    let counts: Lock<SharedStateCounts>
    let log: Log

    /// The server answers, or does not. It may be away for hours: that is told once.
    func sharedStateAnswers(_ isThere: Bool, _ reason: String?) {
        let isNews = counts.withLock { counts in
            defer { counts.isThere = isThere }
            return counts.isThere != isThere
        }
        guard isNews else { return }
        if isThere {
            log.write(.info, .sharedStateAvailable)
        } else {
            log.write(.error, .sharedStateUnavailable, .detail(reason ?? ""))
        }
    }

    /// A command was answered, or was not.
    func count(_ reply: RedisReply?, after duration: Duration) {
        counts.withLock { counts in
            switch reply {
            case .error: counts.refused += 1
            case nil: counts.unanswered += 1
            default: counts.answered += 1
            }
            if reply != nil { counts.metrics.observe(.sharedStateSeconds, value: duration.inSeconds) }
        }
        if let word = reply?.errorWord {
            log.write(.debug, .sharedStateUnavailable, .detail("the server refused a command: \(word)"))
        }
    }
}

/// How the server has answered.
struct SharedStateCounts: Sendable {
    /// Nil: nobody knows yet.
    var isThere: Bool?
    var answered = 0
    var refused = 0
    var unanswered = 0
    /// How long answers took.
    var metrics = Metrics()
}
