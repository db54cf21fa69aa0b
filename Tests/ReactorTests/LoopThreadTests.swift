import Glibc
import Testing

@testable import Reactor

@Suite struct LoopThreadTests {
    @Test func joiningWaitsUntilTheBodyHasReturned() throws {
        let done = Lock(false)
        let thread = try LoopThread.start(name: "worker") { done.withLock { $0 = true } }
        thread.join()
        #expect(done.withLock { $0 })
        thread.join()
    }

    @Test func theKernelKnowsTheNameOfTheThread() throws {
        let found = Lock("")
        let thread = try LoopThread.start(name: "a-name-longer-than-the-kernel-keeps") {
            let name = currentThreadName()
            found.withLock { $0 = name }
        }
        thread.join()
        #expect(found.withLock { $0 } == "a-name-longer-t")
    }

    @Test func theStackIsAsLargeAsAskedFor() throws {
        let reached = Lock(0)
        let thread = try LoopThread.start(name: "deep", stackSize: 64 << 20) {
            let depth = recurse(5_000)
            reached.withLock { $0 = depth }
        }
        thread.join()
        #expect(reached.withLock { $0 } == 5_000)
    }

    @Test func whatTheBodyCapturesIsReleasedWhenItHasReturned() throws {
        final class Captured: Sendable {}
        weak var captured: Captured?
        func start() throws -> LoopThread {
            let made = Captured()
            captured = made
            return try LoopThread.start(name: "worker") { withExtendedLifetime(made) {} }
        }
        try start().join()
        #expect(captured == nil)
    }
}

private func currentThreadName() -> String {
    var bytes = [UInt8](repeating: 0, count: 32)
    let file = Descriptor(owning: open("/proc/thread-self/comm", O_RDONLY))
    let count = read(file.raw, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, count)).filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
}

/// Uses half a kilobyte of stack at each step.
private func recurse(_ depth: Int) -> Int {
    guard depth > 0 else { return 0 }
    return withUnsafeTemporaryAllocation(byteCount: 512, alignment: 8) { bytes in
        bytes.storeBytes(of: depth, as: Int.self)
        return recurse(bytes.load(as: Int.self) - 1) + 1
    }
}
