import Reactor
import Telemetry

/// Spans on their way to the collector, as many as memory may hold of them; what comes beyond is dropped and counted.
/// Thread-safe.
final class SpanQueue: Sendable {
    private struct State {
        var waiting: [Span] = []
        var counts = SpanCounts()
    }

    /// Some thousand sessions, in about two megabytes.
    static let capacity = 4096
    /// Spans of one request: a third of a megabyte.
    static let batch = 512

    /// Signalled when there is a whole request's worth.
    let wakeup = Semaphore()
    private let state = Lock(State())

    func add(_ spans: [Span]) {
        let isDue = state.withLock { state in
            guard state.waiting.count + spans.count <= Self.capacity else {
                state.counts.dropped += spans.count
                return false
            }
            let before = state.waiting.count
            state.waiting += spans
            return before < Self.batch && state.waiting.count >= Self.batch
        }
        if isDue { wakeup.signal() }
    }

    /// The oldest, as many as one request may hold. They wait until they are settled.
    func next() -> [Span] {
        state.withLock { Array($0.waiting.prefix(Self.batch)) }
    }

    /// The first `count` are with the collector, or given up.
    func settle(_ count: Int, exported: Bool) {
        state.withLock { state in
            state.waiting.removeFirst(min(count, state.waiting.count))
            if exported { state.counts.exported += count } else { state.counts.dropped += count }
        }
    }

    /// How many wait.
    var waiting: Int { state.withLock { $0.waiting.count } }

    var counts: SpanCounts { state.withLock { $0.counts } }
}

/// What became of spans.
struct SpanCounts: Equatable, Sendable {
    var exported = 0
    /// The collector would not have them, or was away for too long.
    var dropped = 0
}
