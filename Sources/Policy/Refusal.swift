/// Why a request is denied: PRODUCT's closed list of names.
package enum RefusalName: String, CaseIterable, Sendable {
    /// Not a proper request, two zones asked for, a parameter policy forbids.
    case badRequest = "bad-request"
    /// Rule 1: no credential, or an unknown, expired or spent one.
    case unauthenticated
    /// Rule 2.
    case origin
    /// Rule 3.
    case residency
    /// Rule 4.
    case wrongSite = "wrong-site"
    /// Rule 5.
    case limit
    /// The provider refused our key or request.
    case upstreamRefused = "upstream-refused"
    /// Rules 6 and 7.
    case upstreamUnavailable = "upstream-unavailable"
    /// The client's handshake, or the upstream, took too long.
    case timeout
    /// The relay is shutting down.
    case draining

    /// The HTTP statuses a refusal of this name may carry, the usual one first.
    package var statuses: [Int] {
        switch self {
        case .badRequest: [400, 404, 405, 426, 431]
        case .unauthenticated: [401]
        case .origin, .residency: [403]
        case .wrongSite: [421]
        case .limit: [429]
        case .upstreamRefused: [502]
        case .upstreamUnavailable, .draining: [503]
        case .timeout: [504, 408]
        }
    }

    /// The code of the Close frame when the refusal is told over WebSocket.
    package var closeCode: UInt16 {
        switch self {
        case .badRequest: 4400
        case .unauthenticated: 4401
        case .origin, .residency: 4403
        case .wrongSite: 4421
        case .limit: 4429
        case .upstreamRefused: 4502
        case .upstreamUnavailable: 4503
        case .timeout: 4504
        case .draining: 1012
        }
    }

    /// RFC 9457 §3.1.1: the problem's `type`.
    package var type: String { "urn:tidegate:refusal:\(rawValue)" }
}

/// The denial of one request, by its name, with a sentence for people.
package struct Refusal: Error, Equatable {
    /// Which of PRODUCT's refusals it is.
    package let name: RefusalName
    /// Its HTTP status.
    package let status: Int
    /// For people: what is wrong and what to do. Holds nothing a client sent but checked names.
    package let sentence: String
    /// When the same request may succeed.
    package let retryAfter: Duration?
    /// `wrong-site`: the URL of the site to use instead.
    package let site: String?
    /// `limit`: which one.
    package let limit: Limit?

    /// A refusal with the name's usual status, or `status` where the name has several.
    package init(
        _ name: RefusalName, _ sentence: String, status: Int? = nil, retryAfter: Duration? = nil, site: String? = nil,
        limit: Limit? = nil
    ) {
        let usual = name.statuses.first ?? 500
        self.name = name
        self.status = status.flatMap { name.statuses.contains($0) ? $0 : nil } ?? usual
        self.sentence = sentence
        self.retryAfter = retryAfter
        self.site = site
        self.limit = limit
    }

    /// The header fields HTTP asks of this status, beside those of the problem document.
    package var headerFields: [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        switch status {
        case 401: fields.append(("WWW-Authenticate", "Bearer realm=\"tidegate\""))  // RFC 9110 §15.5.2
        case 405: fields.append(("Allow", "GET"))  // RFC 9110 §15.5.6
        case 426:  // RFC 9110 §15.5.22, RFC 6455 §4.4
            fields += [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")]
        default: break
        }
        if let retryAfter { fields.append(("Retry-After", "\(Refusal.wholeSeconds(retryAfter))")) }
        return fields
    }

    /// RFC 9110 §10.2.3: whole seconds, rounded up so that nobody comes back too early.
    private static func wholeSeconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return max(1, attoseconds > 0 ? seconds &+ 1 : seconds)
    }
}
