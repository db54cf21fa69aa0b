import Testing

@testable import Reactor

@Suite struct LockTests {
    @Test func oneThreadAtATimeHasTheValue() throws {
        let counter = Lock(0)
        let threads = try (0..<4).map { _ in
            try LoopThread.start(name: "counting") {
                for _ in 0..<10_000 { counter.withLock { $0 += 1 } }
            }
        }
        for thread in threads { thread.join() }
        #expect(counter.withLock { $0 } == 40_000)
    }

    @Test func anErrorLeavesTheLockFree() {
        struct Refused: Error {}
        let value = Lock([1])
        #expect(throws: Refused.self) {
            try value.withLock { (value) throws(Refused) in
                value.append(2)
                throw Refused()
            }
        }
        #expect(value.withLock { $0 } == [1, 2])
    }

    @Test func itCanOwnADescriptor() throws {
        let pair = try SocketPair()
        let shared = Lock(pair.ours)
        #expect(shared.withLock { send("x", to: $0.raw) } == .bytes(1))
        #expect(receive(from: pair.theirs.raw).text == "x")
    }
}
