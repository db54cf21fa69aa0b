/// The door into a loop for other threads: messages go in anywhere and come out on the loop, those of one sender in the
/// order in which they were posted.
///
/// It has no bound of its own; whoever posts on behalf of a peer has to have one.
package final class Mailbox<Message: Sendable>: Sendable {
    private struct State {
        var waiting: [Message] = []
        var isOpen = true
    }

    private let state = Lock(State())
    private let wakeup: Wakeup

    /// An empty mailbox. Throws when there is no descriptor to be had.
    package init() throws(SystemError) {
        wakeup = try Wakeup()
    }

    /// Leaves a message. Any thread may call it, the receiving one too. Returns whether the message was taken: `false`
    /// after `close`, when the sender keeps what the message carries.
    @discardableResult
    package func post(_ message: Message) -> Bool {
        let (isTaken, isFirst) = state.withLock { state in
            guard state.isOpen else { return (false, false) }
            state.waiting.append(message)
            return (true, state.waiting.count == 1)
        }
        // A mailbox that was not empty has woken its loop already.
        if isFirst { wakeup.signal() }
        return isTaken
    }

    /// Hands the messages to `receiver`, in the turns of `loop`, until the registration is deregistered. The loop keeps
    /// the receiver alive meanwhile. Only one receiver at a time, and only on the loop's thread.
    package func attach<Receiver: MailboxReceiver>(
        _ receiver: Receiver, to loop: EventLoop
    ) throws(SystemError) -> Registration where Receiver.Message == Message {
        try loop.register(
            MailboxDelivery(of: self, to: receiver), descriptor: wakeup.descriptor.raw, interest: .readable)
    }

    /// Takes no more messages and drops those that wait. Call it when the loop stops.
    package func close() {
        // Released when this returns, outside the lock: a message may hold anything.
        var dropped: [Message] = []
        state.withLock { state in
            state.isOpen = false
            swap(&state.waiting, &dropped)
        }
    }

    /// Moves all that waits into `batch`, which must be empty and lends its memory to the messages to come.
    fileprivate func take(into batch: inout [Message]) {
        // First the wake-up, then the messages: one posted in between is taken now or wakes again, but is never left
        // over.
        wakeup.clear()
        state.withLock { swap(&$0.waiting, &batch) }
    }
}

/// The one on the loop whom a mailbox is for.
package protocol MailboxReceiver: AnyObject {
    associatedtype Message: Sendable

    /// A message has come. Runs on the loop.
    func received(_ message: Message)
}

/// Brings what a mailbox holds to its receiver.
private final class MailboxDelivery<Receiver: MailboxReceiver>: EventHandler {
    private let mailbox: Mailbox<Receiver.Message>
    private let receiver: Receiver
    private var batch: [Receiver.Message] = []

    init(of mailbox: Mailbox<Receiver.Message>, to receiver: Receiver) {
        self.mailbox = mailbox
        self.receiver = receiver
    }

    func ready(_ readiness: Readiness) {
        mailbox.take(into: &batch)
        for index in batch.indices { receiver.received(batch[index]) }
        batch.removeAll(keepingCapacity: true)
    }
}
