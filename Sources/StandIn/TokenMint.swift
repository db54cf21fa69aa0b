import Timing

/// Temporary tokens (provider contract §3.1): minted for a key, opaque, good for opening any number of sessions until
/// their window closes.
package struct TokenMint {
    /// What a token stands for.
    package struct Grant: Equatable, Sendable {
        /// Name of the key that minted it and is billed.
        package var keyName: String
        /// The last moment at which it opens a session.
        package var redeemableUntil: Instant
        /// The longest a session opened with it may last, in seconds.
        package var maxSessionSeconds: Int
    }

    /// The answer to `GET /v3/token`.
    package struct Answer: Equatable, Sendable {
        /// The HTTP status.
        package var status: Int
        /// The body.
        package var body: JSONValue
    }

    /// How long a token may be redeemed, in seconds.
    package static let expiryRange = 1...600
    /// How long a session may last, in seconds; the upper end is also the default.
    package static let sessionRange = 60...10_800
    /// An expired token is told from an unknown one for so long.
    private static let memory = Duration.seconds(3600)
    /// Characters of a token, as measured at the provider: request lines get long, and servers must take them.
    private static let tokenCount = 2583

    private var grants: [String: Grant] = [:]

    /// A mint that has minted nothing.
    package init() {}

    /// Answers a request with this query and this `Authorization` value.
    package mutating func answer(
        query: [(name: String, value: String)], authorization: String?, keys: ProviderKeys, at now: Instant
    ) -> Answer {
        var faults: [JSONValue] = []
        let expiry = Self.integer("expires_in_seconds", in: query, Self.expiryRange, standard: nil, &faults)
        let session = Self.integer(
            "max_session_duration_seconds", in: query, Self.sessionRange, standard: Self.sessionRange.upperBound,
            &faults)
        if authorization == nil { faults.append(Self.missing("header", "authorization")) }
        guard let expiry, let session, let authorization, faults.isEmpty else {
            return Answer(status: 422, body: ["detail": .array(faults)])
        }
        guard let keyName = keys.name(of: Self.withoutScheme(authorization)) else {
            return Answer(status: 401, body: ["error": "Invalid API key", "code": 401, "details": nil])
        }
        let grant = Grant(keyName: keyName, redeemableUntil: now + .seconds(expiry), maxSessionSeconds: session)
        return Answer(
            status: 200, body: ["token": .string(mint(grant, at: now)), "expires_in_seconds": JSONValue(expiry)])
    }

    /// What `token` stands for.
    /// - Throws: code 1008 when it is unknown or past its window.
    package func redeem(_ token: String, at now: Instant) throws(ProviderError) -> Grant {
        guard let grant = grants[token] else { throw .invalidKey }
        guard now <= grant.redeemableUntil else { throw .expiredToken }
        return grant
    }

    private mutating func mint(_ grant: Grant, at now: Instant) -> String {
        grants = grants.filter { $0.value.redeemableUntil + Self.memory > now }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var token = "AQI"
        for _ in token.count..<Self.tokenCount { token.append(alphabet.randomElement() ?? "A") }
        grants[token] = grant
        return token
    }

    /// Provider contract §3: here, and only here, `Bearer` is taken.
    private static func withoutScheme(_ authorization: String) -> Substring {
        authorization.hasPrefix("Bearer ") ? authorization.dropFirst("Bearer ".count) : authorization[...]
    }

    private static func integer(
        _ name: String, in query: [(name: String, value: String)], _ range: ClosedRange<Int>, standard: Int?,
        _ faults: inout [JSONValue]
    ) -> Int? {
        guard let text = query.last(where: { $0.name == name })?.value else {
            if standard == nil { faults.append(missing("query", name)) }
            return standard
        }
        let fault: (type: String, message: String, context: JSONValue?)
        switch Int(text) {
        case nil:
            fault = (
                "int_parsing", "Input should be a valid integer, unable to parse string as an integer", nil
            )
        case let number? where number < range.lowerBound:
            fault = (
                "greater_than_equal", "Input should be greater than or equal to \(range.lowerBound)",
                ["ge": JSONValue(range.lowerBound)]
            )
        case let number? where number > range.upperBound:
            fault = (
                "less_than_equal", "Input should be less than or equal to \(range.upperBound)",
                ["le": JSONValue(range.upperBound)]
            )
        case let number?: return number
        }
        var members: [JSONValue.Member] = [
            .init("type", .string(fault.type)), .init("loc", ["query", .string(name)]),
            .init("msg", .string(fault.message)), .init("input", .string(text)),
        ]
        if let context = fault.context { members.append(.init("ctx", context)) }
        faults.append(.object(members))
        return nil
    }

    private static func missing(_ place: String, _ name: String) -> JSONValue {
        ["type": "missing", "loc": [.string(place), .string(name)], "msg": "Field required"]
    }
}
