import Policy
import RelayCore
import Telemetry
import WebSocket

/// What a session leaves in the log.
enum SessionRecord {
    static func log(_ summary: SessionSummary, to log: Log) {
        if let refusal = summary.refusal, summary.zone == nil {
            refused(summary, refusal, log)
        } else {
            ended(summary, log)
        }
    }

    private static func refused(_ summary: SessionSummary, _ refusal: Refusal, _ log: Log) {
        log.write(
            level(of: summary), .refused, .session(summary.id), summary.client.map { .client("\($0)") },
            summary.tenant.map { .tenant($0.text) },
            summary.asked.map { .asked($0.name) }, .refusal(refusal.name.rawValue),
            summary.limit.map { .limit($0.rawValue) },
            summary.trail.last { $0.finding == .refuses }.map { .rule($0.rule.rawValue) }, .policy(summary.lastPolicy),
            .detail(refusal.sentence), .milliseconds(summary.duration.milliseconds))
    }

    private static func ended(_ summary: SessionSummary, _ log: Log) {
        log.write(
            level(of: summary), .sessionEnded, .session(summary.id), summary.client.map { .client("\($0)") },
            summary.tenant.map { .tenant($0.text) },
            summary.asked.map { .asked($0.name) }, summary.zone.map { .zone($0.name) },
            summary.endpoint.map { .endpoint($0.description) }, .ending(summary.ending.name),
            summary.limit.map { .limit($0.rawValue) }, summary.ending.code.map { .code(Int($0.rawValue)) },
            .policy(summary.lastPolicy),
            .milliseconds(summary.duration.milliseconds), summary.dialTime.map { .dialMilliseconds($0.milliseconds) },
            .framesUp(summary.up.frames), .bytesUp(summary.up.bytes), .framesDown(summary.down.frames),
            .bytesDown(summary.down.bytes), summary.audio.map { .audioMilliseconds($0.milliseconds) },
            summary.terminatedBy.map { .terminatedBy($0 == .client ? "client" : "relay") },
            summary.billedSeconds.map { .billedSeconds($0) })
    }

    /// A key that the provider refuses is refused for every session, until somebody mends it.
    private static func level(of summary: SessionSummary) -> LogLevel {
        summary.refusal?.name == .upstreamRefused ? .error : .info
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int {
        Int(clamping: components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
