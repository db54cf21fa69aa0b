import JSON
import RelayCore

/// Puts one page of sessions together, in the order of their ids.
///
/// First every loop gives its ids, which costs it microseconds; then their records are asked for, a slice at a time and in
/// filters' favour no more than the page needs. Between two slices the loops do their own work. Belongs to the admin loop.
final class SessionListing {
    private let query: SessionQuery
    private unowned let desk: AdminDesk
    private let reply: (AdminAnswer) -> Void
    private var ids: ArraySlice<(id: String, loop: Int)> = []
    private var total = 0
    private var page: [LiveRecord] = []

    /// Records of all loops together in one slice: well below a millisecond for each.
    private static let slice = 128

    init(_ query: SessionQuery, desk: AdminDesk, _ reply: @escaping (AdminAnswer) -> Void) {
        self.query = query
        self.desk = desk
        self.reply = reply
    }

    func start() {
        let ids: @Sendable (Worker, Int) -> [String] = { worker, _ in worker.sessionIDs }
        desk.ask(ids) { [self] replies in
            guard !replies.contains(where: \.isSilent) else { return fail() }
            var all: [(id: String, loop: Int)] = []
            for (loop, reply) in replies.enumerated() {
                if case .answered(let ids) = reply { all += ids.map { ($0, loop) } }
            }
            total = all.count
            if let after = query.after { all.removeAll { $0.id <= after } }
            self.ids = all.sorted { $0.id < $1.id }[...]
            askForSlice()
        }
    }

    private func askForSlice() {
        guard !ids.isEmpty, page.count <= query.limit else { return finish() }
        let slice = Dictionary(grouping: ids.prefix(Self.slice), by: \.loop).mapValues { $0.map(\.id) }
        ids = ids.dropFirst(Self.slice)
        let records: @Sendable (Worker, Int) -> [LiveRecord] = { worker, loop in worker.records(of: slice[loop] ?? []) }
        desk.ask(records) { [self] replies in
            guard !replies.contains(where: \.isSilent) else { return fail() }
            var found: [LiveRecord] = []
            for case .answered(let some) in replies { found += some.filter(query.admits) }
            page += found.sorted { $0.summary.id < $1.summary.id }
            askForSlice()
        }
    }

    private func finish() {
        var object = JSONObjectWriter()
        let now = WallClock.seconds()
        object.member("total", total)
        object.member("sessions", json: JSONText.array(page.prefix(query.limit).map { $0.json(at: now) }))
        // One more than a page holds has been found, so there is another page.
        if page.count > query.limit { object.member("next", page[query.limit - 1].summary.id) }
        reply(AdminAnswer(body: object.json))
    }

    private func fail() {
        reply(.problem(503, "A loop does not answer."))
    }
}
