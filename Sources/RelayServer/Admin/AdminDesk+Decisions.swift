import JSON
import Policy

/// The refusals of late, the latest first: `?tenant=&refusal=&limit=`.
extension AdminDesk {
    func listDecisions(_ request: AdminRequest, _ reply: @escaping (AdminAnswer) -> Void) {
        do throws(StrictQuery.Fault) {
            let query = try StrictQuery(request.target, names: ["tenant", "refusal", "limit"])
            let tenant = try query.text("tenant")
            let name = try query.choice("refusal", of: RefusalName.self)
            let limit = try query.number("limit", in: 1...Self.maxDecisions) ?? Self.usualDecisions
            let recent: @Sendable (Worker, Int) -> [RecentRefusal] = { worker, _ in
                worker.recentRefusals.all.filter {
                    (tenant == nil || tenant == $0.tenant?.text) && (name == nil || name == $0.refusal.name)
                }
            }
            ask(recent) { replies in
                guard !replies.contains(where: \.isSilent) else { return reply(.silentLoop) }
                var all: [RecentRefusal] = []
                for case .answered(let some) in replies { all += some }
                all.sort { $0.time > $1.time }
                var object = JSONObjectWriter()
                object.member("matching", all.count)
                object.member("decisions", json: JSONText.array(all.prefix(limit).map(\.json)))
                reply(AdminAnswer(body: object.json))
            }
        } catch {
            reply(.problem(400, error.sentence))
        }
    }

    private static let usualDecisions = 50
    private static let maxDecisions = 1000
}
