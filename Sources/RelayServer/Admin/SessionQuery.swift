import HTTP

/// What a list of sessions is asked for: a filter, `?sort=&limit=&after=`.
struct SessionQuery: Equatable, Sendable {
    var filter = SessionFilter()
    var order = SessionOrder()
    /// Sessions a page may have.
    var limit = defaultLimit
    /// The page begins behind this place.
    var after: SessionPlace?

    static let defaultLimit = 200
    /// A page of these is about half a megabyte.
    static let maxLimit = 1000

    init() {}

    init(_ target: RequestTarget) throws(StrictQuery.Fault) {
        let query = try StrictQuery(target, names: SessionFilter.names + ["sort", "limit", "after"])
        filter = try SessionFilter(query)
        if let text = try query.text("sort") {
            guard let order = SessionOrder(text) else {
                let keys = SessionOrder.Key.allCases.map(\.rawValue).joined(separator: ", ")
                throw StrictQuery.Fault(sentence: "sort is one of \(keys), with - before it for the reverse.")
            }
            self.order = order
        }
        limit = try query.number("limit", in: 1...Self.maxLimit) ?? Self.defaultLimit
        guard let text = try query.text("after") else { return }
        guard let place = SessionPlace(cursor: text) else {
            throw StrictQuery.Fault(sentence: "after is what the page before gave as next.")
        }
        after = place
    }
}
