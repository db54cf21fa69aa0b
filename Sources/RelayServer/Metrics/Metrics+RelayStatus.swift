import Policy
import Reactor
import RelayCore
import Telemetry

extension Metrics {
    /// What is true of the whole process; and a zero for whatever may be counted, so that a first failure is seen as one more
    /// and not as a new series.
    init(of state: RelayStatus.State) {
        self.init()
        addRelay(state)
        addZeros(state)
        for zone in state.policy.zones {
            addZeros(for: zone)
            for endpoint in zone.endpoints where state.isUsable != nil {
                add(
                    .endpointUsable, zone.zone.name, endpoint.description,
                    by: state.isUsable?(endpoint) == false ? 0 : 1)
            }
        }
        for endpoint in state.endpoints?() ?? [] { add(endpoint) }
        if let receipts = state.receipts?() { add(receipts) }
        if let counts = state.sharedState?() { add(counts) }
        if let process = ProcessStatus.read() { add(process) }
    }

    private mutating func addRelay(_ state: RelayStatus.State) {
        add(.build, Version.text)
        add(.ready, by: RelayReadiness(state).isReady ? 1 : 0)
        add(.draining, by: state.isDraining ? 1 : 0)
        add(.policy, state.policy.version)
        add(.policySince, by: state.policySince)
        for outcome in ReloadOutcome.allCases {
            add(.reloads, outcome.rawValue, by: Double(state.reloads[outcome] ?? 0))
        }
        add(.lastReload, by: state.loadedAt)
        add(.sessionsLimit, by: Double(state.snapshot.maxSessions))
        if let sessions = state.sessions { add(.sessionsAdmitted, by: Double(sessions())) }
        for (issuer, count) in state.keySets?() ?? [:] {
            add(.keySetFetches, issuer, "fetched", by: Double(count.fetched))
            add(.keySetFetches, issuer, "failed", by: Double(count.failed))
        }
        guard state.snapshot.traces != nil, let spans = state.spans?() else { return }
        add(.traceSpans, "exported", by: Double(spans.exported))
        add(.traceSpans, "dropped", by: Double(spans.dropped))
    }

    private mutating func add(_ counts: SharedStateCounts) {
        add(.sharedStateUp, by: counts.isThere == true ? 1 : 0)
        for (outcome, count) in [
            ("answered", counts.answered), ("refused", counts.refused), ("unanswered", counts.unanswered),
        ] { add(.sharedStateCommands, outcome, by: Double(count)) }
        merge(counts.metrics)
    }

    private mutating func addZeros(_ state: RelayStatus.State) {
        for refusal in RefusalName.allCases {
            add(.refusals, refusal.rawValue, by: 0)
            add(.decisions, refusal.rawValue, "none", by: 0)
        }
        for limit in Limit.allCases { add(.limits, limit.rawValue, by: 0) }
        for bound in RefusalObstacle.Bound.allCases { add(.refusalsLimited, bound.rawValue, by: 0) }
        add(.tokensMinted, "none", by: 0)
        add(.newcomersDisplaced, by: 0)
    }

    private mutating func addZeros(for zone: ZoneDefinition) {
        let name = zone.zone.name
        for family: MetricFamily in [.sessionsOpen, .audioSeconds, .policyEnds, .tokensMinted] {
            add(family, name, by: 0)
        }
        add(.decisions, "granted", name, by: 0)
        addTraffic(up: Meter(), down: Meter(), nil, zone: name, tenant: nil)
        for family: MetricFamily in [.dialSeconds, .beginSeconds, .sessionSeconds] {
            add(MetricValue(of: family), to: family, name)
        }
        for kind in DialFailure.Kind.allCases { add(.dialFailures, name, kind.rawValue, by: 0) }
        for reason in DialFailure.Reason.allCases {
            add(.dialFailures, name, reason.rawValue, by: 0)
            add(.verificationFailures, name, reason.rawValue, by: 0)
        }
        for key in KeyChoice.allCases { add(.keysRefused, name, key.rawValue, by: 0) }
    }

    private mutating func add(_ status: EndpointHealth.Status) {
        let (zone, endpoint) = (status.endpoint.zone.name, status.endpoint.description)
        add(.breakerOpenings, zone, endpoint, by: Double(status.openings))
        for state in Breaker.State.allCases {
            add(.breakerState, zone, endpoint, state.rawValue, by: status.state == state ? 1 : 0)
        }
    }

    private mutating func add(_ receipts: ReceiptCounts) {
        add(.receiptsWritten, by: Double(receipts.written))
        add(.receiptsWaiting, by: Double(receipts.waiting))
        add(.receiptsUnwritable, by: receipts.isUnwritable ? 1 : 0)
        add(.receiptsGivenUp, by: Double(receipts.givenUp))
        add(.receiptWriteFailures, by: Double(receipts.failures))
    }

    private mutating func add(_ process: ProcessStatus) {
        add(.processStart, by: process.startedAt)
        add(.processCPU, by: process.processorSeconds)
        add(.processResident, by: Double(process.residentBytes))
        add(.processVirtual, by: Double(process.virtualBytes))
        add(.processDescriptors, by: Double(process.descriptors))
        add(.processMaxDescriptors, by: Double(process.maxDescriptors))
        add(.processThreads, by: Double(process.threads))
    }
}
