import Configuration
import Glibc
import Policy
import Reactor
import Receipts
import Telemetry

/// Turns what waits in the queue into lines of the file: the only one who writes receipts, on a thread of its own.
///
/// A file that refuses is tried again each second; meanwhile lines wait, and new sessions are refused or go on, as settings
/// have it. A file that is renamed is left, and a new one begun in its place.
final class ReceiptScribe {
    private var appender: ReceiptAppender
    private var plan: ReceiptPlan
    private let queue: ReceiptQueue
    private let orders: ReceiptOrders
    private let log: Log

    /// Taken from the queue, and not yet lines.
    private var backlog: ArraySlice<ReceiptQueue.Item> = []
    /// Of the openings among the lines that are being written.
    private var answers: [ReceiptQueue.Answer] = []
    /// Since the file was put on the disk last.
    private var isDirty = false
    private var failure: SystemError?
    private var complaint: ReceiptFileError?
    private var nextCheckpoint: ContinuousClock.Instant
    private var nextAttempt = ContinuousClock.now
    private var nextLook = ContinuousClock.now

    private static let pace = Duration.seconds(1)
    /// How long lines may wait for the file when the relay ends.
    private static let lastPatience = Duration.seconds(5)
    /// Lines that are written at once.
    private static let batch = 256

    init(_ appender: consuming ReceiptAppender, plan: ReceiptPlan, queue: ReceiptQueue, orders: ReceiptOrders, log: Log)
    {
        self.appender = appender
        self.plan = plan
        self.queue = queue
        self.orders = orders
        self.log = log
        nextCheckpoint = .now + plan.checkpoint
    }

    /// Writes until it is ordered to close.
    func run() {
        while true {
            _ = queue.wakeup.wait(upTo: Self.pace)
            let order = orders.take()
            if let plan = order.plan { adopt(plan) }
            work()
            if order.isClosing { return close() }
        }
    }

    private func work() {
        let now = ContinuousClock.now
        if now >= nextLook { lookAfterFile(now) }
        if failure == nil || now >= nextAttempt { writeAll() }
        orders.linesWritten = appender.writtenLines
        orders.linesWaiting = appender.waitingLines + backlog.count
        orders.isUnwritable = failure != nil
    }
}

// MARK: Writing

extension ReceiptScribe {
    private func writeAll() {
        do throws(SystemError) {
            try flush()
            while addBatch() { try flush() }
            // A disk that failed is trusted again once it has taken everything.
            if failure != nil || ContinuousClock.now >= nextCheckpoint { try seal() }
            succeeded()
        } catch {
            failed(error)
        }
    }

    private func flush() throws(SystemError) {
        if appender.waiting > 0 { isDirty = true }
        try appender.flush()
        for answer in answers { answer(true) }
        answers = []
    }

    /// Puts what is written on the disk, under a signature.
    private func seal(isClosing: Bool = false) throws(SystemError) {
        nextCheckpoint = .now + plan.checkpoint
        if appender.signer != nil, isClosing || appender.linesSinceCheckpoint > 0 {
            appender.add(.checkpoint(.init(time: WallClock.timestamp(), isClosing: isClosing)))
            try flush()
        }
        guard isDirty else { return }
        try appender.sync()
        isDirty = false
    }

    /// Makes lines of the next few items; false when there are none.
    private func addBatch() -> Bool {
        if backlog.isEmpty { backlog = queue.takeAll()[...] }
        guard !backlog.isEmpty else { return false }
        for _ in 0..<min(backlog.count, Self.batch) {
            guard var item = backlog.popFirst() else { break }
            if let answer = item.takeAnswer() { answers.append(answer) }
            appender.add(ReceiptEntry(item))
            queue.forget(item)
        }
        return true
    }

    private func succeeded() {
        guard failure != nil else { return }
        failure = nil
        queue.setUnwritable(false, goesOn: true)
        orders.isRefusing = false
        log.write(.info, .receiptsWritable, .detail(plan.file))
    }

    /// Openings must not wait for a disk: what follows for their sessions, settings say.
    private func failed(_ error: SystemError) {
        nextAttempt = .now + Self.pace
        orders.failures += 1
        let goesOn = plan.whenUnwritable == .continue
        answerOpenings(goesOn)
        for answer in answers { answer(goesOn) }
        answers = []
        for index in backlog.indices { backlog[index].takeAnswer()?(goesOn) }
        guard failure != error else { return }
        failure = error
        log.write(
            .error, .receiptsUnwritable,
            .detail("\(plan.file): \(error); new sessions \(goesOn ? "go on" : "are refused") meanwhile"))
    }

    /// While nothing can be written.
    private func answerOpenings(_ goesOn: Bool) {
        queue.setUnwritable(true, goesOn: goesOn)
        orders.isRefusing = !goesOn
    }
}

extension ReceiptEntry {
    fileprivate init(_ item: ReceiptQueue.Item) {
        switch item {
        case .concluded(let summary, let site, let time): self = .receipt(Receipt(summary, at: site, end: time))
        case .opening(let opening, _): self = .opened(opening)
        case .lost(let count): self = .lost(count, time: WallClock.timestamp())
        }
    }
}

// MARK: Files

extension ReceiptScribe {
    private func adopt(_ plan: ReceiptPlan) {
        let isMoved = plan.file != self.plan.file
        self.plan = plan
        nextCheckpoint = min(nextCheckpoint, .now + plan.checkpoint)
        if appender.signer?.key != plan.signer?.key {
            appender.signer = plan.signer
            nextCheckpoint = .now
        }
        if failure != nil { answerOpenings(plan.whenUnwritable == .continue) }
        if isMoved { moveOn() } else { nextLook = .now }
    }

    private func lookAfterFile(_ now: ContinuousClock.Instant) {
        nextLook = now + Self.pace
        if appender.file.path != plan.file || appender.file.isMoved { moveOn() }
    }

    /// Goes on in a new file, and leaves the old one under a signature. Where the new one cannot be had, in the old one.
    private func moveOn() {
        do throws(ReceiptFileError) {
            let next = try ReceiptFile(plan.file)
            guard next.isEmpty else { throw .notEmpty(plan.file) }
            // What the old file cannot take goes to the new one.
            do throws(SystemError) {
                try flush()
                try seal()
            } catch {
                nextAttempt = .now
                log.write(
                    .error, .receiptsRotated,
                    .detail("the file that is left is not sealed (\(error)); what it did not take goes to \(plan.file)")
                )
            }
            appender.goOn(in: next, time: WallClock.timestamp())
            complaint = nil
            log.write(.info, .receiptsRotated, .detail(plan.file))
        } catch {
            guard complaint != error else { return }
            complaint = error
            log.write(.error, .receiptsRotated, .detail("receipts stay in the file they were in: \(error.sentence)"))
        }
    }

    /// The last words: all that waits, and a checkpoint that says that nothing is missing.
    private func close() {
        let deadline = ContinuousClock.now + Self.lastPatience
        repeat {
            do throws(SystemError) {
                try flush()
                while addBatch() { try flush() }
                return try seal(isClosing: true)
            } catch {
                failed(error)
                usleep(100_000)
            }
        } while ContinuousClock.now < deadline
        let left = appender.waitingLines + backlog.count
        log.write(.error, .receiptsUnwritable, .count(left), .detail("\(plan.file): the relay ends; these are lost"))
    }
}
