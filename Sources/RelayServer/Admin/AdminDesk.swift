import Policy
import Reactor
import Telemetry
import Timing
import Transport

/// Answers what operators ask. It knows the process's status and asks the loops for theirs through their mailboxes; what it says
/// stands in `AdminDesk+…`.
///
/// Belongs to the admin loop's thread.
final class AdminDesk {
    let loop: EventLoop
    let status: RelayStatus
    let log: Log
    private(set) var admission: AdminGuard
    /// What was counted here.
    var metrics = Metrics()
    private let buffers: LoopBuffers
    private let workers: [Mailbox<WorkerMessage>]
    private let mailbox: Mailbox<AdminMessage>
    private var gatherings: [UInt64: AnyObject] = [:]
    private var lastGathering: UInt64 = 0
    private var connections = 0

    /// Operators, scrapers and a console page or two; a page of a list may wait for each.
    static let maxConnections = 64

    init(
        admission: AdminGuard, status: RelayStatus, workers: [Mailbox<WorkerMessage>], mailbox: Mailbox<AdminMessage>,
        log: Log
    ) throws(SystemError) {
        loop = try EventLoop()
        buffers = LoopBuffers(loop: loop)
        self.admission = admission
        self.status = status
        self.workers = workers
        self.mailbox = mailbox
        self.log = log
        _ = try mailbox.attach(self, to: loop)
    }

    /// Answers until it is stopped.
    func run() {
        loop.run()
        mailbox.close()
        loop.close()
        gatherings = [:]
    }

    /// Takes a new connection, unless there are too many.
    func accept(_ descriptor: consuming Descriptor, from peer: SocketAddress) {
        guard connections < Self.maxConnections else { return }
        let transport = Transport(descriptor, peer: peer, tls: nil, isConnecting: false, buffers: buffers)
        guard (try? AdminConnection(transport, desk: self).start()) != nil else { return }
        connections += 1
    }

    /// A connection is over.
    func left() {
        connections -= 1
    }
}

/// What other threads may tell the admin loop.
enum AdminMessage: Sendable {
    /// A loop's answer, for whoever asked.
    case answer(@Sendable (AdminDesk) -> Void)
    /// Let in from now on whom this one lets in.
    case admit(AdminGuard)
    case stop
}

extension AdminDesk: MailboxReceiver {
    func received(_ message: AdminMessage) {
        switch message {
        case .answer(let deliver): deliver(self)
        case .admit(let admission): self.admission = admission
        case .stop: loop.stop()
        }
    }
}

// MARK: Asking the loops

extension AdminDesk {
    /// Asks every loop `question`, which runs on that loop's thread, told its number, and must be short. `then` hears all
    /// answers together, in the order of the loops, at the latest when their time is over.
    func ask<Answer: Sendable>(
        _ question: @escaping @Sendable (Worker, Int) -> Answer, then: @escaping ([LoopReply<Answer>]) -> Void
    ) {
        lastGathering += 1
        let id = lastGathering
        let gathering = Gathering<Answer>(loops: workers.count) { [unowned self] replies in
            if let finished = gatherings.removeValue(forKey: id) { loop.retire(finished) }
            then(replies)
        }
        gatherings[id] = gathering
        let mailbox = mailbox
        for (number, worker) in workers.enumerated() {
            let isTaken = worker.post(
                .asked { worker in
                    let answer = question(worker, number)
                    mailbox.post(.answer { $0.took(answer, from: number, for: id) })
                })
            if !isTaken { gathering.take(.ended, from: number) }
        }
        gathering.wait(on: loop)
    }

    private func took<Answer: Sendable>(_ answer: Answer, from loop: Int, for id: UInt64) {
        (gatherings[id] as? Gathering<Answer>)?.take(.answered(answer), from: loop)
    }
}

extension AdminAnswer {
    /// What is told when a loop is stuck.
    static let silentLoop = AdminAnswer.problem(503, "A loop does not answer.")
}
