/// An `Origin` as a browser sends it (RFC 6454 §6.2): scheme, host and port, and nothing else.
package struct Origin: Hashable, Sendable, CustomStringConvertible {
    /// Lowercase.
    package let scheme: String
    /// Lowercase; an IPv6 literal keeps its brackets.
    package let host: String
    /// The port given, or the scheme's default; `nil` for a scheme that has none.
    package let port: UInt16?

    /// `nil` for `null`, for a list, and for anything with a path, query, fragment or user.
    package init?(_ text: String) {
        guard let parts = OriginParts(text), OriginParts.isHost(parts.host) else { return nil }
        self.init(parts)
    }

    /// The relay's own origins as a client that named `hostField` in its `Host` sees them.
    package static func own(secure: Bool, hostField: String) -> [Origin] {
        // Clients spell their target with the HTTP scheme or with the WebSocket one.
        (secure ? ["https", "wss"] : ["http", "ws"]).compactMap { Origin("\($0)://\(hostField)") }
    }

    fileprivate init(_ parts: OriginParts) {
        scheme = parts.scheme
        host = parts.host
        port = parts.port
    }

    package var description: String {
        let suffix = port == OriginParts.defaultPort(of: scheme) ? "" : port.map { ":\($0)" } ?? ""
        return "\(scheme)://\(host)\(suffix)"
    }
}

/// One of a tenant's origins: exact, or with one wildcard label at the front of the host (`https://*.acme.example`).
///
/// Scheme, host and port are compared whole, never as prefixes or suffixes of text: `evil-acme.example`,
/// `acme.example.evil.example` and another port are other origins.
package struct OriginPattern: Hashable, Sendable, CustomStringConvertible {
    /// What stands after `*.` when the pattern has a wildcard, else the whole host.
    private let parts: OriginParts
    private let hasWildcard: Bool

    /// - Throws: what is wrong with the text, as a sentence that names the remedy.
    package init(_ text: String) throws(OriginPatternError) {
        guard text != "null" else { throw .null }
        guard text != "*" else { throw .everything }
        guard var parts = OriginParts(text) else { throw .malformed }
        hasWildcard = parts.host.hasPrefix("*.")
        if hasWildcard { parts.host.removeFirst(2) }
        guard OriginParts.isHost(parts.host) else { throw .host }
        // `https://*.com` would let half of the web in.
        guard !hasWildcard || parts.host.contains(".") else { throw .wideWildcard }
        self.parts = parts
    }

    /// Whether a page of this origin is meant.
    package func matches(_ origin: Origin) -> Bool {
        guard origin.scheme == parts.scheme, origin.port == parts.port else { return false }
        guard hasWildcard else { return origin.host == parts.host }
        guard let dot = origin.host.firstIndex(of: "."), dot != origin.host.startIndex else { return false }
        return origin.host[origin.host.index(after: dot)...] == parts.host
    }

    /// Every pattern that means `origin`: exactly it, and its host with the first label left open.
    static func meaning(_ origin: Origin) -> [OriginPattern] {
        var parts = OriginParts(scheme: origin.scheme, host: origin.host, port: origin.port)
        let exact = OriginPattern(parts: parts, hasWildcard: false)
        guard let dot = parts.host.firstIndex(of: "."), dot != parts.host.startIndex else { return [exact] }
        parts.host = String(parts.host[parts.host.index(after: dot)...])
        return [exact, OriginPattern(parts: parts, hasWildcard: true)]
    }

    private init(parts: OriginParts, hasWildcard: Bool) {
        self.parts = parts
        self.hasWildcard = hasWildcard
    }

    /// What follows `*.` in a pattern with a wildcard: whoever may take a name under it may connect. `nil`: an exact host.
    package var wildcardParent: String? {
        hasWildcard ? parts.host : nil
    }

    /// An origin that this pattern means, and of `patterns` none that names its host exactly.
    func example(besides patterns: [OriginPattern]) -> String {
        let taken = Set(patterns.filter { !$0.hasWildcard }.map(\.parts.host))
        let labels = ["page"] + (0..<patterns.count).map { "page-\($0)" }
        return text(label: labels.first { !taken.contains("\($0).\(parts.host)") } ?? "page")
    }

    package var description: String { text(label: "*") }

    private func text(label: String) -> String {
        let port = parts.port == OriginParts.defaultPort(of: parts.scheme) ? "" : parts.port.map { ":\($0)" } ?? ""
        return "\(parts.scheme)://\(hasWildcard ? "\(label)." : "")\(parts.host)\(port)"
    }
}

/// What can be wrong with an origin in a policy file.
package enum OriginPatternError: Error, Equatable {
    case null
    case everything
    case malformed
    case host
    case wideWildcard

    /// What is wrong, with what is accepted.
    package var sentence: String {
        switch self {
        case .null: "`null` is what every sandboxed page sends; name the pages that may connect"
        case .everything:
            "`*` would admit every page; name those that may connect: https://app.example.com, or https://*.example.com"
        case .malformed: "an origin is scheme://host or scheme://host:port, without a path"
        case .host:
            "the host may hold ASCII letters, digits, `-`, `_` and `.` (write other scripts in punycode); `*` stands only for its whole first label"
        case .wideWildcard: "a wildcard needs at least two labels after it, as in https://*.example.com"
        }
    }
}

/// Text cut into scheme, host and port; the host still unchecked.
private struct OriginParts: Hashable {
    let scheme: String
    var host: String
    let port: UInt16?

    init(scheme: String, host: String, port: UInt16?) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    init?(_ text: String) {
        guard let mark = text.utf8.firstRange(of: "://".utf8) else { return nil }
        scheme = String(text[..<mark.lowerBound]).asciiLowercased
        guard OriginParts.isScheme(scheme) else { return nil }
        guard let authority = HostAndPort(String(text[mark.upperBound...])) else { return nil }
        host = authority.host
        port = authority.port ?? OriginParts.defaultPort(of: scheme)
    }

    /// RFC 3986 §3.1.
    static func isScheme(_ text: String) -> Bool {
        guard let first = text.utf8.first, Ascii.isLetter(first) else { return false }
        return text.utf8.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || "+-.".utf8.contains($0) }
    }

    static func isHost(_ text: String) -> Bool {
        HostAndPort.isHost(text)
    }

    static func defaultPort(of scheme: String) -> UInt16? {
        switch scheme {
        case "https", "wss": 443
        case "http", "ws": 80
        default: nil
        }
    }
}
