import Configuration
import HTTP
import Reactor
import RelayServer
import StandIn
import Testing
import Timing
import WebSocket

/// How the relay stops: nobody new, time for those who are there, and then a proper end.
@Suite("12 Drain", .overEachHTTP, .timeLimit(.minutes(10))) struct Drain {
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
        #expect(harbour.sessions(comingTo: neighbours.clients.count) == neighbours.clients.count)

        for client in neighbours.clients { client.close(.normal) }
        for client in neighbours.clients { #expect(try client.toTheEnd().closeCode == 1000) }
        harbour.relay.wait()
        #expect(harbour.sessions(comingTo: 0) == 0)
    }

    /// A drain that begins resets nobody, and refuses nobody while there is time.
    @Test(.overHTTP1Alone) func whoeverIsConnectedIsServedStill() throws {
        let harbour = try RelayHarbour()
        let clients = try (0..<200).map { _ in try harbour.wire() }
        harbour.relay.drain()
        for client in clients { client.request(key: harbour.key(of: "acme")) }
        for client in clients { #expect(try client.readHead().hasPrefix("HTTP/1.1 101 ")) }
        for client in clients { client.send(.close, [0x03, 0xE8]) }
        for client in clients { _ = client.readToEnd() }
        harbour.relay.wait()
        _ = try harbour.wait { $0.sessions(in: "eu").allSatisfy { $0.connectionEnd != nil } ? true : nil }
    }

    @Test(.overHTTP1Alone) func whoeverComesToThePointTooLateIsRefused() throws {
        let harbour = try RelayHarbour { $0.timeouts.drain = .milliseconds(200) }
        let client = harbour.client()
        try client.begun()
        let late = try harbour.wire()
        late.send("GET /v3/ws HTTP/1.1\r\n")
        harbour.relay.drain()
        #expect(try client.toTheEnd().closeCode == 1012)
        late.send(
            WireClient.head(lines: ["Authorization: \(harbour.key(of: "acme"))"])
                .replacing("GET /v3/ws HTTP/1.1\r\n", with: ""))
        let answer = try late.readAnswer()
        #expect(answer.status == 503 && answer.body.contains("urn:tidegate:refusal:draining"))
        harbour.relay.wait()
    }

    @Test func clientsAreToldOneAfterAnother() throws {
        let harbour = try RelayHarbour { $0.timeouts.drain = .seconds(4) }
        let clients = (0..<40).map { _ in harbour.client("umbrella") }
        for client in clients { try client.begun() }
        let begin = MonotonicClock.now()
        harbour.relay.drain()
        // How many are left is watched, because the moments are what matters here.
        var left: [Int] = []
        var firstLoss: Duration?
        while left.last != 0 {
            let count = harbour.relay.sessionCount
            if count < clients.count, firstLoss == nil { firstLoss = MonotonicClock.now().duration(since: begin) }
            if count != left.last { left.append(count) }
        }
        harbour.relay.wait()
        #expect(firstLoss.map { $0 >= .seconds(2) } == true)
        #expect(left.count > clients.count / 2, "\(left)")
        for client in clients { #expect(try client.toTheEnd().closeCode == 1012) }
        #expect(harbour.ledger.snapshot.sessions(in: "edge").allSatisfy { $0.ending == .terminated })
    }

    @Test func whoeverIsLeftIsToldToComeBackAndTheProviderToFinish() throws {
        let harbour = try RelayHarbour { $0.timeouts.drain = .milliseconds(300) }
        let clients = ["acme", "globex", "umbrella"].map { harbour.client($0) }
        for client in clients { try client.begun() }
        harbour.relay.drain()
        for client in clients { #expect(try client.toTheEnd().closeCode == 1012) }
        harbour.relay.wait()
        for zone in ["eu", "us", "edge"] { #expect(try harbour.session(in: zone).ending == .terminated) }
        #expect(harbour.sessions(comingTo: 0) == 0)
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
