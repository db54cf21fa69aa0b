import Timing

/// The timers of one loop: a binary heap by deadline, the order of scheduling deciding between equals.
struct TimerQueue {
    private struct Timer {
        let handler: any TimerHandler
        let tag: Int
    }

    private struct Entry {
        let deadline: Instant
        let sequence: UInt64
        let key: SlotKey

        func comesBefore(_ other: Entry) -> Bool {
            deadline == other.deadline ? sequence < other.sequence : deadline < other.deadline
        }
    }

    private var timers = SlotTable<Timer>()
    private var heap: ContiguousArray<Entry> = []
    /// Where in the heap the timer of a slot stands, by slot.
    private var positions: ContiguousArray<Int> = []
    /// How many timers were ever scheduled.
    private(set) var sequence: UInt64 = 0

    /// When the next timer is due.
    var earliest: Instant? { heap.first?.deadline }

    mutating func insert(_ handler: any TimerHandler, at deadline: Instant, tag: Int) -> TimerToken {
        let key = timers.insert(Timer(handler: handler, tag: tag))
        if Int(key.index) == positions.count { positions.append(0) }
        heap.append(Entry(deadline: deadline, sequence: sequence, key: key))
        sequence &+= 1
        siftUp(from: heap.count - 1)
        return TimerToken(key: key)
    }

    /// Takes a timer out; does nothing when it has fired or was cancelled before.
    mutating func cancel(_ token: TimerToken) {
        guard timers.remove(token.key) != nil else { return }
        removeEntry(at: positions[Int(token.key.index)])
    }

    /// Takes out the earliest timer if it is due at `now` and was among the first `sequence` ever scheduled.
    mutating func popDue(at now: Instant, scheduledBefore sequence: UInt64) -> (handler: any TimerHandler, tag: Int)? {
        guard let first = heap.first, first.deadline <= now, first.sequence < sequence else { return nil }
        removeEntry(at: 0)
        guard let timer = timers.remove(first.key) else { return nil }
        return (timer.handler, timer.tag)
    }

    private mutating func removeEntry(at position: Int) {
        let last = heap.removeLast()
        guard position < heap.count else { return }
        place(last, at: position)
        siftDown(from: position)
        siftUp(from: position)
    }

    private mutating func siftUp(from start: Int) {
        var position = start
        let entry = heap[position]
        while position > 0 {
            let parent = (position - 1) / 2
            guard entry.comesBefore(heap[parent]) else { break }
            place(heap[parent], at: position)
            position = parent
        }
        place(entry, at: position)
    }

    private mutating func siftDown(from start: Int) {
        var position = start
        let entry = heap[position]
        while let child = earlierChild(of: position), heap[child].comesBefore(entry) {
            place(heap[child], at: position)
            position = child
        }
        place(entry, at: position)
    }

    private func earlierChild(of position: Int) -> Int? {
        let left = 2 * position + 1
        let right = left + 1
        guard left < heap.count else { return nil }
        return right < heap.count && heap[right].comesBefore(heap[left]) ? right : left
    }

    private mutating func place(_ entry: Entry, at position: Int) {
        heap[position] = entry
        positions[Int(entry.key.index)] = position
    }
}

/// Names a scheduled timer, for cancelling it. Stale once the timer has fired or was cancelled.
package struct TimerToken: Hashable {
    let key: SlotKey
}

/// What a timer calls.
package protocol TimerHandler: AnyObject {
    /// The moment of the timer scheduled with `tag` has come. It may schedule and cancel any timer.
    func fired(tag: Int)
}
