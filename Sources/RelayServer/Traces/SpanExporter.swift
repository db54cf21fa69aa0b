import Configuration
import Crypto
import Fetch
import Reactor
import Telemetry

/// Sends spans to a collector, a request's worth at a time, from a thread of its own: OTLP over HTTP. While the collector is
/// away they wait, up to a bound, and no session notices. Thread-safe.
final class SpanExporter: Sendable {
    private struct State {
        var plan: TracePlan?
        var isRunning = false
        var isClosing = false
    }

    private let queue = SpanQueue()
    private let state = Lock(State())
    private let finished = Semaphore()
    private let log: Log
    /// Asks a collector; the status of its answer.
    private let perform: @Sendable (FetchRequest) throws(FetchError) -> Int

    /// How long spans wait for more of them.
    private static let pace = Duration.seconds(2)
    private static let patience = Duration.seconds(10)
    /// The last spans, those of sessions that ended with the relay, get a moment in any case.
    private static let lastPatience = (least: Duration.milliseconds(500), longest: Duration.seconds(3))
    private static let pauses = (first: Duration.seconds(1), longest: Duration.seconds(60))

    init(
        log: Log,
        perform: @escaping @Sendable (FetchRequest) throws(FetchError) -> Int = { (request) throws(FetchError) in
            try Fetch.perform(request).status
        }
    ) {
        self.log = log
        self.perform = perform
    }

    /// Sends spans there from now on; nil: nowhere, and those that wait are kept.
    func apply(_ plan: TracePlan?) {
        let isFirst = state.withLock { state in
            state.plan = plan
            guard plan != nil, !state.isRunning else { return false }
            state.isRunning = true
            return true
        }
        // A collector that was mended, or is another, is not waited for.
        guard isFirst else { return queue.wakeup.signal() }
        do throws(SystemError) { _ = try LoopThread.start(name: "traces") { self.run() } } catch {
            state.withLock { $0.isRunning = false }
            log.write(.warning, .tracesUnavailable, .detail("the thread that sends spans cannot be started: \(error)"))
        }
    }

    /// Takes the spans of a session that is over. Any thread.
    func add(_ spans: [Span]) {
        queue.add(spans)
    }

    var counts: SpanCounts { queue.counts }

    /// Sends what waits, if the collector takes it at once.
    ///
    /// - Parameter patience: how long the relay may still take to end; of more than three seconds no use is made.
    func close(within patience: Duration) {
        let isRunning = state.withLock { state in
            state.isClosing = true
            return state.isRunning
        }
        guard isRunning else { return }
        queue.wakeup.signal()
        _ = finished.wait(upTo: min(max(patience, Self.lastPatience.least), Self.lastPatience.longest))
        state.withLock { $0.isRunning = false }
        let lost = queue.waiting
        guard lost > 0 else { return }
        log.write(.warning, .tracesUnavailable, .count(lost), .detail("the relay ends, and these spans are lost"))
    }

    private func run() {
        var pause: Duration?
        var isTroubled = false
        while true {
            _ = queue.wakeup.wait(upTo: pause ?? Self.pace)
            let (plan, isClosing) = state.withLock { ($0.plan, $0.isClosing) }
            let outcome = plan.map { sendAll(to: $0, isClosing: isClosing) } ?? .nothing
            if let trouble = outcome.trouble, !isTroubled { log.write(.warning, .tracesUnavailable, .detail(trouble)) }
            if case .sent = outcome, isTroubled { log.write(.info, .tracesAvailable) }
            switch outcome {
            case .nothing: break
            case .sent: (pause, isTroubled) = (nil, false)
            case .refused: (pause, isTroubled) = (nil, true)
            case .away:
                pause = pause.map { min($0 * 2, Self.pauses.longest) } ?? Self.pauses.first
                isTroubled = true
            }
            guard !isClosing else { break }
        }
        finished.signal()
    }

    /// What came of sending.
    private enum Outcome {
        /// There was nothing to send.
        case nothing
        case sent
        /// They would be refused again; why.
        case refused(String)
        /// The collector does not answer, or asks to be left alone for a while; why.
        case away(String)

        var trouble: String? {
            switch self {
            case .nothing, .sent: nil
            case .refused(let reason): "\(reason); spans are dropped"
            case .away(let reason): "\(reason); spans wait"
            }
        }
    }

    private func sendAll(to plan: TracePlan, isClosing: Bool) -> Outcome {
        var outcome = Outcome.nothing
        while true {
            let spans = queue.next()
            guard !spans.isEmpty else { return outcome }
            outcome = send(spans, to: plan, patience: isClosing ? Self.lastPatience.longest : Self.patience)
            switch outcome {
            case .away: return outcome
            case .sent: queue.settle(spans.count, exported: true)
            case .refused, .nothing: queue.settle(spans.count, exported: false)
            }
        }
    }

    /// OTLP 1, "OTLP/HTTP Response": these are worth another try, and no other.
    private static let passing: Set = [429, 502, 503, 504]

    private func send(_ spans: [Span], to plan: TracePlan, patience: Duration) -> Outcome {
        var request = FetchRequest(plan.endpoint)
        request.method = .post
        request.authority = plan.authority
        request.timeout = patience
        request.fields = [("Content-Type", "application/json")]
        if let token = plan.token {
            request.fields.append(
                ("Authorization", "Bearer " + token.withBytes { String(decoding: $0, as: UTF8.self) }))
        }
        request.body = SpanText.json(of: spans, site: plan.site, version: Version.text)
        let collector = plan.endpoint.prefix { $0 != "?" }
        do throws(FetchError) {
            let status = try perform(request)
            if 200..<300 ~= status { return .sent }
            let reason = "\(collector) answers \(status)"
            return Self.passing.contains(status) ? .away(reason) : .refused(reason)
        } catch {
            return .away("\(collector): \(error.detail)")
        }
    }
}
