import Crypto
import Policy
import RelayCore
import Telemetry
import Timing
import WebSocket

/// What a session's spans are made of, noted while it lives. Its driver has one only where the session is traced.
struct SessionTrace {
    private let context: TraceContext?
    private let trace: [UInt8]
    /// Of the session's own span.
    private let id = RandomBytes.make(8)
    /// Whether upstreams hear of it.
    private let isToldUpstream: Bool
    private var decidedAt: Instant?
    private var dials: [Dial] = []
    private var joinedAt: Instant?

    private struct Dial {
        let id: [UInt8]
        let endpoint: Endpoint
        let start: Instant
        var end: Instant?
        var failure: DialFailure?
    }

    /// - Parameters:
    ///   - context: the client's, which the session becomes a part of; nil: a trace of its own.
    ///   - isToldUpstream: whether upstreams hear of a trace of its own. Of a client's they never do: its ids are the client's
    ///     choice, and could say who it is.
    init(within context: TraceContext?, isToldUpstream: Bool) {
        self.context = context
        self.isToldUpstream = isToldUpstream && context == nil
        trace = context?.trace ?? RandomBytes.make(16)
    }

    /// It is known whom the credential proves, and what policy says.
    mutating func decided(at now: Instant) {
        decidedAt = now
    }

    /// Returns the `traceparent` that the upstream gets; nil: none.
    mutating func dialBegan(_ endpoint: Endpoint, at now: Instant) -> String? {
        dialEnded(at: now)
        let dial = Dial(id: RandomBytes.make(8), endpoint: endpoint, start: now)
        dials.append(dial)
        return isToldUpstream ? TraceContext.traceparent(trace: trace, span: dial.id) : nil
    }

    /// The dial that began last is over, if it was not before.
    mutating func dialEnded(_ failure: DialFailure? = nil, at now: Instant) {
        guard let last = dials.indices.last, dials[last].end == nil else { return }
        (dials[last].end, dials[last].failure) = (now, failure)
    }

    /// Both legs are open.
    mutating func joined(at now: Instant) {
        joinedAt = now
    }

    /// The spans of a session that is over.
    ///
    /// - Parameters:
    ///   - startedAt: when the request came.
    ///   - beginTime: from then to the provider's `Begin`; nil: there was none.
    ///   - now: its end.
    ///   - wall: the same moment, in Unix time.
    func spans(
        of summary: SessionSummary, from startedAt: Instant, beginTime: Duration?, to now: Instant, wall: Double
    ) -> [Span] {
        let clock = SpanClock(now: now, wall: wall)
        func part(
            _ name: Span.Name, _ id: [UInt8] = RandomBytes.make(8), from start: Instant, to end: Instant,
            hasFailed: Bool = false, _ facts: [LogField?]
        ) -> Span {
            Span(
                name, trace: trace, id: id, parent: self.id, from: clock.time(of: start), to: clock.time(of: end),
                hasFailed: hasFailed, facts)
        }
        let zone = summary.zone.map { LogField.zone($0.name) }
        let whole = Span(
            .session, trace: trace, id: id, parent: context?.parent, from: clock.time(of: startedAt),
            to: clock.time(of: now), hasFailed: summary.refusal != nil, facts(of: summary))
        let decision = decidedAt.map {
            // A session that was dialled had been granted, whatever a later policy said.
            part(
                .decide, from: startedAt, to: $0, hasFailed: summary.granted == nil && self.dials.isEmpty,
                grounds(of: summary))
        }
        let dials = self.dials.map { dial in
            part(
                .dial, dial.id, from: dial.start, to: dial.end ?? now, hasFailed: dial.failure != nil,
                [
                    .zone(dial.endpoint.zone.name), .endpoint(dial.endpoint.description),
                    dial.failure.map { .kind($0.name) },
                ])
        }
        let begin = joinedAt.flatMap { joinedAt in
            beginTime.map { part(.begin, from: joinedAt, to: startedAt + $0, [zone]) }
        }
        let relay = joinedAt.map { part(.relay, from: $0, to: now, [zone]) }
        return [whole] + [decision].compactMap(\.self) + dials + [begin, relay].compactMap(\.self)
    }

    private func grounds(of summary: SessionSummary) -> [LogField?] {
        [
            summary.proof.map { .kind($0.kind.rawValue) }, summary.granted.map { .zone($0.name) },
            summary.trail.last { $0.finding == .refuses }.map { .rule($0.rule.rawValue) },
        ]
    }

    private func facts(of summary: SessionSummary) -> [LogField?] {
        [
            .session(summary.id), summary.tenant.map { .tenant($0.text) }, summary.asked.map { .asked($0.name) },
            summary.zone.map { .zone($0.name) }, summary.endpoint.map { .endpoint($0.description) },
            .ending(summary.ending.name), summary.ending.code.map { .code(Int($0.rawValue)) },
            summary.refusal.map { .refusal($0.name.rawValue) }, summary.limit.map { .limit($0.rawValue) },
            .policy(summary.lastPolicy),
            .framesUp(summary.up.frames), .bytesUp(summary.up.bytes), .framesDown(summary.down.frames),
            .bytesDown(summary.down.bytes), summary.audio.map { .audioMilliseconds($0.milliseconds) },
        ]
    }
}

/// Turns instants into Unix time, by one moment that is known in both.
private struct SpanClock {
    let now: Instant
    let wall: Double

    /// In nanoseconds; of a moment not after `now`.
    func time(of moment: Instant) -> UInt64 {
        let present = UInt64(exactly: (wall * 1e9).rounded()) ?? 0
        let age = UInt64(clamping: now.duration(since: moment).wholeNanoseconds)
        return present - min(present, age)
    }
}
