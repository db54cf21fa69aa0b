import HTTP2
import Policy
import Reactor
import RelayCore
import Telemetry
import Timing

/// What a loop counts of its sessions, on its own thread.
extension Worker {
    /// A session's record is complete.
    func count(_ summary: SessionSummary) {
        if let refusal = summary.refusal {
            metrics.add(.refusals, refusal.name.rawValue)
            if summary.granted == nil { countDecision(refusal.name.rawValue, about: summary.tenant) }
        }
        if let limit = summary.limit { metrics.add(.limits, limit.rawValue) }
        if summary.wasPaced { metrics.add(.limits, Limit.audioRate.rawValue) }
        // Refused before there was anything to end.
        if summary.refusal != nil, summary.zone == nil { return }
        let zone = summary.zone?.name ?? "none"
        let tenant = summary.tenant.map(tenants.label)
        metrics.add(.sessions, zone, summary.ending.name)
        if let tenant { metrics.add(.tenantSessions, zone, tenant) }
        if summary.zone != nil { metrics.observe(.sessionSeconds, zone, value: summary.duration.inSeconds) }
        metrics.addTraffic(up: summary.up, down: summary.down, summary.audio, zone: zone, tenant: tenant)
        if case .withdrawn = summary.ending { metrics.add(.policyEnds, zone) }
    }

    /// Policy granted a session.
    func countGrant(_ zone: Zone, to tenant: TenantName) {
        countDecision("granted", about: tenant, in: zone.name)
    }

    /// Policy decided about a session.
    func countDecision(_ name: String, about tenant: TenantName?, in zone: String = "none") {
        metrics.add(.decisions, name, zone)
        if let tenant { metrics.add(.tenantDecisions, tenants.label(of: tenant), name) }
    }

    /// A connection's request is complete.
    func countHandshake(_ duration: Duration) {
        metrics.observe(.handshakeSeconds, value: duration.inSeconds)
    }

    /// An HTTP/2 connection ended because of what its client did.
    func countBreach(_ failure: HTTP2Error) {
        metrics.add(.http2ConnectionsEnded, failure.reason)
    }

    /// A dial failed.
    func count(_ failure: DialFailure, at endpoint: Endpoint) {
        metrics.add(.dialFailures, endpoint.zone.name, failure.name)
    }

    /// Another endpoint is dialled after one that failed.
    func countFailover(from failed: Endpoint, to next: Zone) {
        metrics.add(.failovers, failed.zone.name, next.name)
    }

    /// An upstream is open.
    func countDial(_ duration: Duration, in zone: Zone) {
        metrics.observe(.dialSeconds, zone.name, value: duration.inSeconds)
    }

    /// Where a session's traffic is added up from now on.
    func trafficLine(of tenant: TenantName, in zone: Zone) -> Int {
        traffic.line(zone: zone.name, tenant: tenants.label(of: tenant))
    }

    /// A provider's session has begun, if it has and was not counted before.
    func countBegin(of driver: SessionDriver) {
        guard let (duration, zone) = driver.takeBegin() else { return }
        metrics.observe(.beginSeconds, zone.name, value: duration.inSeconds)
    }

    /// What was counted, with what the present sessions have carried so far. A session that ends takes what it carried from
    /// the one to the other in the same turn, so that no counter ever shrinks.
    ///
    /// - Parameters:
    ///   - number: the loop's.
    ///   - asked: when the question was asked that this answers.
    func metricsNow(ofLoop number: Int, asked: Instant) -> Metrics {
        let loop = "\(number)"
        // They begin without a word to anyone, who need not be told at once either.
        for driver in drivers.values { countBegin(of: driver) }
        var all = metrics
        traffic.add(drivers.values, to: &all)
        latency.add(to: &all)
        all.add(.loopSessions, loop, by: Double(drivers.count))
        all.add(.loopNewcomers, loop, by: Double(newcomers.count))
        all.add(.loopLag, loop, by: MonotonicClock.now().duration(since: asked).inSeconds)
        all.add(MetricValue(self.loop.turnTimes), to: .loopTurnSeconds, loop)
        return all
    }
}

extension MetricValue {
    fileprivate init(_ times: TurnTimes) {
        self.init(counts: times.counts, sum: times.total.inSeconds)
    }
}
