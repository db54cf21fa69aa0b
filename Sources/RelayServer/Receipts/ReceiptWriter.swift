import Glibc
import Policy
import Reactor
import Receipts
import RelayCore
import Synchronization
import Telemetry

/// The relay's receipt log: takes the facts of sessions on any thread and has them written by one of its own, so that no
/// loop waits for a disk. Lines are numbered in the order in which facts were taken; of a session none is given up while the
/// relay runs, and refusals beyond a bound are counted instead.
final class ReceiptWriter: Sendable {
    private let queue: ReceiptQueue
    private let orders: ReceiptOrders
    private let finished = Semaphore()

    /// The program, as `started` lines name it.
    private static let program = "tidegate \(Version.text)"

    /// Opens the file and starts the writing thread.
    ///
    /// - Throws: why the file cannot be this relay's log, with the remedy.
    static func start(
        _ plan: ReceiptPlan, under policy: PolicySnapshot, log: Log, disk: ReceiptDisk = ReceiptDisk()
    ) throws(RelayStartError) -> ReceiptWriter {
        Signals.ignoreBrokenPipes()
        let writer = ReceiptWriter()
        let scribe = try writer.makeScribe(plan, policy, log, disk)
        do throws(SystemError) {
            _ = try LoopThread.start(name: "receipts") {
                scribe.run()
                writer.finished.signal()
            }
        } catch {
            throw RelayStartError(text: "The thread that writes receipts cannot be started: \(error).")
        }
        return writer
    }

    private init() {
        queue = ReceiptQueue()
        orders = ReceiptOrders()
    }

    private func makeScribe(
        _ plan: ReceiptPlan, _ policy: PolicySnapshot, _ log: Log, _ disk: ReceiptDisk
    ) throws(RelayStartError) -> sending ReceiptScribe {
        let time = WallClock.timestamp()
        do throws(ReceiptFileError) {
            let file = try ReceiptFile(plan.file)
            if !file.tail.torn.isEmpty {
                log.write(.warning, .receiptsRecovered, .count(file.tail.torn.count), .detail(plan.file))
            }
            var appender = ReceiptAppender(file, signer: plan.signer, disk: disk, time: time)
            appender.add(
                .started(
                    .init(
                        time: time, site: policy.site, program: Self.program, policy: policy.version,
                        key: plan.signer?.key)))
            // The key is put to use at once, so that no log is without a signature for long.
            if plan.key != nil { appender.add(.checkpoint(.init(time: time))) }
            return ReceiptScribe(appender, plan: plan, queue: queue, orders: orders, log: log)
        } catch {
            throw RelayStartError(text: "Receipts: \(error.sentence)")
        }
    }
}

// MARK: - For loops

extension ReceiptWriter {
    /// Whether new sessions must be refused because receipts cannot be written.
    var isRefusing: Bool { orders.isRefusing }

    /// Takes the facts of a session or refusal that is over now.
    func concluded(_ summary: SessionSummary, at site: Site) {
        queue.add(summary, at: site, time: WallClock.seconds())
    }

    /// Takes the fact that so many refusals leave no receipts.
    func gaveUp(_ refusals: Int) {
        queue.giveUp(refusals)
    }

    /// Takes the fact that a session is about to be opened.
    ///
    /// - Parameter answer: told once, on any thread, whether that is on record; without a record the session may not go on.
    func opening(
        of session: String, at endpoint: Endpoint, granted tenant: TenantName, under policy: PolicySnapshot,
        _ answer: @escaping @Sendable (Bool) -> Void
    ) {
        queue.add(
            ReceiptEntry.Opening(
                time: WallClock.timestamp(), session: session, tenant: tenant, zone: endpoint.zone,
                endpoint: endpoint.description, site: policy.site, policy: policy.version),
            answer)
    }
}

// MARK: - For the relay

extension ReceiptWriter {
    /// How the receipts stand. Any thread.
    var counts: ReceiptCounts {
        ReceiptCounts(
            written: orders.linesWritten, waiting: queue.waiting + orders.linesWaiting,
            isUnwritable: orders.isUnwritable, isRefusing: isRefusing, givenUp: queue.givenUp,
            failures: orders.failures)
    }

    /// Changes file, key, interval or policy of a log that is being written. What cannot be done is logged, and the log goes
    /// on as it was.
    func apply(_ plan: ReceiptPlan) {
        orders.give(plan)
        queue.wakeup.signal()
    }

    /// Writes what waits and the closing checkpoint, or gives up when the file takes nothing for too long.
    func close() {
        orders.giveClosing()
        queue.wakeup.signal()
        _ = finished.wait(upTo: .seconds(10))
        finished.signal()  // For whoever asks again.
    }
}

/// What the writing thread is told to do besides writing, and what it tells of itself. Thread-safe.
final class ReceiptOrders: Sendable {
    /// Set by the writing thread alone.
    var isRefusing: Bool {
        get { refusing.load(ordering: .relaxed) }
        set { refusing.store(newValue, ordering: .relaxed) }
    }

    /// What the writing thread tells of the file.
    var linesWritten: Int {
        get { written.load(ordering: .relaxed) }
        set { written.store(newValue, ordering: .relaxed) }
    }

    /// Taken from the queue, and not written yet.
    var linesWaiting: Int {
        get { waiting.load(ordering: .relaxed) }
        set { waiting.store(newValue, ordering: .relaxed) }
    }

    /// Attempts that the file refused.
    var failures: Int {
        get { failed.load(ordering: .relaxed) }
        set { failed.store(newValue, ordering: .relaxed) }
    }

    var isUnwritable: Bool {
        get { unwritable.load(ordering: .relaxed) }
        set { unwritable.store(newValue, ordering: .relaxed) }
    }

    private let refusing = Atomic(false)
    private let unwritable = Atomic(false)
    private let written = Atomic(0)
    private let waiting = Atomic(0)
    private let failed = Atomic(0)
    private let order = Lock(Order())

    struct Order: Sendable {
        var plan: ReceiptPlan?
        var isClosing = false
    }

    func give(_ plan: ReceiptPlan) {
        order.withLock { $0.plan = plan }
    }

    func giveClosing() {
        order.withLock { $0.isClosing = true }
    }

    /// What was ordered since, and whether to close.
    func take() -> Order {
        order.withLock { order in
            defer { order.plan = nil }
            return order
        }
    }
}
