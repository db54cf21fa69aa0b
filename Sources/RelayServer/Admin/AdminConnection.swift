import Bytes
import HTTP
import Reactor
import Timing
import Transport

/// One connection to the admin listener: requests one after another, each answered before the next is read.
///
/// Belongs to the admin loop; its transport keeps it alive.
final class AdminConnection {
    private let transport: Transport
    private unowned let desk: AdminDesk
    private var parser = RequestHeadParser(limits: HTTPLimits(maxHeadBytes: maxHeadBytes))
    private var stage = Stage.idle
    private var timer: TimerToken?
    /// What has come and is not parsed yet: at most one read.
    private var inbox = ByteQueue()
    private var isReadingOn = false

    private enum Stage {
        /// Nothing of a request has come.
        case idle
        case reading
        case answering
        /// The answer is on its way, and the next request waits for it.
        case writing
        case over
    }

    private static let maxHeadBytes = 8 << 10
    /// Between requests; scrapers come every 15 s or 30 s.
    private static let idlePatience = Duration.seconds(60)
    /// From a request's first byte to its last.
    private static let requestPatience = Duration.seconds(5)
    /// For a page of a list to be read.
    private static let writePatience = Duration.seconds(10)

    init(_ transport: Transport, desk: AdminDesk) {
        self.transport = transport
        self.desk = desk
    }

    func start() throws(SystemError) {
        try transport.start(self)
        enter(.idle, for: Self.idlePatience)
    }

    private func enter(_ stage: Stage, for patience: Duration?) {
        self.stage = stage
        if let timer { desk.loop.cancel(timer) }
        timer = patience.map { desk.loop.schedule(self, at: desk.loop.now + $0) }
    }
}

// MARK: Reading

extension AdminConnection: TransportDelegate {
    func transportOpened(_ transport: Transport) {}

    func transport(_ transport: Transport, received bytes: RawSpan) {
        inbox.append(bytes)
        transport.wipe(bytes)
        readOn()
    }

    func transport(_ transport: Transport, ended end: TransportEnd) {
        leave()
    }

    /// Answers what has come, up to a request whose answer must be waited for.
    ///
    /// A loop that is entered once: one read may hold thousands of requests, and most are answered before their handler
    /// returns.
    private func readOn() {
        guard !isReadingOn else { return }
        isReadingOn = true
        while awaitsRequest, !inbox.isEmpty { readRequest() }
        isReadingOn = false
        switch stage {
        case .idle, .reading: transport.resumeReading()
        // What is pipelined waits in the peer's own buffers.
        case .answering, .writing: transport.pauseReading()
        case .over: break
        }
    }

    private var awaitsRequest: Bool { stage == .idle || stage == .reading }

    private func readRequest() {
        if stage == .idle { enter(.reading, for: Self.requestPatience) }
        do throws(HTTPError) {
            var consumed = 0
            let head = try parser.parse(inbox.bytes, consumed: &consumed)
            inbox.wipe(consumed)
            guard let head else { return }
            enter(.answering, for: nil)
            try answer(head)
        } catch {
            send(.problem(error.status, error.sentence, ends: true), to: nil)
        }
    }

    private func answer(_ head: RequestHead) throws(HTTPError) {
        let isPage = AdminRoute.isForPage(head)
        let refusal = desk.admission.refusal(of: head, from: transport.peer, isPage: isPage)
        // Nobody looks at the token again.
        var head = head
        head.fields.wipe("Authorization")
        if let refusal { return send(refusal, to: head) }
        // No request here has a body; what follows one would be taken for the next request.
        guard head.fields.count("Transfer-Encoding") == 0, try head.fields.contentLength() ?? 0 == 0 else {
            return send(.problem(413, "No request here has a body.", ends: true), to: head)
        }
        switch AdminRoute.find(head, from: transport.peer) {
        case .success(let found): found.handler(found.request, desk) { [self] in send($0, to: head) }
        case .failure(let problem): send(problem.answer, to: head)
        }
    }
}

// MARK: Writing

extension AdminConnection: TimerHandler {
    private func send(_ answer: AdminAnswer, to head: RequestHead?) {
        if case .over = stage { return }
        var answer = answer
        // RFC 9112 §9.6
        if head?.fields.contains(token: "close", in: "Connection") == true { answer.ends = true }
        enter(.writing, for: Self.writePatience)
        transport.write(answer.bytes(isHead: head?.method == "HEAD"))
        transport.flush()
        if answer.ends { return finish() }
        if transport.queuedBytes == 0 { readNext() }
    }

    func transportWrote(_ transport: Transport) {
        if case .writing = stage, transport.queuedBytes == 0 { readNext() }
    }

    private func readNext() {
        enter(.idle, for: Self.idlePatience)
        readOn()
    }

    func fired(tag: Int) {
        timer = nil
        switch stage {
        case .reading: send(.problem(408, "The request was not complete in time.", ends: true), to: nil)
        case .idle: finish()
        case .answering, .writing, .over:
            transport.abort()
            leave()
        }
    }

    private func finish() {
        transport.finish()
        leave()
    }

    private func leave() {
        guard stage != .over else { return }
        enter(.over, for: nil)
        desk.left()
    }
}
