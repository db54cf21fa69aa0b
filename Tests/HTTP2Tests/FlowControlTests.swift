import Bytes
import HTTP
import HTTP2
import StandIn
import Testing
import WebSocket

/// Windows (RFC 9113 §5.2): what one stream does costs no other, and what a peer can make us hold is bounded.
@Suite struct FlowControlTests {
    @Test func aStreamThatIsNotConsumedHoldsItsWindowAndNoMore() throws {
        let pair = Pair.opened(HTTP2Settings(streamWindowBytes: 30_000))
        let (stalled, lively) = try sockets(pair)
        pair.recorder.onBytes = { server, bytes, stream in
            if stream != stalled { server.consumed(bytes.count, of: stream) }
        }
        pair.client.send([UInt8](repeating: 1, count: 1 << 20), on: stalled)
        pair.client.send([UInt8](repeating: 2, count: 4 << 20), on: lively)
        pair.exchange()
        #expect(pair.recorder.bytes(of: stalled).count == 30_000)
        #expect(pair.recorder.bytes(of: lively).count == 4 << 20)
        #expect(pair.client.queuedBytes(of: stalled) == 1 << 20 - 30_000)
        pair.server.consumed(30_000, of: stalled)
        pair.exchange()
        #expect(pair.recorder.bytes(of: stalled).count == 60_000)
    }

    @Test func aHundredStreamsOfWhichOneIsStalledCarryAsMuchAsNinetyNine() throws {
        let pair = Pair.opened(HTTP2Settings(maxConcurrentStreams: 100))
        let sockets = try (0..<100).map { try socket(pair, "\($0)") }
        pair.exchange()
        pair.recorder.onBytes = { server, bytes, stream in
            if stream != sockets[17] { server.consumed(bytes.count, of: stream) }
        }
        for socket in sockets { pair.client.send([UInt8](repeating: 3, count: 300_000), on: socket) }
        pair.exchange()
        for socket in sockets {
            #expect(pair.recorder.bytes(of: socket).count == (socket == sockets[17] ? 64 << 10 : 300_000))
        }
        #expect(pair.failure == nil)
    }

    @Test func whatAClientDoesNotReadWaitsHereAndHindersNoOther() throws {
        var windows = HTTP2ClientConnection.Settings()
        windows.windows = .held
        windows.streamWindowBytes = 20_000
        let pair = Pair.opened(client: windows)
        let (stalled, lively) = try sockets(pair)
        pair.server.send([UInt8](repeating: 1, count: 100_000).span.bytes, on: stalled)
        pair.server.send([UInt8](repeating: 2, count: 100_000).span.bytes, on: lively)
        var received = 0
        for _ in 0..<20 {
            pair.exchange()
            for event in pair.client.takeEvents() {
                guard case .received(let bytes, lively) = event else { continue }
                received += bytes.count
                pair.client.consume(bytes.count, of: lively)
            }
        }
        #expect(received == 100_000)
        #expect(pair.server.queuedBytes(of: lively) == 0)
        #expect(pair.server.queuedBytes(of: stalled) == 80_000)
    }

    @Test func streamsThatAllHaveMuchToSayTakeTurns() throws {
        var windows = HTTP2ClientConnection.Settings()
        windows.streamWindowBytes = 1 << 24
        windows.connectionWindowBytes = 1 << 24
        let pair = Pair.opened(client: windows)
        let all = try (0..<4).map { try socket(pair, "\($0)") }
        pair.exchange()
        for stream in all { pair.server.send([UInt8](repeating: 1, count: 1 << 20).span.bytes, on: stream) }
        pair.carryToClient(limit: 1 << 19)
        let counts = all.map { 1 << 20 - pair.server.queuedBytes(of: $0) }
        #expect(counts.allSatisfy { (7 * 16_384...9 * 16_384).contains($0) }, "\(counts)")
    }

    /// What a browser thinks is urgent must not starve what it thinks is not.
    @Test func whatAClientPrefersChangesNothing() throws {
        var windows = HTTP2ClientConnection.Settings()
        windows.streamWindowBytes = 1 << 24
        windows.connectionWindowBytes = 1 << 24
        let pair = Pair.opened(client: windows)
        let urgent = try socket(pair, "0", ["priority": "u=0"])
        let other = try socket(pair, "1", ["priority": "u=7"])
        pair.exchange()
        pair.feed(HTTP2Frame.frame(.priority, stream: other.rawValue, [0x80, 0, 0, 1, 0]))
        pair.feed(HTTP2Frame.frame(type: 0x10, [0, 0, 0, 3] + Array("u=7".utf8)))
        for stream in [urgent, other] { pair.server.send([UInt8](repeating: 1, count: 1 << 20).span.bytes, on: stream) }
        pair.carryToClient(limit: 1 << 18)
        let counts = [urgent, other].map { 1 << 20 - pair.server.queuedBytes(of: $0) }
        #expect(counts.allSatisfy { (7 * 16_384...9 * 16_384).contains($0) }, "\(counts)")
    }

    // RFC 9113 §5.2.1
    @Test func aStreamBeyondItsWindowIsResetAndTheOthersLive() throws {
        let pair = Pair.opened(HTTP2Settings(streamWindowBytes: 1000))
        let (greedy, other) = try sockets(pair)
        pair.feed(HTTP2Frame.frame(.data, stream: greedy.rawValue, [UInt8](repeating: 0, count: 1001)))
        pair.exchange()
        #expect(pair.recorder.events.contains(.closed(greedy, .flowControlError)))
        pair.client.send([1, 2, 3], on: other)
        pair.exchange()
        #expect(pair.recorder.bytes(of: other) == [1, 2, 3])
        #expect(pair.failure == nil)
    }

    private func sockets(_ pair: Pair) throws -> (HTTP2StreamID, HTTP2StreamID) {
        let both = (try socket(pair, "0"), try socket(pair, "1"))
        pair.exchange()
        return both
    }

    private func socket(_ pair: Pair, _ name: String, _ fields: HeaderFields = [:]) throws -> HTTP2StreamID {
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
        }
        return pair.client.request(
            OpeningHandshake.connectRequest(target: try RequestTarget("/v3/ws?n=\(name)"), host: "a", fields: fields),
            isLast: false)
    }
}
