import Crypto
import Identity
import Policy
import Reactor
import RelayCore
import Telemetry
import Timing
import Transport

/// One event loop with its listeners, sessions and dials. Everything in it belongs to its thread; other threads reach it
/// through its mailbox alone.
final class Worker {
    let loop: EventLoop
    let buffers: LoopBuffers
    let log: Log
    let limits: RelayLimits
    let budget: DescriptorBudget
    let health: EndpointHealth
    let tokens: OneTimeTokens
    /// The keys of identity providers; for the life of the process.
    let keySets: KeySetStore
    let refusals: RefusalLimiter
    let tenants: TenantLabels
    let spans: SpanExporter
    let receipts: ReceiptWriter?
    private(set) var snapshot: RelaySnapshot

    private let mailbox: Mailbox<WorkerMessage>
    private let resolver: Resolver
    /// By their listeners' numbers.
    var acceptors: [Int: [Acceptor]] = [:]
    /// Those whose listeners are gone, until the last of their clients has been taken.
    var leaving: [Acceptor] = []
    private(set) var drivers: [String: SessionDriver] = [:]
    /// Connections that carry many sessions, or none at the moment.
    private(set) var multiplexed: [ObjectIdentifier: MultiplexedConnection] = [:]
    /// Sessions that may have to be judged under the present snapshot still.
    private var unjudged: ArraySlice<SessionDriver> = []
    private var judgedAtOnce = 1
    /// A timer goes on with them.
    private var isJudging = false
    /// Those who wait for keys of their issuers.
    private var unidentified: [UInt64: Unidentified] = [:]
    private var lastUnidentified: UInt64 = 0
    /// Those of them for whom the keys have been tried, in order.
    private var toBeIdentified: ArraySlice<UInt64> = []
    private var lookups: [UInt64: Dialer] = [:]
    private var lastLookup: UInt64 = 0
    /// Accepted connections of which it is not known yet what they carry.
    private(set) var newcomers = Newcomers()
    /// Requests on streams of theirs that have no session and no answer yet.
    private var requests = 0
    /// Set once the relay has been told to stop.
    var departure: Departure?
    /// What ended here, refused and failed.
    var metrics = Metrics()
    /// Where the traffic of those that have not ended is added up.
    var traffic = TrafficBook()
    // Unchecked, because it is asked with every read.
    @exclusivity(unchecked) var latency = LatencySampler()
    var recentRefusals = RecentRefusals()
    var certificateRefusals = CertificateRefusals()
    var limitNotices = PacedNotices<Limit>()
    var preambleNotices = PacedNotices<ProxyPreambleFault>()

    init(
        snapshot: RelaySnapshot, log: Log, limits: RelayLimits, budget: DescriptorBudget, receipts: ReceiptWriter?,
        health: EndpointHealth, tokens: OneTimeTokens, keySets: KeySetStore, refusals: RefusalLimiter,
        tenants: TenantLabels, spans: SpanExporter, resolver: Resolver, mailbox: Mailbox<WorkerMessage>
    ) throws(SystemError) {
        loop = try EventLoop()
        buffers = LoopBuffers(loop: loop)
        self.snapshot = snapshot
        self.log = log
        self.limits = limits
        self.budget = budget
        self.health = health
        self.tokens = tokens
        self.keySets = keySets
        self.refusals = refusals
        self.tenants = tenants
        self.spans = spans
        self.receipts = receipts
        self.resolver = resolver
        self.mailbox = mailbox
        _ = try mailbox.attach(self, to: loop)
    }

    /// Serves until it has drained or is stopped. What is left then is cut.
    func run() {
        loop.run()
        for driver in drivers.values {
            let record = driver.recordIfCut
            receipts?.concluded(record, at: record.site)
            driver.leaveSpans(of: record)
        }
        reportUntold()
        mailbox.close()
        loop.close()
    }

    /// Nobody is here, and nobody is on the way.
    var isEmpty: Bool {
        drivers.isEmpty && multiplexed.isEmpty && newcomers.isEmpty && requests == 0 && acceptors.isEmpty
            && leaving.isEmpty
    }
}

/// What other threads may tell a worker.
enum WorkerMessage: Sendable {
    /// The resolver's answer to a look-up.
    case resolved(UInt64, Resolver.Answer)
    /// The opening of a session's dial is on record, or cannot be.
    case recorded(session: String, dial: Int, isWritten: Bool)
    /// A newer attempt took the place of this session's, with the same credential.
    case superseded(session: String)
    /// The keys have been fetched anew that somebody waits for, or could not be.
    case keysTried(UInt64)
    /// What other relays share with this one has been asked.
    case shared(SharedNews)
    /// A new version of everything is in force.
    case reload(RelaySnapshot, [LoopListener])
    /// A question of the admin listener. Short, because sessions wait meanwhile.
    case asked(@Sendable (Worker) -> Void)
    /// Accept nothing more, and end as planned.
    case drain(DrainPlan)
    /// End everything now.
    case stop
}

extension Worker: MailboxReceiver {
    func received(_ message: WorkerMessage) {
        switch message {
        case .resolved(let lookup, let answer): lookups.removeValue(forKey: lookup)?.resolved(answer)
        case .recorded(let session, let dial, let isWritten):
            drivers[session]?.recorded(dial: dial, isWritten: isWritten)
        case .superseded(let session): drivers[session]?.superseded()
        case .keysTried(let number): identifySoon(number)
        case .shared(let news): heard(news)
        case .reload(let snapshot, let listeners): reload(snapshot, listeners)
        case .asked(let question): question(self)
        case .drain(let plan): drain(plan)
        case .stop: loop.stop()
        }
    }
}

// MARK: Sessions

extension Worker {
    /// 128 random bits: unique without asking anyone, and not to be guessed from another.
    func newSessionID() -> String {
        Hex.encode(RandomBytes.make(16))
    }

    /// A connection was accepted. A drain waits until its request is complete.
    ///
    /// - Returns: its number, for `newcomerSettled`.
    func newcomerArrived(_ newcomer: any Newcomer) -> UInt64 {
        budget.enter()
        let (number, displaced) = newcomers.add(newcomer)
        if let displaced {
            metrics.add(.newcomersDisplaced)
            displaced.giveWay()
        }
        return number
    }

    /// The connection's request became a session's, or will never be complete.
    func newcomerSettled(_ number: UInt64) {
        newcomers.remove(number)
        budget.leave()
        stopIfDrained()
    }

    /// As for a newcomer, of a request on a stream of its own.
    func requestBegan() {
        requests += 1
        budget.enter()
    }

    func requestSettled() {
        requests -= 1
        budget.leave()
        stopIfDrained()
    }

    func add(_ driver: SessionDriver) {
        drivers[driver.id] = driver
        budget.enter()
    }

    func add(_ connection: MultiplexedConnection) {
        multiplexed[ObjectIdentifier(connection)] = connection
        budget.enter()
    }

    /// As with drivers, it may be in the middle of its own turn.
    func remove(_ connection: MultiplexedConnection) {
        guard let connection = multiplexed.removeValue(forKey: ObjectIdentifier(connection)) else { return }
        loop.retire(connection)
        budget.leave()
        stopIfDrained()
    }

    /// The driver may be in the middle of its own turn, so it lives until the loop's ends.
    func forget(_ driver: SessionDriver) {
        guard let driver = drivers.removeValue(forKey: driver.id) else { return }
        loop.retire(driver)
        budget.leave()
    }

    /// The end of a session's record.
    func concluded(_ driver: SessionDriver, _ summary: SessionSummary) {
        forget(driver)
        countBegin(of: driver)
        count(summary)
        if let refusal = RecentRefusal(summary, at: WallClock.seconds()) { recentRefusals.add(refusal) }
        SessionRecord.log(summary, to: log)
        receipts?.concluded(summary, at: summary.site)
        stopIfDrained()
    }

    /// Whether there is a log to record sessions in; for the life of the process.
    var keepsReceipts: Bool { receipts != nil }

    /// Brings news from other threads.
    var news: @Sendable (SharedNews) -> Void {
        let mailbox = mailbox
        return { mailbox.post(.shared($0)) }
    }

    /// A session tries to begin with a credential that opens one. False when it is spent.
    func attempt(_ token: OneTime, by session: String) -> Bool {
        tokens.attempt(token, by: session, supersession(of: session))
    }

    /// Tells a session that a newer attempt has taken its place.
    func supersession(of session: String) -> TokenLedger.Notice {
        let mailbox = mailbox
        return { mailbox.post(.superseded(session: session)) }
    }

    /// Puts on record that a session is about to be opened. Returns whether the session has to wait until its driver hears.
    func record(
        _ endpoint: Endpoint, granted tenant: TenantName, under policy: PolicySnapshot, session: String, dial: Int
    ) -> Bool {
        guard let receipts else { return false }
        let mailbox = mailbox
        receipts.opening(of: session, at: endpoint, granted: tenant, under: policy) { isWritten in
            mailbox.post(.recorded(session: session, dial: dial, isWritten: isWritten))
        }
        return true
    }

    func opened(_ endpoint: Endpoint, at address: SocketAddress, session: String) {
        log.write(
            .info, .sessionOpened, .session(session), .zone(endpoint.zone.name), .endpoint(endpoint.description),
            .address(address.description))
    }

    func dialFailed(_ failure: DialFailure, endpoint: Endpoint, session: String) {
        count(failure, at: endpoint)
        log.write(
            failure.isAlarming ? .error : .warning, .dialFailed, .session(session), .zone(endpoint.zone.name),
            .endpoint(endpoint.description), .kind(failure.kind.rawValue), failure.reason.map { .reason($0.rawValue) },
            .detail(failure.detail))
    }

    /// Checks of rule 7 that single addresses failed, each by its name.
    func verificationFailed(_ alarms: [DialFailure], endpoint: Endpoint, session: String) {
        for alarm in alarms {
            metrics.add(.verificationFailures, endpoint.zone.name, alarm.name)
            log.write(
                .error, .verificationFailed, .session(session), .zone(endpoint.zone.name),
                .endpoint(endpoint.description), .kind(alarm.kind.rawValue), alarm.reason.map { .reason($0.rawValue) },
                .detail(alarm.detail))
        }
    }

    /// A key that a provider refuses is refused for every session, until somebody mends it.
    func keyRefused(_ key: KeyChoice, at endpoint: Endpoint, session: String) {
        metrics.add(.keysRefused, endpoint.zone.name, key.rawValue)
        log.write(
            .error, .keyRejected, .session(session), .zone(endpoint.zone.name), .endpoint(endpoint.description),
            .keyChoice(key.rawValue))
    }
}

// MARK: Credentials

extension Worker {
    /// Says whom a credential proves: at once, unless only newer keys of its issuer can tell.
    func identify(_ credential: Credential?, _ answer: @escaping (Identification) -> Void) {
        switch judge(credential) {
        case .settled(let identification): answer(identification)
        case .needsKeys(let issuer): wait(for: issuer, Unidentified(credential: credential, answer: answer))
        }
    }

    private func judge(_ credential: Credential?) -> IdentityStep {
        snapshot.identifier.identify(credential, at: WallClock.seconds()) { keySets.keys(of: $0) }
    }

    private func wait(for issuer: String, _ client: Unidentified) {
        lastUnidentified += 1
        let number = lastUnidentified
        unidentified[number] = client
        let mailbox = mailbox
        keySets.refresh(issuer) { mailbox.post(.keysTried(number)) }
    }

    /// Newer keys are at hand, or are not to be had. Thousands may have waited for them: each is a timer's, so that streams do
    /// not wait for all.
    private func identifySoon(_ number: UInt64) {
        toBeIdentified.append(number)
        _ = loop.schedule(self, at: loop.now, tag: Self.identifyTag)
    }

    private func identifyNext() {
        guard let number = toBeIdentified.popFirst() else { return }
        if toBeIdentified.isEmpty { toBeIdentified = [] }
        guard let client = unidentified.removeValue(forKey: number) else { return }
        switch judge(client.credential) {
        case .settled(let identification): client.answer(identification)
        case .needsKeys: client.answer(.unknown)
        }
    }

    /// Somebody whose credential names a key that is not known.
    fileprivate struct Unidentified {
        let credential: Credential?
        let answer: (Identification) -> Void
    }
}

// MARK: Reload

extension Worker {
    private func reload(_ snapshot: RelaySnapshot, _ listeners: [LoopListener]) {
        // Those that wait already come first, so that none waits for ever while one version follows another.
        let waiting = Set(unjudged.map(ObjectIdentifier.init))
        self.snapshot = snapshot
        unjudged = (unjudged + drivers.values.filter { !waiting.contains(ObjectIdentifier($0)) })[...]
        judgedAtOnce = unjudged.count / Self.judgingSteps + 1
        if !isDraining {
            do throws(SystemError) { try listen(on: listeners) } catch {
                log.write(.error, .connectionFailed, .detail("a new listener cannot be served: \(error)"))
            }
        }
        if !isJudging { judgeSome() }
    }

    /// A few at a time: the frames of those that may stay must not wait for the judging, and the ending, of all.
    private func judgeSome() {
        for driver in unjudged.prefix(judgedAtOnce) { driver.reconsider() }
        unjudged = unjudged.dropFirst(judgedAtOnce)
        isJudging = !unjudged.isEmpty
        if isJudging {
            _ = loop.schedule(self, at: loop.now + Self.judgingPace, tag: Self.judgingTag)
        } else {
            // A slice keeps what it was cut from: every session of this moment.
            unjudged = []
        }
    }

    /// All sessions are judged in less than half the second within which those must end that may not go on.
    private static let judgingSteps = 100
    private static let judgingPace = Duration.milliseconds(4)
    fileprivate static let judgingTag = 1
    fileprivate static let identifyTag = 3
}

// MARK: Names

extension Worker {
    /// Asks for a name's addresses; the dialer hears the answer on this loop, unless it forgets the look-up first.
    func lookUp(_ host: String, port: UInt16, notBefore: Instant?, for dialer: Dialer) -> UInt64 {
        lastLookup += 1
        let lookup = lastLookup
        lookups[lookup] = dialer
        let mailbox = mailbox
        resolver.resolve(host, port: port, notBefore: notBefore) { mailbox.post(.resolved(lookup, $0)) }
        return lookup
    }

    func forgetLookup(_ lookup: UInt64) {
        lookups[lookup] = nil
    }
}

// MARK: Timers

extension Worker: TimerHandler {
    func fired(tag: Int) {
        switch tag {
        case Self.judgingTag: judgeSome()
        case Self.identifyTag: identifyNext()
        default: reportUntold()
        }
    }
}
