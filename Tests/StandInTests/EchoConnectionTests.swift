import StandIn
import Testing
import WebSocket

@Suite struct EchoConnectionTests {
    @Test func framesComeBackAsTheyWere() throws {
        let bed = try TestBed(isSecure: true) { $0.mode = .echoFrames }
        let client = bed.client()
        client.send(.text, fragments: [Array("He".utf8), [], Array("llo".utf8)])
        client.send(binary: [UInt8](repeating: 7, count: 200_000))
        let big = [UInt8](repeating: 8, count: 300_000)
        client.send(.binary, fragments: [big, big])
        client.close(.normal, reason: "done")
        let events = client.rest()
        #expect(events.dropFirst().first == .text("Hello"))
        #expect(events.suffix(2) == [.close(ClosePayload(code: .normal, reason: "done")), .ended("closed")])
        let inbox = client.inbox.snapshot
        #expect(inbox.received == inbox.sent && inbox.sent.frames == 6)
        let session = try bed.session()
        #expect(session.received == session.sent && session.ending == .terminated)
    }

    @Test func messagesComeBackWhole() throws {
        let bed = try TestBed { $0.mode = .echo }
        let client = bed.client()
        client.send(.text, fragments: [Array("He".utf8), Array("llo".utf8)])
        client.close(.normal)
        #expect(client.rest().contains(.text("Hello")))
        #expect(client.inbox.snapshot.received.frames == 1)
    }

    @Test func pingsAreAnswered() throws {
        let bed = try TestBed { $0.mode = .echo }
        let client = bed.client()
        client.ping([1, 2])
        guard case .opened = client.next() else { throw TestBed.Unanswered() }
        #expect(client.next() == .pong([1, 2]))
    }

    @Test func textThatIsNotUTF8FailsTheConnection() throws {
        let bed = try TestBed { $0.mode = .echo }
        let client = bed.client()
        client.send(.text, [0xC0, 0xAF])
        guard case .close(let payload) = client.rest().dropFirst().first else { throw TestBed.Unanswered() }
        #expect(payload.code == .invalidPayload)
    }

    @Test func aClientThatReadsSlowlyGetsEverything() throws {
        let bed = try TestBed { $0.mode = .echo }
        let client = bed.client()
        client.stopReading()
        let message = [UInt8](repeating: 9, count: 1 << 20)
        for _ in 1...16 { client.send(binary: message) }
        client.resumeReading()
        client.close(.normal)
        #expect(client.rest(within: .seconds(10)).count { $0 == .binary(message) } == 16)
    }
}
