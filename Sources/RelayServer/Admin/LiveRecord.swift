import JSON
import Policy
import RelayCore
import Timing

/// What a list tells of one session that goes on.
struct LiveRecord: Sendable {
    /// The facts so far; its ending means nothing before it is closing.
    let summary: SessionSummary
    let stage: Session.Stage
    let startedAt: Instant
    let beginTime: Duration?
    let hasAuthorization: Bool
    /// The names in its request's query.
    let parameters: [ParameterName]

    /// One JSON object.
    ///
    /// - Parameters:
    ///   - wall: the Unix time at `now`, which ages are counted to.
    ///   - withRules: the rules that led to its zone as well.
    func json(at wall: Double, now: Instant, withRules: Bool = false) -> [UInt8] {
        let age = now.duration(since: startedAt)
        var object = JSONObjectWriter()
        object.member("id", summary.id)
        object.member("state", stage.rawValue)
        if let tenant = summary.tenant { object.member("tenant", tenant.text) }
        // Missing while the session is being dialled.
        if let zone = summary.zone { object.member("zone", zone.name) }
        if let asked = summary.asked { object.member("asked", asked.name) }
        if let endpoint = summary.endpoint { object.member("endpoint", endpoint.description) }
        if let peer = summary.peer { object.member("peer", peer.address) }
        if let origin = summary.origin { object.member("origin", origin) }
        object.member("has_authorization", hasAuthorization)
        object.member("parameters", json: plainParameters)
        if let proof = summary.proof { object.member("credential", json: proof.json) }
        object.member("since", WallClock.timestamp(at: wall - age.inSeconds))
        object.member("age_milliseconds", age.milliseconds)
        object.member("site", summary.site.name)
        object.member("policy", summary.lastPolicy)
        addTraffic(to: &object)
        if stage == .closing { object.member("ending", summary.ending.name) }
        if withRules { object.member("rules", json: JSONText.array(summary.trail.map(\.json))) }
        return object.json
    }

    private func addTraffic(to object: inout JSONObjectWriter) {
        if let dialTime = summary.dialTime { object.member("dial_milliseconds", dialTime.milliseconds) }
        if let beginTime { object.member("begin_milliseconds", beginTime.milliseconds) }
        object.member("frames_up", Int(clamping: summary.up.frames))
        object.member("bytes_up", Int(clamping: summary.up.bytes))
        object.member("frames_down", Int(clamping: summary.down.frames))
        object.member("bytes_down", Int(clamping: summary.down.bytes))
        if let audio = summary.audio { object.member("audio_milliseconds", audio.milliseconds) }
    }

    /// Those that can be told, and no more than a page of a list should hold.
    private var plainParameters: [UInt8] {
        let names = parameters.filter(\.isPlain).sorted().prefix(Self.maxParameters).map { "\"\($0)\"" }
        return Array("[\(names.joined(separator: ","))]".utf8)
    }

    private static let maxParameters = 50
}

extension Duration {
    /// For people and metrics.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
