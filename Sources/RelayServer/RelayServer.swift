import Policy
import Reactor
import RelayCore
import Telemetry
import Timing

/// The running relay: bound sockets and one thread for each event loop.
///
/// `RelayServer` is the only library that knows all the others: it builds, starts, drains and stops. What happens to a
/// session is decided in `RelayCore`; where it may go, in `Policy`. Called by `serve`, `demo` and tests, from any thread.
package final class RelayServer: Sendable {
    /// What is true of the whole process.
    package let status: RelayStatus
    private let admin: AdminListener?
    private let mailboxes: [Mailbox<WorkerMessage>]
    private let threads: [LoopThread]
    private let limits: RelayLimits
    private let refusals: RefusalLimiter
    /// What is known of the upstream endpoints.
    package let health: EndpointHealth
    private let keySets: KeySetStore
    private let spans: SpanExporter
    private let state: Lock<State>
    private let receipts: ReceiptWriter?
    private let log: Log

    private struct State {
        var snapshot: RelaySnapshot
        var listeners: Listeners
        /// When all is to be over; nil until the relay has been told to stop.
        var end: Instant?
    }

    /// Binds every listener, then starts the loops.
    ///
    /// - Parameters:
    ///   - passed: sockets that the service manager made: each is for the listener, or the operators' door, of its address.
    ///   - resolver: finds the addresses of upstreams; the system's unless a test has names of its own.
    ///   - breakers: when an endpoint that fails is left alone.
    ///   - refusals: how many refusals are told in full, whatever the settings say; nil: as they say.
    ///   - mints: how many session tokens are minted.
    /// - Throws: when an address cannot be bound, or the system has no descriptors or threads to give.
    package static func start(
        _ snapshot: RelaySnapshot, log: Log, passed: [BoundSocket] = [], resolver: Resolver = Resolver(),
        breakers: Breaker.Rules = Breaker.Rules(), refusals rules: RefusalLimits.Rules? = nil,
        mints: MintLimits.Rules = MintLimits.Rules()
    ) throws(RelayStartError) -> RelayServer {
        try snapshot.claim(passed)
        var listeners = Listeners(passed: passed)
        let change = try listeners.change(to: snapshot.listeners, loops: snapshot.threads)
        let door = try snapshot.admin.map { (settings) throws(RelayStartError) in
            try AdminListener.bind(settings, passed: passed)
        }
        let receipts = try snapshot.receipts.map { (plan) throws(RelayStartError) in
            try ReceiptWriter.start(plan, under: snapshot.policy, log: log)
        }
        let budget = DescriptorBudget()
        let refusals = RefusalLimiter(perMinute: snapshot.refusalsPerMinute, fixed: rules)
        let health = EndpointHealth(breakers, log: log)
        health.keep(snapshot.policy.zones.flatMap(\.endpoints))
        let status = RelayStatus(snapshot)
        status.listens(at: listeners.bound(snapshot.listeners))
        status.judgeEndpoints(with: health.isUsable)
        status.watchEndpoints(with: health.states)
        if let receipts { status.countReceipts { receipts.counts } }
        let tokens = OneTimeTokens(mints, isShared: snapshot.sharedState != nil)
        let tenants = TenantLabels()
        let keySets = KeySetStore(log: log)
        keySets.change(to: snapshot.keySets)
        status.countKeySets { [weak keySets] in keySets?.counts ?? [:] }
        let mailboxes: [Mailbox<WorkerMessage>]
        let limits: RelayLimits
        do throws(SystemError) {
            mailboxes = try change.perLoop.map { (_) throws(SystemError) in try Mailbox() }
            limits = try RelayLimits(snapshot, resolver: resolver, log: log) { [mailboxes] news in
                for mailbox in mailboxes { mailbox.post(.shared(news)) }
            }
        } catch {
            receipts?.close()
            keySets.stop()
            throw RelayStartError(withoutLoops: error)
        }
        status.countSessions { limits.sessions.current }
        status.countSharedState { limits.shared?.current }
        let spans = SpanExporter(log: log)
        spans.apply(snapshot.traces)
        status.countSpans { spans.counts }
        var loops = Loops()
        let admin: AdminListener?
        do throws(SystemError) {
            for (listeners, mailbox) in zip(change.perLoop, mailboxes) {
                let worker = try Worker(
                    snapshot: snapshot, log: log, limits: limits, budget: budget, receipts: receipts,
                    health: health, tokens: tokens, keySets: keySets, refusals: refusals, tenants: tenants,
                    spans: spans, resolver: resolver, mailbox: mailbox)
                try worker.listen(on: listeners)
                try loops.start(worker, mailbox)
            }
            admin = try AdminListener.start(door, status: status, workers: loops.mailboxes, log: log)
        } catch {
            for mailbox in loops.mailboxes { mailbox.post(.stop) }
            limits.shared?.stop()
            receipts?.close()
            keySets.stop()
            spans.close(within: .zero)
            throw RelayStartError(withoutLoops: error)
        }
        log.noteListening(at: listeners.addresses, admin: admin?.address)
        log.noteContested(change.contested)
        return RelayServer(
            status: status, admin: admin, loops: loops, limits: limits, refusals: refusals, receipts: receipts,
            health: health, keySets: keySets, spans: spans, state: State(snapshot: snapshot, listeners: listeners),
            log: log)
    }

    private init(
        status: RelayStatus, admin: AdminListener?, loops: Loops,
        limits: RelayLimits, refusals: RefusalLimiter, receipts: ReceiptWriter?, health: EndpointHealth,
        keySets: KeySetStore, spans: SpanExporter, state: State, log: Log
    ) {
        self.status = status
        self.admin = admin
        mailboxes = loops.mailboxes
        threads = loops.threads
        self.limits = limits
        self.refusals = refusals
        self.health = health
        self.keySets = keySets
        self.spans = spans
        self.receipts = receipts
        self.state = Lock(state)
        self.log = log
    }

    /// Where the listeners are bound, in their order; a port of 0 has become a real one.
    package var addresses: [SocketAddress] { state.withLock { $0.listeners.addresses } }

    /// What is in force.
    package var snapshot: RelaySnapshot { state.withLock { $0.snapshot } }

    /// Where the admin listener is bound; nil when there is none.
    package var adminAddress: SocketAddress? { admin?.address }

    /// Whether every loop comes around within `patience`: one that does not serves nobody. Blocks its caller until it knows.
    /// Once the relay drains nothing is asked: loops end one after another.
    package func isTurning(within patience: Duration) -> Bool {
        let answers = Semaphore()
        let asked = mailboxes.filter { $0.post(.asked { _ in answers.signal() }) }
        let deadline = MonotonicClock.now() + patience
        let haveAnswered = asked.allSatisfy { _ in
            answers.wait(upTo: deadline.duration(since: MonotonicClock.now()))
        }
        return haveAnswered || status.current.isDraining
    }

    /// The sessions admitted now.
    package var sessionCount: Int { limits.sessions.current }

    /// Puts a new version of everything in force, whole or not at all: requests from now on are decided under it, and every
    /// live session is judged again. The number of loops stays what it was.
    ///
    /// - Throws: when a new listener cannot be bound; the version in force stays.
    package func apply(_ snapshot: RelaySnapshot) throws(RelayStartError) {
        try state.withLock { (state) throws(RelayStartError) in
            let before = Set(state.listeners.addresses)
            let change = try state.listeners.change(to: snapshot.listeners, loops: mailboxes.count)
            state.snapshot = snapshot
            health.keep(snapshot.policy.zones.flatMap(\.endpoints))
            limits.change(to: snapshot)
            refusals.change(perMinute: snapshot.refusalsPerMinute)
            status.reloaded(snapshot)
            status.listens(at: state.listeners.bound(snapshot.listeners))
            if let settings = snapshot.admin { admin?.change(to: settings) }
            if let plan = snapshot.receipts { receipts?.apply(plan) }
            keySets.change(to: snapshot.keySets)
            spans.apply(snapshot.traces)
            // Under the lock, so that every loop hears of versions in the same order.
            for (mailbox, listeners) in zip(mailboxes, change.perLoop) { mailbox.post(.reload(snapshot, listeners)) }
            log.noteListening(at: state.listeners.addresses.filter { !before.contains($0) })
            log.noteContested(change.contested)
        }
    }

    /// How long it takes at most, from `drain` until `wait` returns.
    package var drainTime: Duration { snapshot.drainPlan.end }

    /// Accepts nothing more and lets sessions end by themselves for half of `timeouts.drain`; then ends those that are left,
    /// one after another. `wait` returns when the last is gone.
    package func drain() {
        status.drains()
        log.write(.info, .draining, .count(sessionCount))
        let plan = state.withLock { state in
            let plan = state.snapshot.drainPlan
            state.end = state.end ?? MonotonicClock.now() + plan.end
            return plan
        }
        for mailbox in mailboxes { mailbox.post(.drain(plan)) }
    }

    /// Ends at once. Sessions are cut.
    package func stop() {
        state.withLock { $0.end = MonotonicClock.now() }
        for mailbox in mailboxes { mailbox.post(.stop) }
    }

    /// Returns when every loop has ended.
    package func wait() {
        for thread in threads { thread.join() }
        admin?.stop()
        keySets.stop()
        limits.shared?.stop()
        receipts?.close()
        let end = state.withLock { $0.end }
        spans.close(within: end?.duration(since: MonotonicClock.now()) ?? .zero)
        log.write(.info, .stopped)
    }
}

extension RelaySnapshot {
    /// Throws when one of the sockets is nobody's: whoever connects to it would wait for ever.
    fileprivate func claim(_ passed: [BoundSocket]) throws(RelayStartError) {
        let wanted = listeners.map(\.address) + [admin?.address].compactMap(\.self)
        guard let stray = passed.first(where: { !wanted.contains($0.address) }) else { return }
        throw RelayStartError(
            text:
                "The service manager passes a socket at \(stray.address), where no listener is configured (they are at "
                + wanted.map(\.description).joined(separator: ", ")
                + "): make ListenStream= and `listeners: address:` the same.")
    }
}

/// Why the relay could not be started: a sentence with the remedy.
package struct RelayStartError: Error, CustomStringConvertible {
    let text: String
    package var description: String { text }
}

extension RelayStartError {
    fileprivate init(withoutLoops error: SystemError) {
        self.init(text: "The event loops cannot be started: \(error).")
    }
}

/// The event loops as they are started.
private struct Loops {
    private(set) var mailboxes: [Mailbox<WorkerMessage>] = []
    private(set) var threads: [LoopThread] = []

    mutating func start(_ worker: sending Worker, _ mailbox: Mailbox<WorkerMessage>) throws(SystemError) {
        threads.append(try LoopThread.start(name: "loop-\(threads.count)") { worker.run() })
        mailboxes.append(mailbox)
    }
}

extension Log {
    fileprivate func noteListening(at addresses: [SocketAddress], admin: SocketAddress? = nil) {
        for address in addresses { write(.info, .listening, .address(address.description)) }
        if let admin { write(.info, .listening, .address(admin.description), .kind("admin")) }
    }

    /// The kernel spreads connections over all who share a port, without a word.
    fileprivate func noteContested(_ addresses: [SocketAddress]) {
        for address in addresses {
            write(
                .warning, .configurationWarning, .address(address.description),
                .detail(
                    "another process listens at \(address) too, and each gets a part of the connections; stop one of "
                        + "them, as in an upgrade, or give them different ports"))
        }
    }
}
