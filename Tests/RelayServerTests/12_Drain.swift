import Configuration
import HTTP
import RelayServer
import Reactor
import StandIn
import Testing
import Timing
import WebSocket

/// How the relay stops: nobody new, time for those who are there, and then a proper end.
@Suite("12 Drain", .overEachHTTP, .timeLimit(.minutes(1))) struct Drain {
    @Test func aRelayWithNothingToDoEndsAtOnce() throws {
        let harbour = try RelayHarbour()
        harbour.relay.drain()
        harbour.relay.wait()
        #expect(WireClient.isRefused(port: harbour.relay.addresses[0].port))
        #expect(harbour.log.text.last?.contains(#""stopped""#) == true)
    }

    @Test func sessionsGoOnAndNobodyNewIsLetIn() throws {
        let harbour = try RelayHarbour { $0.makeNeighbours() }
        let neighbours = try Neighbours(in: harbour)
        harbour.relay.drain()
        for port in harbour.relay.addresses.map(\.port) {
            while !WireClient.isRefused(port: port) {}
        }
        try neighbours.goAround()
        #expect(harbour.relay.sessionCount == neighbours.clients.count)

        for client in neighbours.clients { client.close(.normal) }
        for client in neighbours.clients { #expect(try client.toTheEnd().closeCode == 1000) }
        harbour.relay.wait()
        #expect(harbour.relay.sessionCount == 0)
    }

    @Test func whoeverIsLeftIsToldToComeBackAndTheProviderToFinish() throws {
        let harbour = try RelayHarbour { $0.timeouts.drain = .milliseconds(300) }
        let clients = ["acme", "globex", "umbrella"].map { harbour.client($0) }
        for client in clients { try client.begun() }
        harbour.relay.drain()
        for client in clients { #expect(try client.toTheEnd().closeCode == 1012) }
        harbour.relay.wait()
        for zone in ["eu", "us", "edge"] { #expect(try harbour.session(in: zone).ending == .terminated) }
        #expect(harbour.relay.sessionCount == 0)
    }

    @Test func aSessionThatIsBeingDialledIsEndedToo() throws {
        let harbour = try RelayHarbour { $0.timeouts.drain = .milliseconds(100) }
        harbour.standIn.fail("eu", with: [Fault(.slowAnswer(milliseconds: 500))])
        let client = harbour.client()
        try client.opened()
        harbour.relay.drain()
        #expect(try client.toTheEnd().closeCode == 1012)
        harbour.relay.wait()
        // It was asked for, so the provider may have opened it: it is ended there as well.
        #expect(try harbour.session().ending == .terminated)
    }

    @Test func aProviderThatDoesNotFinishIsNotWaitedForLong() throws {
        let harbour = try RelayHarbour {
            $0.timeouts.drain = .zero
            $0.timeouts.terminate = .milliseconds(200)
        }
        harbour.standIn.fail("eu", with: [Fault(.noTermination)])
        let client = harbour.client()
        try client.begun()
        harbour.relay.drain()
        #expect(try client.toTheEnd().closeCode == 1012)
        harbour.relay.wait()
        #expect(try harbour.session().closeReceived == 1001)
    }

    @Test func aClientThatReadsNothingIsNotWaitedForLong() throws {
        let harbour = try RelayHarbour { $0.timeouts.drain = .zero }
        harbour.standIn.fail("eu", with: [Fault(.flood(isText: false, bytes: 4096))])
        let client = harbour.client()
        try client.begun()
        client.stopReading()
        harbour.relay.drain()
        harbour.relay.wait()
        #expect(try harbour.session().ending == .terminated)
    }

    @Test func stoppingCutsEverythingAtOnce() throws {
        let harbour = try RelayHarbour()
        let client = harbour.client()
        try client.begun()
        harbour.standIn.fail("us", with: [Fault(.noAnswer)])
        let dialling = harbour.client("globex")
        try dialling.opened()
        _ = try harbour.wait { $0.requests.count == 2 ? true : nil }
        let waiting = try harbour.secureWire()

        harbour.relay.stop()
        harbour.relay.wait()
        #expect(try client.toTheEnd() == [.ended("lost")])
        #expect(try dialling.toTheEnd() == [.ended("lost")])
        #expect(waiting.readToEnd().isEmpty)
        #expect(try harbour.session().ending == .abandoned)
        _ = try harbour.wait { $0.connections["us"]?.open == 0 ? true : nil }
    }

    @Test func aSecondThoughtEndsADrainAtOnce() throws {
        let harbour = try RelayHarbour()
        let client = harbour.client()
        try client.begun()
        harbour.relay.drain()
        harbour.relay.stop()
        harbour.relay.wait()
        #expect(try client.toTheEnd() == [.ended("lost")])
    }
}
