import JSON
import Reactor
import RelayCore
import Timing

/// Puts one page of sessions together.
///
/// In the order of ids no more sessions are asked about than the page needs; in any other order all are, and the page is made
/// of those that come first. Belongs to the admin loop.
final class SessionListing {
    private let query: SessionQuery
    private let reply: (AdminAnswer) -> Void
    /// The sessions of the page so far, in order, and one more if there is one.
    private var page: [(place: SessionPlace, record: LiveRecord)] = []
    /// Those that the filter admits, of those looked at.
    private var matching = 0

    /// Records of all loops together in one slice: well below a millisecond for each.
    private static let slice = 128

    init(_ query: SessionQuery, _ reply: @escaping (AdminAnswer) -> Void) {
        self.query = query
        self.reply = reply
    }

    func start(at desk: AdminDesk) {
        let filter = query.filter
        let walk = SessionWalk(
            desk, slice: Self.slice,
            asking: { worker, ids in worker.records(of: ids).filter { filter.admits($0, now: worker.loop.now) } },
            take: { [self] in take($0.flatMap(\.self)) }, finish: finish)
        walk.start(after: isByID && !query.order.isDescending ? query.after?.id : nil)
    }

    private var isByID: Bool { query.order.key == .id }

    /// Whether more may belong to the page.
    private func take(_ records: [LiveRecord]) -> Bool {
        matching += records.count
        for record in records {
            let place = query.order.place(of: record)
            if query.after.map({ query.order.areInOrder($0, place) }) ?? true { page.append((place, record)) }
        }
        page.sort { query.order.areInOrder($0.place, $1.place) }
        // One more than the page holds tells that there is another.
        page.removeLast(max(0, page.count - query.limit - 1))
        return !isByID || query.order.isDescending || page.count <= query.limit
    }

    private func finish(_ outcome: SessionWalk<[LiveRecord]>.Outcome) {
        guard case .done(let total) = outcome else { return reply(.silentLoop) }
        var object = JSONObjectWriter()
        let now = (wall: WallClock.seconds(), instant: MonotonicClock.now())
        object.member("total", total)
        if !isByID { object.member("matching", matching) }
        object.member(
            "sessions",
            json: JSONText.array(page.prefix(query.limit).map { $0.record.json(at: now.wall, now: now.instant) }))
        if page.count > query.limit { object.member("next", page[query.limit - 1].place.cursor) }
        reply(AdminAnswer(body: object.json))
    }
}
