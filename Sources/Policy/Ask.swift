/// What a request asks for: a zone, or none. Asking never widens what policy allows.
package struct Ask: Equatable, Sendable {
    /// The zone asked for; `nil`: none.
    package let zone: Zone?

    package init(zone: Zone? = nil) {
        self.zone = zone
    }

    /// What there is at a relay, by the ends of its paths.
    package enum Route: String, Sendable {
        case session = "/v3/ws"
        case token = "/v3/token"
    }

    /// Reads the three ways to ask: the host name, the path (`/eu/v3/ws`) and the `zone` parameter.
    ///
    /// - Parameters:
    ///   - route: what must be at the path.
    ///   - host: the `Host` field as it came; its port and the case of its name do not matter.
    ///   - path: as it came, nothing decoded: an escaped or dotted path is another path.
    ///   - zoneParameters: the decoded values of `zone` in the query.
    ///   - hosts: host names, lowercase, and the zones they ask for.
    ///   - zones: those defined, in order.
    /// - Throws: what makes the request improper.
    package static func from(
        host: String?, path: String, to route: Route = .session, zoneParameters: [String] = [],
        hosts: [String: Zone] = [:], zones: [Zone]
    ) throws(AskError) -> Ask {
        var asked: [Zone] = []
        if let name = host.flatMap(hostName), let zone = hosts[name] { asked.append(zone) }
        if let zone = try zoneOfPath(path, to: route) { asked.append(zone) }
        for text in zoneParameters {
            guard let zone = Zone(text) else { throw .undefinedZone(nil, defined: zones) }
            asked.append(zone)
        }
        if let stranger = asked.first(where: { !zones.contains($0) }) { throw .undefinedZone(stranger, defined: zones) }
        if let first = asked.first, let other = asked.first(where: { $0 != first }) { throw .conflict(first, other) }
        return Ask(zone: asked.first)
    }

    /// The zone a path asks for; `nil` for `/v3/ws`, and for `//v3/ws`, which an official SDK sends.
    private static func zoneOfPath(_ path: String, to route: Route) throws(AskError) -> Zone? {
        let suffix = route.rawValue
        guard path.hasPrefix("/"), path.hasSuffix(suffix) else { throw .unknownPath }
        let front = path.dropLast(suffix.count)
        if front.isEmpty || front == "/" { return nil }
        guard let zone = Zone(String(front.dropFirst())) else { throw .unknownPath }
        return zone
    }

    /// The name without its port, in lowercase, without the dot that only says it is complete.
    private static func hostName(_ field: String) -> String? {
        guard let host = HostAndPort(field)?.host else { return nil }
        return host.hasSuffix(".") ? String(host.dropLast()) : host
    }
}

/// What makes a request's ask improper. Always a `bad-request`.
package enum AskError: Error, Equatable {
    /// Two different zones are asked for.
    case conflict(Zone, Zone)
    /// A zone this relay does not define is asked for; `nil` when the text cannot even be a zone's name.
    case undefinedZone(Zone?, defined: [Zone])
    /// The path is no session's.
    case unknownPath

    /// The refusal of such a request.
    package var refusal: Refusal {
        switch self {
        case .conflict(let first, let other):
            Refusal(.badRequest, "Two zones are asked for: \(first) and \(other). Ask for one.")
        case .undefinedZone(let zone, let defined):
            Refusal(
                .badRequest,
                "\(zone.map { "Zone \($0)" } ?? "The zone asked for") is not defined here. "
                    + "Defined: \(listed(defined.map(\.name), or: "and")).")
        case .unknownPath: Refusal(.badRequest, "There is nothing here. Sessions are at /v3/ws.", status: 404)
        }
    }
}
