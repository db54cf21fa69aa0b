import Configuration
import Reactor
import Testing

@testable import RelayServer

@Suite struct ConnectionLivenessTests {
    @Test(arguments: [(30, 60), (1, 60), (50, 60), (300, 310)])
    func thePeerIsToldThatItReadsNothingBeforeTheSystemGivesItUp(stall: Int, patience: Int) {
        var timeouts = TimeoutSettings()
        timeouts.stall = .seconds(stall)
        #expect(ConnectionLiveness(timeouts).patience == .seconds(patience))
    }
}
