import Testing

@testable import Reactor

@Suite struct MailboxTests {
    @Test func messagesOfSeveralThreadsArriveAllAndInTheOrderOfEachSender() throws {
        struct Message: Sendable {
            let sender: Int
            let number: Int
        }
        let (senders, each) = (4, 20_000)
        let loop = try EventLoop()
        let mailbox = try Mailbox<Message>()
        var next = [Int](repeating: 0, count: senders)
        var received = 0
        let receiver = OnMessage<Message> { [unowned loop] message in
            #expect(message.number == next[message.sender])
            next[message.sender] += 1
            received += 1
            if received == senders * each { loop.stop() }
        }
        let registration = try mailbox.attach(receiver, to: loop)
        let threads = try (0..<senders).map { sender in
            try LoopThread.start(name: "sender") {
                for number in 0..<each { mailbox.post(Message(sender: sender, number: number)) }
            }
        }
        loop.run()
        for thread in threads { thread.join() }
        #expect(next == [Int](repeating: each, count: senders))
        loop.deregister(registration)
    }

    @Test func whatWasPostedBeforeAttachingIsDelivered() throws {
        let loop = try EventLoop()
        let mailbox = try Mailbox<Int>()
        for message in 1...3 { #expect(mailbox.post(message)) }
        var received: [Int] = []
        _ = try mailbox.attach(OnMessage { received.append($0) }, to: loop)
        loop.turn()
        #expect(received == [1, 2, 3])
    }

    @Test func theReceiverMayPostToItself() throws {
        let loop = try EventLoop()
        let mailbox = try Mailbox<Int>()
        var received: [Int] = []
        let receiver = OnMessage<Int> { [unowned loop] message in
            received.append(message)
            if message < 5 { mailbox.post(message + 1) } else { loop.stop() }
        }
        _ = try mailbox.attach(receiver, to: loop)
        mailbox.post(1)
        loop.run()
        #expect(received == [1, 2, 3, 4, 5])
    }

    @Test func aClosedMailboxTakesNothingAndReleasesWhatWaited() throws {
        final class Token: Sendable {}
        let mailbox = try Mailbox<Token>()
        weak var waiting: Token?
        func post() {
            let token = Token()
            waiting = token
            #expect(mailbox.post(token))
        }
        post()
        #expect(waiting != nil)
        mailbox.close()
        #expect(waiting == nil)
        #expect(!mailbox.post(Token()))
    }

    @Test func aReceiverLivesUntilItsRegistrationEnds() throws {
        let loop = try EventLoop()
        let mailbox = try Mailbox<Int>()
        weak var receiver: OnMessage<Int>?
        func attach() throws -> Registration {
            let made = OnMessage<Int> { [unowned loop] _ in loop.stop() }
            receiver = made
            return try mailbox.attach(made, to: loop)
        }
        let registration = try attach()
        mailbox.post(1)
        loop.run()
        #expect(receiver != nil)
        loop.deregister(registration)
        loop.schedule(OnTimer { _ in }, at: loop.now)
        loop.turn()
        #expect(receiver == nil)
    }
}
