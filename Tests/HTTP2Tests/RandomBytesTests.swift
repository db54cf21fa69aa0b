import Bytes
import HTTP
import RelayTestKit
import StandIn
import Testing
import Timing

@testable import HTTP2

/// Whatever a client sends and however the delegate behaves, nothing traps, nothing is said of a stream that is gone, and
/// memory stays within the windows.
@Suite struct RandomBytesTests {
    /// Two of three clients speak HTTP/2, so that they last; every third sends anything at all.
    @Test(arguments: 0..<240) func nothingThatAClientSendsTraps(seed: Int) {
        var client = RandomClient(seed: seed)
        var now = Instant(nanoseconds: 1)
        let settings = HTTP2Settings(
            maxConcurrentStreams: 200, streamWindowBytes: 1000, head: HTTPLimits(maxHeadBytes: 500, maxFields: 10))
        let server = HTTP2Connection(settings: settings, now: now)
        let delegate = Whimsical(server, seed: UInt64(seed))
        server.delegate = delegate
        var rounds = 0
        while rounds < 300, server.failure == nil {
            rounds += 1
            now = now + .milliseconds(client.random(0...20))
            let bytes = client.next()
            // What is thrown is in `failure` as well.
            try? server.receive(bytes.span.bytes, now: now)
            if client.random(0...9) == 0 { try? server.checkHeldStreams(now: now) }
            var output = ByteQueue()
            if client.random(0...1) == 0 { server.take(into: &output, limit: client.random(0...5000)) }
        }
        var output = ByteQueue()
        server.take(into: &output, limit: .max)
        if server.failure != nil { #expect(server.isFinished) }
        #expect(delegate.faults.isEmpty)
        #expect(delegate.unconsumed.values.allSatisfy { $0 <= 1000 })
        if !client.isWild { #expect(rounds > 50 || server.failure?.isAbuse == true, "\(server.failure as Any)") }
    }
}

/// A client that does one thing after another without sense, in pieces of any size.
private struct RandomClient {
    let isWild: Bool
    private var generator: SeededGenerator
    private var newest: Int32 = -1
    private var pending: [UInt8]

    init(seed: Int) {
        isWild = seed % 3 == 0
        generator = SeededGenerator(seed: UInt64(seed))
        pending = HTTP2Frame.preface + (seed % 12 == 0 ? [] : HTTP2Frame.settings())
    }

    mutating func random(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &generator)
    }

    /// The next piece of what it sends.
    mutating func next() -> [UInt8] {
        pending += isWild ? wildFrame() : frame()
        let count = random(0...pending.count)
        defer { pending.removeFirst(count) }
        return Array(pending.prefix(count))
    }

    private mutating func frame() -> [UInt8] {
        guard newest > 0 else { return request() }
        let stream = max(1, newest - Int32(2 * random(0...20)))
        switch random(0...19) {
        case 0...5: return request()
        case 6...11:
            return HTTP2Frame.frame(.data, stream: stream, [UInt8](repeating: 7, count: random(0...100)))
        case 12: return HTTP2Frame.reset(stream)
        case 13: return HTTP2Frame.settings([(4, UInt32(random(0...70_000)))])
        case 14, 15: return HTTP2Frame.windowUpdate(stream, by: UInt32(random(1...5000)))
        case 16: return HTTP2Frame.windowUpdate(0, by: UInt32(random(1...5000)))
        case 17: return HTTP2Frame.frame(.priority, stream: stream, [0, 0, 0, 0, 9])
        case 18: return HTTP2Frame.frame(.ping, [UInt8](repeating: 0, count: 8))
        default: return HTTP2Frame.frame(type: 0xEE, stream: stream, [UInt8](repeating: 1, count: random(0...50)))
        }
    }

    private mutating func request() -> [UInt8] {
        newest += 2
        let fields = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a")]
        let more = (0..<random(0...12)).map { ("x\($0)", String(repeating: "y", count: $0 * 10)) }
        return HTTP2Frame.head(fields + more, stream: newest, isLast: false)
    }

    private mutating func wildFrame() -> [UInt8] {
        guard random(0...9) < 3 else { return frame() }
        let payload = (0..<random(0...40)).map { _ in UInt8.random(in: 0...255, using: &generator) }
        guard random(0...4) > 0 else { return payload }
        return HTTP2Frame.frame(
            type: UInt8(random(0...12)), flags: UInt8(random(0...255)), stream: Int32(random(0...40)), payload)
    }
}

/// Does anything at any time, and notes what should not have been said.
private final class Whimsical: HTTP2Delegate {
    private(set) var faults: [String] = []
    private(set) var unconsumed: [HTTP2StreamID: Int] = [:]
    private var live: Set<HTTP2StreamID> = []
    private unowned let server: HTTP2Connection
    private var random: SeededGenerator

    init(_ server: HTTP2Connection, seed: UInt64) {
        self.server = server
        random = SeededGenerator(seed: seed &+ 1)
    }

    func requested(_ head: RequestHead, on stream: HTTP2StreamID, isLast: Bool) {
        if !live.insert(stream).inserted { faults.append("\(stream) requested twice") }
        act()
    }

    func refused(_ error: HTTPError, on stream: HTTP2StreamID) {
        if !live.insert(stream).inserted { faults.append("\(stream) refused twice") }
        act()
    }

    func received(_ bytes: RawSpan, on stream: HTTP2StreamID) {
        expectLive(stream)
        unconsumed[stream, default: 0] += bytes.byteCount
        act()
    }

    func ended(_ stream: HTTP2StreamID) {
        expectLive(stream)
        act()
    }

    func closed(_ stream: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        if live.remove(stream) == nil { faults.append("\(stream) closed twice") }
        unconsumed[stream] = nil
        act()
    }

    func wrote(_ stream: HTTP2StreamID) {
        expectLive(stream)
        act()
    }

    private func expectLive(_ stream: HTTP2StreamID) {
        if !live.contains(stream) { faults.append("\(stream) is gone") }
    }

    private func act() {
        let stream = live.randomElement(using: &random) ?? HTTP2StreamID(rawValue: 1)
        let bytes = [UInt8](repeating: 7, count: Int.random(in: 0...3000, using: &random))
        switch Int.random(in: 0..<14, using: &random) {
        case 0...3: server.respond(to: stream, with: ResponseHead(status: 200), isLast: Bool.random(using: &random))
        case 4...6: server.send(bytes.span.bytes, on: stream)
        case 7: server.finish(stream)
        case 8: server.finish(stream, thenReset: .cancel)
        case 9: server.reset(stream, .internalError)
        case 10, 11:
            let count = unconsumed[stream] ?? 0
            unconsumed[stream] = nil
            server.consumed(count, of: stream)
        case 12 where Int.random(in: 0..<100, using: &random) == 0: server.goAway(.noError)
        default: _ = server.queuedBytes(of: stream)
        }
    }
}
