/// Goes through all sessions of all loops in the order of their ids, a slice at a time, so that between two slices the loops do
/// their own work. Belongs to the admin loop.
final class SessionWalk<Answer: Sendable> {
    /// Asked of a loop about some of its sessions.
    typealias Question = @Sendable (Worker, [String]) -> Answer

    private unowned let desk: AdminDesk
    private let slice: Int
    private let question: Question
    /// Hears what the loops said of a slice; whether it wants the next one.
    private let take: ([Answer]) -> Bool
    private let finish: (Outcome) -> Void
    private var ids: ArraySlice<(id: String, loop: Int)> = []
    private var total = 0

    enum Outcome {
        /// Everybody was asked, or enough of them; there were so many in all.
        case done(total: Int)
        /// A loop does not answer.
        case silent
    }

    /// - Parameters:
    ///   - slice: how many sessions of all loops together are asked about at a time.
    init(
        _ desk: AdminDesk, slice: Int, asking question: @escaping Question, take: @escaping ([Answer]) -> Bool,
        finish: @escaping (Outcome) -> Void
    ) {
        self.desk = desk
        self.slice = slice
        self.question = question
        self.take = take
        self.finish = finish
    }

    /// - Parameter after: leaves out the sessions up to this id.
    func start(after: String? = nil) {
        let ids: @Sendable (Worker, Int) -> [String] = { worker, _ in worker.sessionIDs }
        desk.ask(ids) { [self] replies in
            guard !replies.contains(where: \.isSilent) else { return finish(.silent) }
            var all: [(id: String, loop: Int)] = []
            for (loop, reply) in replies.enumerated() {
                if case .answered(let ids) = reply { all += ids.map { ($0, loop) } }
            }
            total = all.count
            if let after { all.removeAll { $0.id <= after } }
            self.ids = all.sorted { $0.id < $1.id }[...]
            goOn()
        }
    }

    private func goOn() {
        guard !ids.isEmpty else { return finish(.done(total: total)) }
        let asked = Dictionary(grouping: ids.prefix(slice), by: \.loop).mapValues { $0.map(\.id) }
        ids = ids.dropFirst(slice)
        let question = question
        let ask: @Sendable (Worker, Int) -> Answer = { worker, loop in question(worker, asked[loop] ?? []) }
        desk.ask(ask) { [self] replies in
            guard !replies.contains(where: \.isSilent) else { return finish(.silent) }
            let answers = replies.compactMap { reply in
                if case .answered(let answer) = reply { answer } else { nil }
            }
            if take(answers) { goOn() } else { finish(.done(total: total)) }
        }
    }
}
