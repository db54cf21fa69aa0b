import JSON
import Policy
import RelayCore

/// What the console shows that is no number: versions, reasons, and how each endpoint stands.
struct StatusReport {
    private let state: RelayStatus.State

    init(_ state: RelayStatus.State) {
        self.state = state
    }

    var json: [UInt8] {
        let readiness = RelayReadiness(state)
        var object = JSONObjectWriter()
        object.member("program", Version.text)
        object.member("time", WallClock.timestamp())
        object.member("started", WallClock.timestamp(at: state.startedAt))
        object.member("site", json: site)
        object.member("ready", readiness.isReady)
        object.member("reasons", json: readiness.reasonsJSON)
        object.member("draining", state.isDraining)
        object.member("policy", json: policy)
        object.member("reloads", json: reloads)
        object.member("sessions", state.sessions?() ?? 0)
        object.member("sessions_limit", state.snapshot.maxSessions)
        object.member("zones", json: JSONText.array(state.policy.definedZones.map(zone)))
        if let receipts = state.receipts?() { object.member("receipts", json: json(of: receipts)) }
        return object.json
    }

    private var site: [UInt8] {
        var object = JSONObjectWriter()
        object.member("name", state.policy.site.name)
        if let zone = state.policy.site.zone { object.member("zone", zone.name) }
        return object.json
    }

    private var policy: [UInt8] {
        var object = JSONObjectWriter()
        object.member("version", state.policy.version)
        object.member("since", WallClock.timestamp(at: state.policySince))
        object.member("tenants", state.policy.tenants.count)
        return object.json
    }

    private var reloads: [UInt8] {
        var object = JSONObjectWriter()
        object.member("applied", state.reloads[.applied] ?? 0)
        object.member("refused", state.reloads[.refused] ?? 0)
        object.member("loaded", WallClock.timestamp(at: state.loadedAt))
        guard let refused = state.refusedReload else { return object.json }
        object.member("refused_at", WallClock.timestamp(at: refused.time))
        object.member("faults", json: JSONText.array(refused.faults.map { Array(JSONText.quoted($0).utf8) }))
        return object.json
    }

    private func zone(_ zone: Zone) -> [UInt8] {
        let statuses = (state.endpoints?() ?? []).filter { $0.endpoint.zone == zone }
        var object = JSONObjectWriter()
        object.member("name", zone.name)
        object.member("endpoints", json: JSONText.array(statuses.map(json)))
        return object.json
    }

    private func json(of status: EndpointHealth.Status) -> [UInt8] {
        var object = JSONObjectWriter()
        object.member("url", status.endpoint.description)
        object.member("breaker", status.state.rawValue)
        object.member("openings", status.openings)
        if let failure = status.lastFailure { object.member("last_failure", json: json(of: failure)) }
        return object.json
    }

    private func json(of failure: EndpointHealth.Failure) -> [UInt8] {
        var object = JSONObjectWriter()
        object.member("time", WallClock.timestamp(at: failure.time))
        object.member("kind", failure.failure.name)
        object.member("detail", failure.failure.detail)
        return object.json
    }

    private func json(of receipts: ReceiptCounts) -> [UInt8] {
        var object = JSONObjectWriter()
        object.member("written", receipts.written)
        object.member("waiting", receipts.waiting)
        object.member("writable", !receipts.isUnwritable)
        object.member("given_up", receipts.givenUp)
        return object.json
    }
}
