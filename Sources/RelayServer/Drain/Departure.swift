import Reactor
import RelayCore
import Timing

/// The last minutes of one loop: its sessions may end by themselves, then those that are left are told, one by one, and the
/// loop stops with the last of them, or when nothing is waited for any more.
///
/// Belongs to its worker's thread.
final class Departure {
    private unowned let worker: Worker
    private let plan: DrainPlan
    private let begun: Instant
    /// Those who are still to be told, in no order that anybody could guess; some of them will have ended.
    private var untold: ArraySlice<String> = []
    /// How many there were.
    private var count = 0
    private var nextCall = Instant(nanoseconds: 0)
    /// Those who are left are being told, and nobody new is let in.
    private(set) var isCalling = false

    init(_ plan: DrainPlan, of worker: Worker) {
        self.worker = worker
        self.plan = plan
        begun = worker.loop.now
    }

    func begin() {
        worker.loop.schedule(self, at: begun + plan.firstCall, tag: Self.callTag)
    }

    private func call() {
        if !isCalling { openCall() }
        while let next = untold.first, nextCall <= worker.loop.now {
            untold.removeFirst()
            worker.drivers[next]?.drain()
            drawNextCall()
        }
        if !untold.isEmpty { worker.loop.schedule(self, at: nextCall, tag: Self.callTag) }
    }

    private func openCall() {
        isCalling = true
        untold = worker.drivers.keys.shuffled()[...]
        count = untold.count
        drawNextCall()
        worker.loop.schedule(self, at: begun + plan.end, tag: Self.endTag)
    }

    private func drawNextCall() {
        let place = count - untold.count
        nextCall = begun + plan.call(of: place, among: count, chance: .random(in: 0..<1))
    }

    private static let callTag = 0
    private static let endTag = 1
}

extension Departure: TimerHandler {
    func fired(tag: Int) {
        tag == Self.callTag ? call() : worker.loop.stop()
    }
}
