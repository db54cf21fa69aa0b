import Reactor
import Timing

/// What came of asking one loop.
enum LoopReply<Answer: Sendable> {
    case answered(Answer)
    /// The loop has ended; what it counted went with it.
    case ended
    /// It did not answer in time.
    case silent

    var isSilent: Bool {
        if case .silent = self { true } else { false }
    }
}

/// Waits for the answers of all loops, for a bounded time. Belongs to the admin loop.
final class Gathering<Answer: Sendable>: TimerHandler {
    private var replies: [LoopReply<Answer>?]
    private var finish: (([LoopReply<Answer>]) -> Void)?
    private var timer: TimerToken?
    private weak var loop: EventLoop?

    /// A loop's turn takes milliseconds; one that takes this long is stuck.
    private static var patience: Duration { .seconds(3) }

    init(loops: Int, _ finish: @escaping ([LoopReply<Answer>]) -> Void) {
        replies = Array(repeating: nil, count: loops)
        self.finish = finish
    }

    func wait(on loop: EventLoop) {
        self.loop = loop
        timer = loop.schedule(self, at: loop.now + Self.patience)
        finishIfComplete()
    }

    func take(_ reply: LoopReply<Answer>, from loop: Int) {
        guard replies.indices.contains(loop), replies[loop] == nil else { return }
        replies[loop] = reply
        if timer != nil { finishIfComplete() }
    }

    func fired(tag: Int) {
        timer = nil
        complete()
    }

    private func finishIfComplete() {
        guard !replies.contains(where: { $0 == nil }) else { return }
        if let timer { loop?.cancel(timer) }
        timer = nil
        complete()
    }

    private func complete() {
        let finish = finish.take()
        finish?(replies.map { $0 ?? .silent })
    }
}
