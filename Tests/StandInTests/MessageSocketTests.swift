import StandIn
import Testing
import WebSocket

@Suite struct MessageSocketTests {
    @Test func messagesCanBeCutIntoFragments() throws {
        let bed = try TestBed()
        let client = bed.client("standin_fault=fragments:10")
        try client.begin()
        let session = try bed.session { $0.hasBegun }
        #expect(session.sent.textMessages == 1)
        #expect(session.sent.frames == (session.sent.bytes + 9) / 10)
    }

    @Test func nothingFollowsACloseFrame() throws {
        let bed = try TestBed { $0.mode = .echo }
        let client = bed.client()
        client.close(.normal)
        client.send(text: "late")
        client.ping()
        client.close(.goingAway)
        #expect(client.rest().count == 3)
        let session = try bed.session()
        #expect(session.closeReceived == 1000 && session.received == Traffic())
    }

    @Test func bothEndsCountTheSame() throws {
        let bed = try TestBed { $0.mode = .echoFrames }
        let client = bed.client()
        client.send(.text, fragments: [[0x61], [], [0x62]])
        client.ping([1])
        client.send(binary: [2])
        client.close(.normal)
        _ = client.rest()
        let (inbox, session) = (client.inbox.snapshot, try bed.session())
        #expect(session.received == inbox.sent && inbox.sent.pings == 1)
        #expect(session.sent == inbox.received.withoutPongs && inbox.received.pongs == 1)
    }
}

extension Traffic {
    /// Pongs are counted where they arrive only: they answer, nobody decides to send them.
    fileprivate var withoutPongs: Traffic {
        var traffic = self
        traffic.pongs = 0
        return traffic
    }
}
