import Policy
import Reactor
import Receipts
import RelayCore

/// What waits to become lines of the receipt log, in the order in which it happened to come. Thread-safe.
///
/// Sessions that were granted a zone, and their openings, are never given up: the limit of sessions bounds them. Refusals of
/// all others are, beyond a bound, and counted.
final class ReceiptQueue: Sendable {
    /// Something to be written.
    enum Item: Sendable {
        /// A session or refusal is over. When: Unix time.
        case concluded(SessionSummary, site: Site, time: Double)
        case opening(ReceiptEntry.Opening, Answer?)
        /// So many refusals were given up.
        case lost(Int)
    }

    /// Told once whether the opening is on record, or else that it will not be before the session could go on.
    typealias Answer = @Sendable (Bool) -> Void

    private struct State {
        var items: [Item] = []
        /// What waits of refusals, here and at the writer.
        var refusalBytes = 0
        var lost = 0
        /// Those of before, too.
        var givenUp = 0
        var isUnwritable = false
        /// What openings are answered while nothing can be written.
        var goesOn = false

        /// Whether the writer must be woken: it takes all that waits at once.
        mutating func append(_ item: Item) -> Bool {
            items.append(item)
            return items.count == 1
        }
    }

    /// What may wait of refusals: an hour of a relay that refuses fifteen a second.
    static let maxRefusalBytes = 16 << 20

    let wakeup = Semaphore()
    private let state = Lock(State())

    func add(_ summary: SessionSummary, at site: Site, time: Double) {
        let isFirst = state.withLock { state in
            if summary.mayBeGivenUp {
                guard state.refusalBytes < Self.maxRefusalBytes else {
                    state.lost += 1
                    state.givenUp += 1
                    return false
                }
                state.refusalBytes += summary.receiptBytes
            }
            return state.append(.concluded(summary, site: site, time: time))
        }
        if isFirst { wakeup.signal() }
    }

    /// So many refusals are only counted. Whoever takes what waits finds them.
    func giveUp(_ refusals: Int) {
        state.withLock {
            $0.lost += refusals
            $0.givenUp += refusals
        }
    }

    /// - Parameter answer: called on the writer's thread, or at once while nothing can be written.
    func add(_ opening: ReceiptEntry.Opening, _ answer: @escaping Answer) {
        let (isFirst, goesOn): (Bool, Bool?) = state.withLock { state in
            let isUnwritable = state.isUnwritable
            let isFirst = state.append(.opening(opening, isUnwritable ? nil : answer))
            return (isFirst, isUnwritable ? state.goesOn : nil)
        }
        if let goesOn { answer(goesOn) }
        if isFirst { wakeup.signal() }
    }

    /// Refusals that are only counted, since the process began.
    var givenUp: Int { state.withLock { $0.givenUp } }

    /// How many wait to be taken.
    var waiting: Int { state.withLock { $0.items.count } }

    /// All that waits.
    func takeAll() -> [Item] {
        state.withLock { state in
            var items = state.items
            if state.lost > 0 { items.append(.lost(state.lost)) }
            (state.items, state.lost) = ([], 0)
            return items
        }
    }

    /// An item that was taken does not wait any more.
    func forget(_ item: Item) {
        guard case .concluded(let summary, _, _) = item, summary.mayBeGivenUp else { return }
        state.withLock { $0.refusalBytes -= summary.receiptBytes }
    }

    /// From now on, or no more, nothing can be written; openings need not wait for that.
    func setUnwritable(_ isUnwritable: Bool, goesOn: Bool) {
        let waiting: [Answer] = state.withLock { state in
            (state.isUnwritable, state.goesOn) = (isUnwritable, goesOn)
            guard isUnwritable else { return [] }
            return state.items.indices.compactMap { state.items[$0].takeAnswer() }
        }
        for answer in waiting { answer(goesOn) }
    }
}

extension ReceiptQueue.Item {
    /// The answer that an opening is owed, once.
    mutating func takeAnswer() -> ReceiptQueue.Answer? {
        guard case .opening(let opening, .some(let answer)) = self else { return nil }
        self = .opening(opening, nil)
        return answer
    }
}

extension SessionSummary {
    /// Nothing was granted, so that no opening of it can be on record.
    fileprivate var mayBeGivenUp: Bool { refusal != nil && granted == nil }

    /// About what its receipt takes, in memory and in the file.
    fileprivate var receiptBytes: Int {
        trail.reduce(1024 + (origin?.utf8.count ?? 0)) { $0 + 64 + $1.sentence.utf8.count }
    }
}
