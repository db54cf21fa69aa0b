import Testing
import Timing

@testable import Reactor

@Suite struct SemaphoreTests {
    @Test func everySignalLetsOneGoOn() {
        let semaphore = Semaphore()
        for _ in 0..<2 { semaphore.signal() }
        semaphore.wait()
        #expect(semaphore.wait(upTo: .zero))
        #expect(!semaphore.wait(upTo: .zero))
    }

    @Test func aWaitEndsInTime() {
        let semaphore = Semaphore()
        let begin = MonotonicClock.now()
        #expect(!semaphore.wait(upTo: .milliseconds(50)))
        #expect(MonotonicClock.now().duration(since: begin) >= .milliseconds(50))
        #expect(!semaphore.wait(upTo: .milliseconds(-50)))
    }

    @Test func aSignalOfAnotherThreadEndsTheWait() throws {
        let (asked, answered) = (Semaphore(), Semaphore())
        let thread = try LoopThread.start(name: "answers") {
            for _ in 0..<1_000 {
                asked.wait()
                answered.signal()
            }
        }
        for _ in 0..<1_000 {
            asked.signal()
            #expect(answered.wait(upTo: .seconds(60)))
        }
        thread.join()
    }
}
