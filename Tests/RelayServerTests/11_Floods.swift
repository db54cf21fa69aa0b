import Bytes
import Configuration
import Reactor
import RelayTestKit
import StandIn
import TLS
import Testing
import Timing
import WebSocket

/// Peers that send without end, or read nothing: it costs them their own session at most.
@Suite("11 Floods", .overEachHTTP) struct Floods {
    /// More than the system's buffers on both legs and the stand-in's own take.
    static let flood = 64 << 20

    @Test func aClientThatReadsNothingStopsItsOwnProviderAndNothingElse() throws {
        let harbour = try RelayHarbour { $0.makeNeighbours() }
        harbour.standIn.fail("eu", with: [Fault(.flood(isText: false, bytes: 4096))])
        let client = harbour.client("acme")
        try client.begun()
        client.stopReading()
        let neighbours = try Neighbours(in: harbour)

        let taken = try neighbours.untilItRests { try harbour.session { _ in true }.sent.bytes }
        #expect(taken < Self.flood)
        // Upward everything goes on.
        for _ in 1...50 { client.send(binary: [UInt8](repeating: 1, count: 3200)) }
        _ = try harbour.session { $0.received.bytes == 50 * 3200 }
    }

    @Test func aProviderThatReadsNothingStopsItsOwnClientAndNothingElse() throws {
        let harbour = try RelayHarbour { $0.makeNeighbours() }
        harbour.standIn.fail("eu", with: [Fault(.stopReading), Fault(.flood(isText: false, bytes: 200))])
        let client = harbour.client("acme")
        try client.begun()
        let neighbours = try Neighbours(in: harbour)

        let audio = frame(.binary, [UInt8](repeating: 1, count: 32_000))
        for _ in 0..<Self.flood / audio.count { client.send(raw: audio) }
        client.ping()
        _ = client.inbox.wait(upTo: RelayHarbour.patience) { $0.sent.pings == 1 ? true : nil }
        let waiting = try neighbours.untilItRests { client.inbox.snapshot.queuedBytes }
        #expect(waiting > 0)
        // Downward everything goes on.
        let before = client.inbox.snapshot.received.frames
        let goesOn = client.inbox.wait(upTo: RelayHarbour.patience) { $0.received.frames > before + 100 ? true : nil }
        #expect(goesOn == true)
    }

    @Test func aClientThatReadsNothingForTooLongIsToldIfItEverReadsOn() throws {
        let harbour = try RelayHarbour { $0.timeouts.stall = .milliseconds(500) }
        harbour.standIn.fail("eu", with: [Fault(.flood(isText: false, bytes: 4096))])
        let client = harbour.client()
        try client.begun()
        client.stopReading()
        _ = try harbour.session { $0.received.textMessages == 1 }  // Terminate
        client.resumeReading()
        #expect(try client.toTheEnd().closeCode == 4413)
        #expect(try harbour.log.line("session-ended")["ending"] == "client-stalled")
    }

    @Test func aProviderThatReadsNothingForTooLongIsGivenUp() throws {
        let harbour = try RelayHarbour { $0.timeouts.stall = .milliseconds(500) }
        harbour.standIn.fail("eu", with: [Fault(.stopReading)])
        let client = harbour.client()
        try client.begun()
        let audio = frame(.binary, [UInt8](repeating: 1, count: 32_000))
        for _ in 0..<Self.flood / audio.count { client.send(raw: audio) }
        let events = try client.toTheEnd()
        #expect(events.closeCode == 1014)
        #expect(events.messages.last?["refusal"] == "upstream-stalled")
    }

    @Test func aFloodOfPingsIsAnsweredWithoutGrowing() throws {
        let harbour = try RelayHarbour { $0.makeNeighbours() }
        let client = try harbour.echoClient()
        let ping = FrameSerializer.frame(opcode: .ping, payload: Array("ping".utf8), mask: 0)
        let last = FrameSerializer.frame(opcode: .ping, payload: Array("last".utf8), mask: 0)
        let count = 50_000
        client.send(raw: Array(repeatElement(ping, count: count).joined()) + last)
        #expect(try client.roundTrip("still here"))
        let pongs = client.inbox.snapshot.received.pongs
        #expect(pongs <= count + 1)
        #expect(client.inbox.snapshot.events.isEmpty)
    }

    /// Of several pings only the most recent need be answered (RFC 6455 §5.5.3).
    @Test func aClientThatReadsNoPongsMakesNoneOfThemWait() throws {
        let harbour = try RelayHarbour { $0.makeNeighbours() }
        let client = try harbour.echoClient()
        client.stopReading()
        let ping = FrameSerializer.frame(opcode: .ping, payload: [UInt8](repeating: 7, count: 125), mask: 0)
        let flood = Array(repeatElement(ping, count: 1000).joined())
        for _ in 0..<24 << 20 / flood.count { client.send(raw: flood) }
        client.send(text: "behind them")
        _ = try harbour.wait { $0.sessions(in: "edge").contains { $0.received.textMessages == 1 } ? true : nil }
        try Neighbours(in: harbour).goAround()
        client.resumeReading()
        #expect(try client.roundTrip("still here"))
        // As many as the system's buffers hold: the answers to all would be more.
        #expect(client.inbox.snapshot.received.pongs * ping.count < 12 << 20)
    }

    /// Frames that cost more to read than to send.
    @Test(arguments: ["empty messages", "one-byte messages", "empty fragments", "one-byte fragments"])
    func aFloodOfTinyFramesPassesUnchanged(kind: String) throws {
        let harbour = try RelayHarbour { $0.makeNeighbours() }
        let client = try harbour.echoClient()
        let count = 20_000
        let payload: [UInt8] = kind.hasPrefix("one-byte") ? [0x55] : []
        let isFragmented = kind.hasSuffix("fragments")
        let head: [UInt8] = isFragmented ? frame(.binary, fin: false, payload) : []
        let tail: [UInt8] = isFragmented ? frame(.continuation, payload) : []
        let body = isFragmented ? frame(.continuation, fin: false, payload) : frame(.binary, payload)
        client.send(raw: head + Array(repeatElement(body, count: count).joined()) + tail)

        let frames = isFragmented ? count + 2 : count
        let heard = try harbour.session(in: "edge") { $0.received.frames == frames }.received
        #expect(heard.binaryMessages == (isFragmented ? 1 : count))
        let back = client.inbox.wait(upTo: RelayHarbour.patience) { $0.received.frames == frames ? $0.received : nil }
        #expect(back?.digest == heard.digest)
    }

    private func frame(_ opcode: Opcode, fin: Bool = true, _ payload: [UInt8]) -> [UInt8] {
        FrameSerializer.frame(opcode: opcode, payload: payload, mask: 0, fin: fin)
    }
}

/// Clients that never come to the point: whatever they drip, the handshake's time is all they have.
@Suite("11 Slow handshakes") struct SlowHandshakes {
    static let handshake = Duration.seconds(1)
    private let harbour: RelayHarbour

    init() throws {
        harbour = try RelayHarbour {
            $0.makeNeighbours()
            $0.timeouts.handshake = Self.handshake
        }
    }

    @Test func thoseWhoSayNothingAreLeftWithoutAWord() throws {
        let begin = MonotonicClock.now()
        let clients = try (0..<100).map { number in
            number.isMultiple(of: 2) ? try harbour.wire() : try WireClient(port: harbour.port)
        }
        try Neighbours(in: harbour).goAround()
        for client in clients { #expect(client.readToEnd().isEmpty) }
        for client in clients { #expect(client.end == .reset) }
        #expect(MonotonicClock.now().duration(since: begin) > Self.handshake * 0.9)
    }

    @Test func thoseWhoStopInTheMiddleOfTheirRequestAreToldSo() throws {
        let client = try harbour.secureWire()
        client.send("GET /v3/ws HTTP/1.1\r\nHost: localhost\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 408 "))
        _ = client.readToEnd()
        #expect(client.end == .finished)
    }

    @Test func aRequestThatDripsIsNotWaitedFor() throws {
        let head = Array("GET /v3/ws HTTP/1.1\r\nX: \(String(repeating: "x", count: 5000))".utf8)
        for answer in try drip(head, port: harbour.plainPort) {
            #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 408 "))
        }
    }

    @Test func aTLSHelloThatDripsIsNotWaitedFor() throws {
        var hello = ByteQueue()
        try TLSConnection(client: harbour.trust, serverName: "localhost", sessionKey: "").start(output: &hello)
        let bytes = hello.withUnsafeBytes { [UInt8]($0.dropLast()) }
        for answer in try drip(bytes, port: harbour.port) { #expect(answer.isEmpty) }
    }

    /// Sends byte after byte on twenty connections, between messages of somebody who behaves, until the relay has ended
    /// them all; returns what it said to each.
    private func drip(_ bytes: [UInt8], port: UInt16) throws -> [[UInt8]] {
        let neighbours = try Neighbours(in: harbour, count: 1)
        let begin = MonotonicClock.now()
        let clients = try (0..<20).map { _ in try WireClient(port: port) }
        var waiting = clients
        var rest = bytes[...]
        while !waiting.isEmpty {
            let byte = rest.popFirst()
            for client in waiting { client.send(byte.map { [$0] } ?? []) }
            try neighbours.goAround(times: 1)
            waiting = waiting.filter { !$0.hasNews }
        }
        #expect(MonotonicClock.now().duration(since: begin) > Self.handshake * 0.9)
        return clients.map { $0.readToEnd() }
    }
}
