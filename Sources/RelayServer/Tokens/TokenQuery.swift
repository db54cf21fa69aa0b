import HTTP
import Identity
import Policy

/// What the query of a request for a token asks for, beside the zone.
struct TokenQuery: Equatable {
    /// How long the token may be used to open a session, in seconds.
    let lifetime: Int
    /// How long that session may last, in seconds.
    let session: Int
    /// Whose pages alone may open it; nil: any that the tenant's sessions may come from.
    let origin: Origin?

    /// What is wrong with a request, all of it at once.
    struct Faults: Error, Equatable {
        var all: [TokenFault] = []
    }

    /// - Parameters:
    ///   - longest: the longest life a token may be given, in seconds.
    ///   - hasCredential: whether the request shows any; the provider tells a missing one in one breath with the rest.
    init(_ target: RequestTarget, longest: Int, hasCredential: Bool) throws(Faults) {
        var faults = Faults()
        let lifetime = faults.number("expires_in_seconds", in: target, 1...longest, standard: nil)
        let session = faults.number(
            "max_session_duration_seconds", in: target, SessionToken.sessionSeconds,
            standard: SessionToken.sessionSeconds.upperBound)
        origin = faults.origin(in: target)
        if !hasCredential { faults.all.append(.missing("authorization", in: .header)) }
        guard let lifetime, let session, faults.all.isEmpty else { throw faults }
        (self.lifetime, self.session) = (lifetime, session)
    }
}

extension TokenQuery.Faults {
    /// Of several values the last counts, as it does for the provider.
    fileprivate mutating func number(
        _ name: String, in target: RequestTarget, _ range: ClosedRange<Int>, standard: Int?
    ) -> Int? {
        guard let text = target.parameter(name).last else {
            if standard == nil { all.append(.missing(name, in: .query)) }
            return standard
        }
        guard let number = Int(text) else {
            all.append(.noNumber(name, text))
            return nil
        }
        if number < range.lowerBound { all.append(.tooSmall(name, text, least: range.lowerBound)) }
        if number > range.upperBound { all.append(.tooLarge(name, text, most: range.upperBound)) }
        return number
    }

    fileprivate mutating func origin(in target: RequestTarget) -> Origin? {
        guard let text = target.parameter("origin").last else { return nil }
        let origin = Origin(text)
        if origin == nil {
            all.append(
                .unacceptable("origin", text, "an origin is scheme://host or scheme://host:port, without a path"))
        }
        return origin
    }
}
