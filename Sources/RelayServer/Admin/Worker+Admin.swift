import Policy
import RelayCore
import Telemetry

/// What a loop counts and tells of its sessions, on its own thread.
extension Worker {
    /// A session's record is complete.
    func count(_ summary: SessionSummary) {
        if let refusal = summary.refusal { metrics.add(.refusals, refusal.name.rawValue) }
        // Refused before there was anything to end.
        if summary.refusal != nil, summary.zone == nil { return }
        let zone = summary.zone?.name ?? "none"
        metrics.add(.sessions, zone, summary.ending.name)
        metrics.add(summary.up, summary.down, in: zone)
        if let audio = summary.audio { metrics.add(.audioSeconds, zone, by: audio.inSeconds) }
        if case .withdrawn = summary.ending { metrics.add(.policyEnds, zone) }
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

    /// What was counted, with what the present sessions have carried so far. A session that ends takes what it carried from
    /// the one to the other in the same turn, so that no counter ever shrinks.
    var metricsNow: Metrics {
        var all = metrics
        var open: [Zone: (sessions: Int, up: Meter, down: Meter)] = [:]
        for driver in drivers.values {
            guard let (zone, up, down) = driver.traffic else { continue }
            open[zone, default: (0, Meter(), Meter())].sessions += 1
            open[zone]?.up += up
            open[zone]?.down += down
        }
        for (zone, traffic) in open {
            all.add(.sessionsOpen, zone.name, by: Double(traffic.sessions))
            all.add(traffic.up, traffic.down, in: zone.name)
        }
        return all
    }

    /// Of all sessions here.
    var sessionIDs: [String] { Array(drivers.keys) }

    /// The sessions of these ids that are still here and were let in.
    func records(of ids: [String]) -> [LiveRecord] {
        ids.compactMap { drivers[$0]?.liveRecord }
    }
}

extension Metrics {
    fileprivate mutating func add(_ up: Meter, _ down: Meter, in zone: String) {
        for (direction, meter) in [("up", up), ("down", down)] {
            add(.frames, zone, direction, by: Double(meter.frames))
            add(.bytes, zone, direction, by: Double(meter.bytes))
        }
    }

    /// What is true of the whole process; and a zero for whatever may be counted, so that a first failure is seen as one more
    /// and not as a new series.
    init(of state: RelayStatus.State) {
        self.init()
        add(.build, Version.text)
        add(.policy, state.policy.version)
        for outcome in ReloadOutcome.allCases {
            add(.reloads, outcome.rawValue, by: Double(state.reloads[outcome] ?? 0))
        }
        add(.lastReload, by: state.loadedAt)
        for refusal in RefusalName.allCases { add(.refusals, refusal.rawValue, by: 0) }
        add(.tokensMinted, "none", by: 0)
        for zone in state.policy.zones { addZeros(for: zone, state) }
        for (issuer, count) in state.keySets?() ?? [:] {
            add(.keySetFetches, issuer, "fetched", by: Double(count.fetched))
            add(.keySetFetches, issuer, "failed", by: Double(count.failed))
        }
        guard let receipts = state.receipts?() else { return }
        add(.receiptsWritten, by: Double(receipts.written))
        add(.receiptsWaiting, by: Double(receipts.waiting))
        add(.receiptsUnwritable, by: receipts.isUnwritable ? 1 : 0)
    }

    private mutating func addZeros(for zone: ZoneDefinition, _ state: RelayStatus.State) {
        let name = zone.zone.name
        add(.sessionsOpen, name, by: 0)
        add(.audioSeconds, name, by: 0)
        add(.policyEnds, name, by: 0)
        add(.tokensMinted, name, by: 0)
        add(Meter(), Meter(), in: name)
        for kind in DialFailure.Kind.allCases { add(.dialFailures, name, kind.rawValue, by: 0) }
        for reason in DialFailure.Reason.allCases {
            add(.dialFailures, name, reason.rawValue, by: 0)
            add(.verificationFailures, name, reason.rawValue, by: 0)
        }
        for key in KeyChoice.allCases { add(.keysRefused, name, key.rawValue, by: 0) }
        guard let isUsable = state.isUsable else { return }
        for endpoint in zone.endpoints {
            add(.endpointUsable, name, endpoint.description, by: isUsable(endpoint) ? 1 : 0)
        }
    }
}
