import JSON
import Policy
import RelayCore

/// What a list tells of one session that goes on.
struct LiveRecord: Sendable {
    /// The facts so far; its ending means nothing yet.
    let summary: SessionSummary
    let hasAuthorization: Bool
    /// The names in its request's query.
    let parameters: [ParameterName]

    /// One JSON object; `now` is the Unix time that ages are counted from.
    func json(at now: Double) -> [UInt8] {
        var object = JSONObjectWriter()
        object.member("id", summary.id)
        if let tenant = summary.tenant { object.member("tenant", tenant.text) }
        // Missing while the session is being dialled.
        if let zone = summary.zone { object.member("zone", zone.name) }
        if let asked = summary.asked { object.member("asked", asked.name) }
        if let endpoint = summary.endpoint { object.member("endpoint", endpoint.description) }
        if let peer = summary.peer { object.member("peer", peer.address) }
        if let origin = summary.origin { object.member("origin", origin) }
        object.member("has_authorization", hasAuthorization)
        object.member("parameters", json: plainParameters)
        if let credential { object.member("credential", json: credential) }
        object.member("since", WallClock.timestamp(at: now - summary.duration.inSeconds))
        object.member("policy", summary.lastPolicy)
        object.member("frames_up", Int(clamping: summary.up.frames))
        object.member("bytes_up", Int(clamping: summary.up.bytes))
        object.member("frames_down", Int(clamping: summary.down.frames))
        object.member("bytes_down", Int(clamping: summary.down.bytes))
        return object.json
    }

    /// Those that can be told, and no more than a page of a list should hold.
    private var plainParameters: [UInt8] {
        let names = parameters.filter(\.isPlain).sorted().prefix(Self.maxParameters).map { "\"\($0)\"" }
        return Array("[\(names.joined(separator: ","))]".utf8)
    }

    private static let maxParameters = 50

    private var credential: [UInt8]? {
        guard let proof = summary.proof else { return nil }
        var object = JSONObjectWriter()
        object.member("kind", proof.kind.rawValue)
        object.member("name", proof.name)
        object.member("id", proof.id)
        return object.json
    }
}

extension Duration {
    /// For people and metrics.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
