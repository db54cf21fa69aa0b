import Configuration
import Glibc
import Policy
import Reactor
import RelayServer
import StandIn
import Testing
import Timing
import WebSocket

/// Every wait of the relay's has an end, and each end its word.
@Suite("13 Timeouts", .overEachHTTP, .timeLimit(.minutes(10))) struct Timeouts {
    static let short = Duration.milliseconds(300)

    @Test func aSessionThatCarriesNothingIsEnded() throws {
        let harbour = try RelayHarbour { $0.timeouts.idle = Self.short }
        let client = harbour.client()
        try client.begun()
        let events = try client.toTheEnd()
        #expect(events.closeCode == 4408)
        #expect(try harbour.session().ending == .terminated)
    }

    @Test func pingsAreNoData() throws {
        let harbour = try RelayHarbour {
            $0.timeouts.ping = .milliseconds(50)
            $0.timeouts.idle = .seconds(1)
        }
        let client = harbour.client()
        try client.begun()
        #expect(try client.toTheEnd().closeCode == 4408)
        #expect(client.inbox.snapshot.received.pings > 1)
    }

    /// Each time after the same while, however long an answer may take.
    @Test func whoAnswersPingsMayBeSilentAndIsPingedAgain() throws {
        let harbour = try RelayHarbour {
            $0.timeouts.ping = .milliseconds(50)
            $0.timeouts.pong = .seconds(60)
        }
        let client = harbour.client()
        try client.begun()
        let pinged = client.inbox.wait(upTo: RelayHarbour.patience) { $0.received.pings >= 5 ? true : nil }
        #expect(pinged == true)
        _ = try harbour.session { $0.received.pings >= 5 }
        #expect(harbour.sessions(comingTo: 1) == 1)
    }

    @Test func aSessionEndsWhenItsTimeIsOverHoweverBusyItIs() throws {
        let harbour = try RelayHarbour { $0.timeouts.session = .seconds(1) }
        let client = harbour.client()
        try client.begun()
        var events: [ClientEvent] = []
        while events.closeCode == nil {
            client.send(binary: [UInt8](repeating: 1, count: 3200))
            if let event = client.next(within: .milliseconds(20)) { events.append(event) }
        }
        #expect(events.closeCode == 3008)
        let message = try #require(events.messages.last)
        #expect(message["type"] == "Error" && message["error_code"] == 3008)
        #expect(try harbour.session().ending == .terminated)
    }

    @Test func aClientThatIsThereNoMoreIsNoticed() throws {
        let harbour = try RelayHarbour {
            $0.timeouts.ping = Self.short
            $0.timeouts.pong = Self.short
        }
        let client = harbour.client()
        try client.begun()
        client.stopReading()
        #expect(try harbour.session().ending == .terminated)
        #expect(try harbour.log.line("session-ended")["ending"] == "client-silent")
        #expect(harbour.sessions(comingTo: 0) == 0)
    }

    @Test func aProviderThatIsThereNoMoreIsNoticed() throws {
        let harbour = try RelayHarbour {
            $0.timeouts.ping = Self.short
            $0.timeouts.pong = Self.short
        }
        harbour.standIn.fail("eu", with: [Fault(.stopReading)])
        let client = harbour.client()
        try client.begun()
        let events = try client.toTheEnd()
        #expect(events.closeCode == 1014)
        #expect(events.messages.last?["refusal"] == "upstream-silent")
    }

    // MARK: The dial

    @Test func aFirstWordThatDoesNotComeIsNotWaitedFor() throws {
        let harbour = try RelayHarbour {
            $0.timeouts.handshake = .seconds(1)
            $0.timeouts.terminate = Self.short
        }
        harbour.standIn.fail("eu", with: [Fault(.slowBegin(milliseconds: 60_000))])
        #expect(try ends(harbour.client(), within: .seconds(10)) == 4504)
        #expect(try harbour.session().received.textMessages == 1)  // Terminate
    }

    @Test func aServerThatSpeaksNoTLSIsNotWaitedFor() throws {
        let harbour = try RelayHarbour { $0.adjustZone = { zone, _ in zone.connectTimeout = Self.short } }
        harbour.standIn.fail("eu", with: [Fault(.silence, at: .accept)])
        #expect(try ends(harbour.client(), within: .seconds(10)) == 4504)
    }

    @Test func aConnectionThatIsNotMadeIsNotWaitedFor() throws {
        let full = try FullListener()
        let harbour = try RelayHarbour {
            $0.adjustZone = { zone, _ in
                zone.connectTimeout = Self.short
                zone.endpoints = [try Endpoint("wss://localhost:\(full.port)/v3/ws", in: zone.zone)]
            }
        }
        #expect(try ends(harbour.client(), within: .seconds(10)) == 4504)
    }

    // MARK: The end

    @Test func aLastWordThatDoesNotComeIsNotWaitedFor() throws {
        let harbour = try RelayHarbour { $0.timeouts.terminate = Self.short }
        harbour.standIn.fail("eu", with: [Fault(.noTermination)])
        let client = harbour.client()
        try client.begun()
        client.close(.normal)
        #expect(try client.toTheEnd().closeCode == 1000)
        let session = try harbour.session()
        #expect(session.received.textMessages == 1)  // Terminate
        #expect(session.closeReceived == 1000)
    }

    /// The close code that the client is told, once the connection is over; it must be within `limit`, which is far
    /// more than the timeout that is to bring it about and less than any other.
    private func ends(_ client: StandInClient, within limit: Duration) throws -> UInt16? {
        let begin = MonotonicClock.now()
        let events = try client.toTheEnd()
        #expect(MonotonicClock.now().duration(since: begin) < limit)
        return events.closeCode
    }
}

/// A port whose listener takes no more connections: the next one's handshake is left without an answer.
private final class FullListener {
    let port: UInt16
    private let listener: Descriptor
    private var waiting: [Int32] = []

    init() throws {
        listener = try Socket.listen(.loopback(port: 0), backlog: 0)
        port = try Socket.localAddress(listener.raw).port
        // Linux takes one more than the backlog says.
        for _ in 0..<4 { waiting.append(try Socket.connect(.loopback(port: port)).release()) }
    }

    deinit {
        for socket in waiting { close(socket) }
    }
}
