import Reactor
import StandIn
import Testing

@Suite struct MonitorTests {
    @Test func aWaitEndsWhenWhatItWaitsForHappens() throws {
        let monitor = Monitor(0)
        let thread = try LoopThread.start(name: "counter") {
            for _ in 1...1000 { monitor.update { $0 += 1 } }
        }
        #expect(monitor.wait(upTo: .seconds(5)) { $0 == 1000 ? $0 : nil } == 1000)
        thread.join()
        #expect(monitor.snapshot == 1000)
    }

    @Test func aWaitEndsInVainAfterItsLimit() {
        let monitor = Monitor(0)
        #expect(monitor.wait(upTo: .milliseconds(5)) { $0 == 1 ? true : nil } == nil)
        #expect(monitor.wait(upTo: .seconds(-1)) { $0 == 1 ? true : nil } == nil)
    }

    @Test func whatIsFoundMayBeTakenOut() {
        let monitor = Monitor([1, 2])
        #expect(monitor.wait(upTo: .zero) { $0.popLast() } == 2)
        #expect(monitor.snapshot == [1])
    }
}
