import Testing
import Timing

@testable import Reactor

@Suite struct TimerQueueTests {
    @Test func timersComeByDeadlineAndEqualOnesInTheOrderOfScheduling() {
        var queue = TimerQueue()
        for (tag, deadline) in [5, 1, 3, 1, 5].enumerated() {
            _ = queue.insert(silent, at: Instant(nanoseconds: UInt64(deadline)), tag: tag)
        }
        #expect(drain(&queue, at: 10) == [1, 3, 2, 0, 4])
    }

    @Test func whatIsNotDueStays() {
        var queue = TimerQueue()
        _ = queue.insert(silent, at: Instant(nanoseconds: 20), tag: 1)
        #expect(drain(&queue, at: 19) == [])
        #expect(queue.earliest == Instant(nanoseconds: 20))
        #expect(drain(&queue, at: 20) == [1])
        #expect(queue.earliest == nil)
    }

    @Test func whatWasScheduledTooLateForThisPassStays() {
        var queue = TimerQueue()
        _ = queue.insert(silent, at: Instant(nanoseconds: 1), tag: 1)
        let end = queue.sequence
        _ = queue.insert(silent, at: Instant(nanoseconds: 1), tag: 2)
        #expect(queue.popDue(at: Instant(nanoseconds: 5), scheduledBefore: end)?.tag == 1)
        #expect(queue.popDue(at: Instant(nanoseconds: 5), scheduledBefore: end)?.tag == nil)
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func anyMixtureOfInsertingCancellingAndFiringAgreesWithASortedList(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = TimerQueue()
        var model: [(deadline: UInt64, tag: Int, token: TimerToken)] = []
        var spent: [TimerToken] = []
        for tag in 0..<3_000 {
            let deadline = UInt64.random(in: 0..<500, using: &random)
            model.append((deadline, tag, queue.insert(silent, at: Instant(nanoseconds: deadline), tag: tag)))
            if UInt8.random(in: 0..<3, using: &random) == 0 {
                let victim = model.remove(at: Int.random(in: 0..<model.count, using: &random))
                queue.cancel(victim.token)
                spent.append(victim.token)
            }
            if let stale = spent.randomElement(using: &random) { queue.cancel(stale) }
            if UInt8.random(in: 0..<50, using: &random) == 0 {
                let now = UInt64.random(in: 0..<500, using: &random)
                let due = model.filter { $0.deadline <= now }.sorted { ($0.deadline, $0.tag) < ($1.deadline, $1.tag) }
                #expect(drain(&queue, at: now) == due.map(\.tag), "seed \(seed)")
                model.removeAll { $0.deadline <= now }
                spent += due.map(\.token)
            }
            #expect(queue.earliest?.nanoseconds == model.map(\.deadline).min(), "seed \(seed)")
        }
    }

    private let silent = OnTimer { _ in }

    private func drain(_ queue: inout TimerQueue, at now: UInt64) -> [Int] {
        var tags: [Int] = []
        while let (_, tag) = queue.popDue(at: Instant(nanoseconds: now), scheduledBefore: .max) { tags.append(tag) }
        return tags
    }
}
