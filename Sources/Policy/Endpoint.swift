/// One upstream URL of one zone.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// The zone it lies in.
    package let zone: Zone
    /// `wss` rather than `ws`.
    package let secure: Bool
    /// Lowercase; an IPv6 literal keeps its brackets. The name the certificate must match and `Host` carries.
    package let host: String
    /// 1…65535; the scheme's own when the URL names none.
    package let port: UInt16
    /// Begins with `/`; holds no query. The client's query follows it byte for byte.
    package let path: String
    /// Connected to instead of resolving `host`, as over a private link. The certificate must still match `host`.
    package let address: EndpointAddress?

    /// - Throws: what the URL may not be or hold.
    package init(_ url: String, in zone: Zone, address: EndpointAddress? = nil) throws(EndpointError) {
        let (secure, rest) = try Endpoint.scheme(of: url)
        if rest.utf8.contains(UInt8(ascii: "?")) { throw .query }
        if rest.utf8.contains(UInt8(ascii: "#")) { throw .fragment }
        let split = rest.firstIndex(of: "/") ?? rest.endIndex
        // A colon or a slash may be part of the user information: it is looked for before anything else is cut.
        if rest.utf8.contains(UInt8(ascii: "@")) { throw .userInformation }
        guard let authority = HostAndPort(String(rest[..<split])), HostAndPort.isHost(authority.host) else {
            throw .host
        }
        guard authority.port != 0 else { throw .host }
        let path = rest[split...]
        guard path.utf8.allSatisfy(Endpoint.mayStandInPath) else { throw .path }
        self.zone = zone
        self.secure = secure
        host = authority.host
        port = authority.port ?? (secure ? 443 : 80)
        self.path = path.isEmpty ? "/" : String(path)
        self.address = address
    }

    /// The value of `Host`: the port is left out when it is the scheme's own (RFC 9110 §4.2.1).
    package var authority: String {
        port == (secure ? 443 : 80) ? host : "\(host):\(port)"
    }

    /// The host as a resolver takes it and a certificate names it: an IPv6 literal without its brackets.
    package var hostName: String {
        HostAndPort(host)?.unbracketed ?? host
    }

    /// The URL; it never holds a credential.
    package var description: String {
        "\(secure ? "wss" : "ws")://\(authority)\(path)" + (address.map { " at \($0)" } ?? "")
    }

    private static func scheme(of url: String) throws(EndpointError) -> (secure: Bool, rest: Substring) {
        guard let mark = url.firstRange(of: "://") else { throw .scheme }
        switch String(url[..<mark.lowerBound]).asciiLowercased {
        case "wss": return (true, url[mark.upperBound...])
        case "ws": return (false, url[mark.upperBound...])
        default: throw .scheme
        }
    }

    /// RFC 3986 §3.3: what a path segment is made of, `/`, and the `%` of an escape.
    private static func mayStandInPath(_ byte: UInt8) -> Bool {
        Ascii.isLetter(byte) || Ascii.isDigit(byte) || "/%-._~!$&'()*+,;=:".utf8.contains(byte)
    }
}

/// The literal address and port an endpoint is connected at instead of resolving its name.
package struct EndpointAddress: Hashable, Sendable, CustomStringConvertible {
    /// The literal address.
    package let address: IPAddress
    /// 1…65535.
    package let port: UInt16

    package init(_ address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// Takes `10.20.0.15:443` and `[2001:db8::1]:443`; a name or a missing port gives `nil`.
    package init?(_ text: String) {
        guard let parts = HostAndPort(text), let address = parts.literalAddress, let port = parts.port, port != 0 else {
            return nil
        }
        self.init(address, port: port)
    }

    package var description: String {
        switch address {
        case .v4: "\(address):\(port)"
        case .v6: "[\(address)]:\(port)"
        }
    }
}

/// What an endpoint's URL can have wrong.
package enum EndpointError: Error, Equatable {
    case scheme
    case userInformation
    case query
    case fragment
    case host
    case path

    /// What is wrong, with what is accepted.
    package var sentence: String {
        switch self {
        case .scheme: "an endpoint is a WebSocket URL: wss://host[:port]/path"
        case .userInformation: "an endpoint holds no user or password; the provider key belongs under `key`"
        case .query: "an endpoint holds no query: the client's query follows its path"
        case .fragment: "an endpoint holds no fragment"
        case .host: "the host must be a name or an address (IPv6 in brackets), the port a number from 1 to 65535"
        case .path: "the path may hold only the characters RFC 3986 allows; escape the others"
        }
    }
}
