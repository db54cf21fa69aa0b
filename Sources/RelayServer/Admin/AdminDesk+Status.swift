import Reactor
import Telemetry

/// How the relay does.
extension AdminDesk {
    /// The process turns: every loop that has not ended answers.
    func tellHealth(_ reply: @escaping (AdminAnswer) -> Void) {
        let isThere: @Sendable (Worker, Int) -> Bool = { _, _ in true }
        ask(isThere) { replies in
            guard let silent = replies.firstIndex(where: \.isSilent) else {
                return reply(AdminAnswer(body: Array(#"{"healthy":true}"#.utf8)))
            }
            reply(.problem(503, "Loop \(silent) does not answer."))
        }
    }

    /// Whether new clients should be sent here.
    func tellReadiness(_ reply: (AdminAnswer) -> Void) {
        let readiness = RelayReadiness(status.current)
        reply(AdminAnswer(status: readiness.isReady ? 200 : 503, body: readiness.json))
    }

    /// What no number can tell.
    func tellStatus(_ reply: (AdminAnswer) -> Void) {
        reply(AdminAnswer(body: StatusReport(status.current).json))
    }

    /// What Prometheus asks for.
    func tellMetrics(_ reply: @escaping (AdminAnswer) -> Void) {
        let (state, asked) = (status.current, MonotonicClock.now())
        let metrics: @Sendable (Worker, Int) -> Metrics = { $0.metricsNow(ofLoop: $1, asked: asked) }
        ask(metrics) { [unowned self] replies in
            // Counters that shrink would look like a restart.
            guard !replies.contains(where: \.isSilent) else { return reply(.silentLoop) }
            var metrics = Metrics(of: state)
            metrics.merge(self.metrics)
            for case .answered(let answer) in replies { metrics.merge(answer) }
            reply(
                AdminAnswer(
                    contentType: PrometheusText.contentType, body: Array(PrometheusText.text(of: metrics).utf8)))
        }
    }
}
