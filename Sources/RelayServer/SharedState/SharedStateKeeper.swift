import Configuration
import Crypto
import Identity
import Policy
import Reactor
import Redis
import RelayCore
import Timing

/// Keeps what several relays share in a Redis server: how many sessions each tenant has, how many it begins, how much audio it
/// uses, and which tokens are spent. On a loop and a thread of its own, so that a server that hangs holds up no session.
///
/// What a tenant has here is told as soon as it changes and again every fifth of a lease. Others count on it for a lease, so a
/// relay that cannot be heard for as long ends the sessions that are counted: from then on their places may be others'.
final class SharedStateKeeper {
    let loop: EventLoop
    private var plan: SharedStatePlan
    private let tools: SharedStateTools
    private var limits: [TenantName: TenantLimits]
    private var shares: [TenantName: TenantShare] = [:]
    /// Who waits for a place, by the names of their sessions.
    private var newcomers: [String: SharedRequest] = [:]
    /// Who waits for audio.
    private var listeners: [TenantName: [@Sendable () -> Void]] = [:]
    /// What all other relays had used of a tenant's audio of the day, as far as it is known.
    private var others: [TenantName: Duration] = [:]
    /// Tenants whose places are lost, until they are known again.
    private var lost: Set<TenantName> = []
    private lazy var link = RedisLink(plan.address, on: loop, resolver: tools.resolver, for: self) { [mailbox] in
        mailbox.post(.resolved($0, attempt: $1))
    }
    private let mailbox: Mailbox<SharedStateMessage>
    /// Names this process among all that share the state.
    private let relay: String
    /// The start of the server that answers.
    private var run = ""
    /// Grows with each report.
    private var number = 0
    private var lastSent = Instant(nanoseconds: 0)

    init(
        _ plan: SharedStatePlan, _ policy: PolicySnapshot, relay: String, mailbox: Mailbox<SharedStateMessage>,
        tools: SharedStateTools
    ) throws(SystemError) {
        loop = try EventLoop()
        self.plan = plan
        self.relay = relay
        self.mailbox = mailbox
        self.tools = tools
        limits = policy.tenants.mapValues(\.limits)
        _ = try mailbox.attach(self, to: loop)
    }

    /// Serves until it is stopped.
    func serve() {
        link.open()
        _ = loop.schedule(self, at: loop.now)
        loop.run()
        mailbox.close()
        loop.close()
    }
}

extension SharedStateKeeper: MailboxReceiver, TimerHandler {
    func received(_ message: SharedStateMessage) {
        switch message {
        case .request(let request): examine(request)
        case .entered(let tenant): change(tenant) { $0.enter() }
        case .left(let tenant): change(tenant) { $0.leave() }
        case .audio(let tenant, let listener):
            listeners[tenant, default: []].append(listener)
            report(tenant)
        case .spend(let token, let session, let answer): spend(token, by: session, answer)
        case .giveUp(let token, let session):
            if link.isOfUse { run(SharedScripts.giveUp, [Self.key(of: token)], [session]) { _ in } }
        case .apply(let plan, let policy): apply(plan, policy)
        case .resolved(let answer, let attempt): link.resolved(answer, for: attempt)
        case .stop:
            link.close()
            loop.stop()
        }
    }

    /// Looks after everything that is due.
    func fired(tag: Int) {
        for tenant in Array(shares.keys) { lookAfter(tenant) }
        if link.isOfUse, loop.now >= lastSent + plan.renewal { send(["PING"]) { _ in } }
        _ = loop.schedule(self, at: loop.now + plan.renewal / 4)
    }

    private func apply(_ plan: SharedStatePlan, _ policy: PolicySnapshot) {
        self.plan = plan
        limits = policy.tenants.mapValues(\.limits)
        link.change(to: plan.address)
        for tenant in Array(shares.keys) { report(tenant) }
    }

    private func change(_ tenant: TenantName, _ change: (inout TenantShare) -> Void) {
        change(&shares[tenant, default: TenantShare()])
        report(tenant)
        forgetIfEmpty(tenant)
    }

    private func forgetIfEmpty(_ tenant: TenantName) {
        guard shares[tenant]?.isEmpty == true, listeners[tenant] == nil else { return }
        shares[tenant] = nil
        others[tenant] = nil
        lost.remove(tenant)
    }
}

// MARK: Requests

extension SharedStateKeeper {
    private func examine(_ request: SharedRequest) {
        guard link.isOfUse else { return fallBack(request) }
        guard let token = request.token else { return queue(request) }
        let keys = [Self.epoch, Self.key(of: token)]
        run(SharedScripts.objection, keys, [self.run, "\(token.issued)"]) { [weak self] reply in
            switch reply?.integer {
            case 0: self?.queue(request)
            case 1: request.answer(.objection(.spent))
            case 2: request.answer(.objection(.unremembered))
            default: self?.fallBack(request)
            }
        }
    }

    private func queue(_ request: SharedRequest) {
        guard limits[request.tenant]?.isShared == true else {
            change(request.tenant) { $0.enter() }
            return take(request)
        }
        newcomers[request.session] = request
        change(request.tenant) { $0.wait(request.session) }
    }

    /// The session has a place; now its token must be its own.
    private func take(_ request: SharedRequest) {
        guard let token = request.token else { return request.answer(.admitted) }
        run(SharedScripts.attempt, [Self.key(of: token)], [request.session, Self.memory(of: token)]) {
            [weak self] reply in
            switch reply?.integer {
            case 1: return request.answer(.admitted)
            case 0:
                self?.change(request.tenant) { $0.leave() }
                request.answer(.objection(.spent))
            default:
                self?.change(request.tenant) { $0.leave() }
                self?.fallBack(request)
            }
        }
    }

    /// The server cannot be asked.
    private func fallBack(_ request: SharedRequest) {
        switch plan.whenUnavailable {
        case .refuse: request.answer(.refused(.sharedStateAway))
        case .local:
            change(request.tenant) { $0.enter() }
            request.answer(.alone)
        }
    }

    private func spend(_ token: OneTime, by session: String, _ answer: @escaping @Sendable (SharedSpending) -> Void) {
        let unknown: SharedSpending = plan.whenUnavailable == .local ? .alone : .unknown
        guard link.isOfUse else { return answer(unknown) }
        run(SharedScripts.spend, [Self.key(of: token)], [session, Self.memory(of: token)]) { reply in
            switch reply?.integer {
            case 1: answer(.spent)
            case 0: answer(.another)
            default: answer(unknown)
            }
        }
    }

    /// For how long the server remembers what became of a token, in milliseconds: beyond its life, because no two clocks agree.
    private static func memory(of token: OneTime) -> String {
        let life = max(0, Double(token.expires) - WallClock.seconds()) + 300
        return "\(Int(min(life, 1e6) * 1000))"
    }
}

// MARK: Reports

extension SharedStateKeeper {
    private func lookAfter(_ tenant: TenantName) {
        guard let share = shares[tenant] else { return }
        let age = share.knownSince.map { loop.now.duration(since: $0) }
        report(tenant, isDue: share.held > 0 && age.map { $0 >= plan.renewal } ?? true)
        guard plan.whenUnavailable == .refuse, limits[tenant]?.sessions != nil, share.held > 0, let age,
            age >= plan.lease - plan.renewal, lost.insert(tenant).inserted
        else { return }
        tools.placesLost(tenant)
    }

    /// Tells what there is to tell of a tenant, unless a report is under way.
    private func report(_ tenant: TenantName, isDue: Bool = false) {
        guard let limits = limits[tenant], limits.isShared else { return countNoMore(tenant) }
        guard link.isOfUse else { return goOnAlone(tenant) }
        let wantsAudio = listeners[tenant] != nil
        guard let report = shares[tenant, default: TenantShare()].nextReport(isDue: isDue || wantsAudio, now: loop.now)
        else { return }
        number += 1
        // Nobody draws audio while it is told what has been drawn.
        let audio = tools.quotas.holdAudio(tenant)
        let wanted = audio.spent + plan.reserve * (report.held + report.newcomers.count)
        let told = [
            relay, "\(number)", "\(plan.lease.milliseconds)", limits.sessions.word, "\(report.held)",
            limits.newSessionsPerMinute.word, limits.audioPerDay.map(\.microseconds).word, "\(audio.day.number)",
            "\(audio.spent.microseconds)", "\(wanted.microseconds)",
        ]
        run(SharedScripts.share, Self.keys(of: tenant), [self.run] + told + report.newcomers) { [weak self] reply in
            self?.answered(reply.flatMap(ShareAnswer.init), tenant)
        }
    }

    private func answered(_ answer: ShareAnswer?, _ tenant: TenantName) {
        guard let answer else { return goOnAlone(tenant) }
        lost.remove(tenant)
        others[tenant] = answer.othersAudio
        tools.quotas.shareAudio(tenant, upTo: answer.ownAudio, on: answer.day)
        let (admitted, refused) = shares[tenant]?.answered(places: answer.places) ?? ([], [])
        for session in admitted { if let request = newcomers.removeValue(forKey: session) { take(request) } }
        for session in refused {
            newcomers.removeValue(forKey: session)?.answer(.refused(answer.refusal(of: tenant, within: limits[tenant])))
        }
        tellListeners(of: tenant)
        report(tenant)
        forgetIfEmpty(tenant)
    }

    /// Nothing can be told of a tenant: whoever waits is told so, and audio is counted from what is known.
    private func goOnAlone(_ tenant: TenantName) {
        let waiting = shares[tenant]?.failed() ?? []
        if let bound = limits[tenant]?.audioPerDay {
            tools.quotas.shareAudio(
                tenant, upTo: bound - (others[tenant] ?? .zero), on: UTCDay(at: WallClock.seconds()))
        }
        for session in waiting { if let request = newcomers.removeValue(forKey: session) { fallBack(request) } }
        tellListeners(of: tenant)
    }

    /// A new policy bounds nothing of a tenant that others would have to know: nobody who waits has to any longer.
    private func countNoMore(_ tenant: TenantName) {
        for session in shares[tenant]?.admitAll() ?? [] {
            if let request = newcomers.removeValue(forKey: session) { take(request) }
        }
        tellListeners(of: tenant)
    }

    private func tellListeners(of tenant: TenantName) {
        for listener in listeners.removeValue(forKey: tenant) ?? [] { listener() }
    }
}

// MARK: The server

extension SharedStateKeeper: RedisLinkOwner {
    func linkOpened(run: String) {
        self.run = run
        // Before anybody mints a token that the server would take for one from before its start.
        self.run(SharedScripts.meet, [Self.epoch], [self.run]) { [weak self] reply in
            guard let reply, let self else { return }
            if let word = reply.errorWord { return link.fail("EVAL: \(word)") }
            tools.sharedStateAnswers(true, nil)
        }
        for tenant in Array(shares.keys) { report(tenant, isDue: true) }
    }

    func linkFailed(_ reason: String) {
        tools.sharedStateAnswers(false, reason)
    }

    private func run(
        _ script: String, _ keys: [String], _ arguments: @autoclosure @escaping () -> [String],
        _ answer: @escaping RedisLink.Answer
    ) {
        send(["EVAL", script, "\(keys.count)"] + keys + arguments(), answer)
    }

    private func send(_ words: @autoclosure @escaping () -> [String], _ answer: @escaping RedisLink.Answer) {
        guard link.isOfUse else { return answer(nil) }
        lastSent = loop.now
        let sent = MonotonicClock.now()
        link.send(words()) { [weak self] reply in
            self?.tools.count(reply, after: MonotonicClock.now().duration(since: sent))
            answer(reply)
        }
    }

    /// In braces stands what decides the place of a key in a cluster: all keys of a command have one place.
    private static let epoch = "{tidegate}:epoch"

    private static func keys(of tenant: TenantName) -> [String] {
        [epoch] + ["places", "begun", "audio"].map { "{tidegate}:\($0):\(tenant)" }
    }

    private static func key(of token: OneTime) -> String {
        "{tidegate}:token:\(Hex.encode(token.id))"
    }
}
