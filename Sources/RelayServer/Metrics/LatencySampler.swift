import RelayCore
import Telemetry
import Timing

/// What the relay itself adds to the way of bytes, measured on a few reads: from the turn of the loop that heard of them to
/// their being given to the other leg's socket. One loop's.
struct LatencySampler {
    /// One read in so many: its clock and its histogram cost the data path then less than can be measured.
    static let period = 64

    private var untilNext = period
    private var up = MetricValue(of: .addedLatency)
    private var down = MetricValue(of: .addedLatency)

    /// Whether the read at hand is measured.
    mutating func isDue() -> Bool {
        untilNext &-= 1
        guard untilNext <= 0 else { return false }
        untilNext = Self.period
        return true
    }

    mutating func observe(_ latency: Duration, from leg: Leg) {
        switch leg {
        case .client: up.observe(latency.inSeconds, in: .addedLatency)
        case .upstream: down.observe(latency.inSeconds, in: .addedLatency)
        }
    }

    func add(to metrics: inout Metrics) {
        metrics.add(up, to: .addedLatency, "up")
        metrics.add(down, to: .addedLatency, "down")
    }
}
