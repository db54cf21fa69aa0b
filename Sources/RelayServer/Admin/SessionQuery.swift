import HTTP
import Policy
import RelayCore

/// Which sessions are asked for: `?tenant=&zone=&limit=&after=`.
struct SessionQuery: Equatable, Sendable {
    var tenant: String?
    var zone: String?
    /// Sessions a page may have.
    var limit = defaultLimit
    /// The page begins behind this session.
    var after: String?

    static let defaultLimit = 200
    /// A page of these is about half a megabyte.
    static let maxLimit = 1000

    init() {}

    /// Throws for a parameter that is not known, stands twice, or has a value that it cannot have: a filter with a slip of the
    /// pen must not list everything.
    init(_ target: RequestTarget) throws(Fault) {
        let names = ["tenant", "zone", "limit", "after"]
        let others = target.removing(parameters: Set(names)).query ?? ""
        guard others.isEmpty else {
            throw Fault(sentence: "Only these can be asked for: \(names.joined(separator: ", ")).")
        }
        tenant = try Self.value(of: "tenant", in: target)
        zone = try Self.value(of: "zone", in: target)
        after = try Self.value(of: "after", in: target)
        guard let text = try Self.value(of: "limit", in: target) else { return }
        guard let limit = Int(text), 1...Self.maxLimit ~= limit else {
            throw Fault(sentence: "limit is a number from 1 to \(Self.maxLimit).")
        }
        self.limit = limit
    }

    /// Whether the session is among those asked for.
    func admits(_ session: LiveRecord) -> Bool {
        (tenant == nil || tenant == session.summary.tenant?.text) && (zone == nil || zone == session.summary.zone?.name)
    }

    private static func value(of name: String, in target: RequestTarget) throws(Fault) -> String? {
        let values = target.parameter(name)
        guard values.count <= 1 else { throw Fault(sentence: "\(name) can be given once.") }
        return values.first
    }

    struct Fault: Error {
        let sentence: String
    }
}
