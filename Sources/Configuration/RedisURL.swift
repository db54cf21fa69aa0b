import Policy

/// A Redis server as its URL names it: `redis://[user@]host[:port][/database]`, and `rediss://` for TLS.
struct RedisURL: Equatable {
    let isSecure: Bool
    let user: String?
    /// Whether a password stands in it, which is a secret.
    let hasPassword: Bool
    /// Lowercase; an address without brackets.
    let host: String
    let port: UInt16
    let database: Int

    /// The port that servers listen on unless they are told otherwise.
    static let usualPort: UInt16 = 6379
    /// What a server can be made to have.
    static let databases = 0...999_999

    /// Nil when the text is no such URL.
    init?(_ text: String) {
        guard let mark = text.firstRange(of: "://"), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            return nil
        }
        switch text[..<mark.lowerBound].lowercased() {
        case "redis": isSecure = false
        case "rediss": isSecure = true
        default: return nil
        }
        let parts = text[mark.upperBound...].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let authority = parts[0].split(separator: "@", omittingEmptySubsequences: false)
        guard authority.count <= 2, let place = authority.last.flatMap({ HostAndPort(String($0)) }),
            HostAndPort.isHost(place.host),
            let database = parts.count == 1 || parts[1].isEmpty ? 0 : Scalars.whole(String(parts[1])),
            Self.databases.contains(database)
        else { return nil }
        let login =
            authority.count == 2
            ? authority[0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false) : []
        hasPassword = login.count == 2
        user = login.first.flatMap { $0.isEmpty ? nil : String($0) }
        if authority.count == 2, user == nil, !hasPassword { return nil }
        (host, port, self.database) = (place.unbracketed, place.port ?? Self.usualPort, database)
    }
}
