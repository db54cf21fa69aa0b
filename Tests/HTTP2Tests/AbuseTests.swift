import Bytes
import HTTP
import StandIn
import Testing
import Timing
import WebSocket

@testable import HTTP2

/// Whoever makes us work for nothing is sent away with ENHANCE_YOUR_CALM, after a number of frames that is known; whoever
/// works hard is not.
@Suite struct AbuseTests {
    // Streams.

    // CVE-2023-44487
    @Test func rapidResets() {
        let frames = attack { HTTP2Frame.head(request, stream: $0) + HTTP2Frame.reset($0) }
        #expect(frames == .init(rounds: 909, words: Suspicion.Act.resetStream.words))
    }

    // CVE-2025-8671
    @Test func resetsByOurOwnHand() {
        let tooMuch = request + [("content-length", "0")]
        let frames = attack { HTTP2Frame.head(tooMuch, stream: $0, isLast: false) + data($0, [1]) }
        #expect(frames == .init(rounds: 909, words: Suspicion.Act.provokedReset.words))
        let overflow = attack {
            HTTP2Frame.head(request, stream: $0, isLast: false) + HTTP2Frame.windowUpdate($0, by: 0x7FFF_FFFF)
        }
        #expect(overflow?.words == Suspicion.Act.provokedReset.words)
        #expect((800...910).contains(overflow?.rounds ?? 0))
        let malformed = attack { HTTP2Frame.head(request + [("Upper", "case")], stream: $0) }
        #expect(malformed == .init(rounds: 909, words: Suspicion.Act.provokedReset.words))
    }

    @Test func streamsBeyondTheLimitOfAClientThatDoesNotAcknowledgeIt() {
        let pair = Pair(HTTP2Settings(maxConcurrentStreams: 10))
        pair.feed(HTTP2Frame.preface + HTTP2Frame.settings())
        let frames = attack(pair) { HTTP2Frame.head(request, stream: $0) }
        #expect(frames?.words == Suspicion.Act.provokedReset.words)
        #expect((900...930).contains(frames?.rounds ?? 0))
    }

    @Test func requestsWithoutEnd() {
        let frames = attack(answered) { HTTP2Frame.head(request, stream: $0) }
        #expect(frames == .init(rounds: 9_990, words: Suspicion.Act.openedStream.words))
    }

    // Frames that are answered, or make work.

    @Test(
        arguments: [
            // CVE-2019-9512
            ("ping", HTTP2Frame.frame(.ping, [UInt8](repeating: 0, count: 8)), .pinged, 10_000),
            (
                "answers to no ping",
                HTTP2Frame.frame(.ping, flags: HTTP2Frame.acknowledgement, [UInt8](repeating: 0, count: 8)), .pinged,
                10_000
            ),
            // CVE-2019-9515; one SETTINGS came before
            ("settings", HTTP2Frame.settings(), .sentSettings, 999),
            ("windows of all streams", HTTP2Frame.settings([(4, 0)]), .sentSettings, 999),
            // CVE-2019-9513
            ("priority", HTTP2Frame.frame(.priority, stream: 1, [0, 0, 0, 3, 7]), .sentPriority, 9_990),
            ("priority update", HTTP2Frame.frame(type: 0x10, [0, 0, 0, 1] + Array("u=1".utf8)), .sentPriority, 9_990),
            ("unknown", HTTP2Frame.frame(type: 0xEE, [1, 2, 3]), .sentOtherFrame, 9_990),
            ("goaway", HTTP2Frame.frame(.goAway, [UInt8](repeating: 0, count: 8)), .sentOtherFrame, 9_990),
            // the connection's window, until it overflows, which is long after
            ("window by one", HTTP2Frame.windowUpdate(0, by: 1), .updatedWindow, 9_993),
        ] as [(String, [UInt8], Suspicion.Act, Int)])
    func framesWithoutEnd(name: String, frame: [UInt8], act: Suspicion.Act, atMost: Int) throws {
        let pair = Pair.opened()
        _ = try socket(pair)
        let frames = attack(pair, size: 100) { _ in frame }
        #expect(frames?.words == act.words)
        #expect((atMost - 20...atMost + 20).contains(frames?.rounds ?? 0), "\(frames?.rounds ?? 0)")
    }

    // CVE-2019-9518
    @Test(arguments: [HTTP2Frame.frame(.data, stream: 1), HTTP2Frame.frame(.data, flags: 8, stream: 1, [3, 0, 0, 0])])
    func dataWithoutData(frame: [UInt8]) throws {
        let pair = Pair.opened()
        #expect(try socket(pair).rawValue == 1)
        let frames = attack(pair, size: 100) { _ in frame }
        #expect(frames?.words == Suspicion.Act.sentEmptyData.words)
        #expect((9_980...10_000).contains(frames?.rounds ?? 0))
    }

    /// Nothing is taken of what is owed.
    @Test func answersThatNobodyTakes() {
        let pair = Pair.opened()
        var count = 0
        while pair.failure == nil, count < 100_000 {
            pair.feed(HTTP2Frame.frame(.ping, [UInt8](repeating: 0, count: 8)))
            count += 1
        }
        #expect(pair.failure == HTTP2Error(.ignoredAnswers))
        #expect(count == 1001)
    }

    @Test func moreAnswersThanOneReadMayMakeDue() {
        let pair = Pair.opened()
        pair.feed((0..<3800).flatMap { _ in HTTP2Frame.frame(.ping, [UInt8](repeating: 0, count: 8)) })
        #expect(pair.failure == HTTP2Error(.ignoredAnswers))
    }

    @Test func settingsOfManyEntries() {
        let pair = Pair.opened()
        pair.feed(HTTP2Frame.settings((0..<33).map { (UInt16($0), 0) }))
        #expect(pair.failure?.code == .enhanceYourCalm)
    }

    // Windows.

    // CVE-2019-9511
    @Test func aWindowThatIsOpenedByAByteAtATime() throws {
        let pair = Pair()
        pair.feed(HTTP2Frame.preface + HTTP2Frame.settings([(4, 0)]))
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
            server.send([UInt8](repeating: 0, count: 100_000).span.bytes, on: stream)
        }
        pair.feed(HTTP2Frame.head(request, stream: 1))
        let frames = attack(pair) { _ in HTTP2Frame.windowUpdate(1, by: 1) }
        #expect([Suspicion.Act.updatedWindow.words, Suspicion.Act.tookSliver.words].contains(frames?.words))
        #expect((4_990...5_010).contains(frames?.rounds ?? 0), "\(frames?.rounds ?? 0)")
    }

    // CVE-2019-9517
    @Test func manyStreamsHeldWithEmptyWindows() throws {
        let pair = Pair()
        pair.feed(HTTP2Frame.preface + HTTP2Frame.settings([(4, 0)]))
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
            server.send(([1] as [UInt8]).span.bytes, on: stream)
        }
        for number: Int32 in 0..<100 { pair.feed(HTTP2Frame.head(request, stream: 2 * number + 1)) }
        pair.carryToClient()
        var seconds = 0
        var failure: HTTP2Error?
        while failure == nil, seconds < 1000 {
            seconds += 1
            pair.now = pair.now + .seconds(1)
            do throws(HTTP2Error) { try pair.server.checkHeldStreams(now: pair.now) } catch { failure = error }
        }
        #expect(failure == HTTP2Error(.heldStream))
        #expect((14...17).contains(seconds), "\(seconds)")
        pair.carryToClient()
        #expect(pair.server.isFinished)
    }

    @Test func aFewHeldStreamsAreSlownessAndNoMore() throws {
        let pair = Pair()
        pair.feed(HTTP2Frame.preface + HTTP2Frame.settings([(4, 0)]))
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
            server.send(([1] as [UInt8]).span.bytes, on: stream)
        }
        for number: Int32 in 0..<20 { pair.feed(HTTP2Frame.head(request, stream: 2 * number + 1)) }
        for _ in 0..<1000 {
            pair.now = pair.now + .seconds(1)
            try pair.server.checkHeldStreams(now: pair.now)
        }
    }

    // Heads.

    // CVE-2024-27316, CVE-2024-28182
    @Test func aHeadWithoutEnd() {
        let pair = Pair.opened()
        pair.feed(HTTP2Frame.frame(.headers, stream: 1, HTTP2Frame.block(request)))
        let frames = attack(pair) { _ in HTTP2Frame.frame(.continuation, stream: 1, HTTP2Frame.block([("a", "b")])) }
        #expect(frames == .init(rounds: 9, words: Suspicion.Act.sentEndlessHead.words))
    }

    @Test func aHeadWithoutEndByteByByte() {
        let pair = Pair.opened()
        pair.feed(HTTP2Frame.frame(.headers, stream: 1, HTTP2Frame.block(request)))
        var count = 0
        while pair.failure == nil, count < 100 {
            for byte in HTTP2Frame.frame(.continuation, stream: 1, HTTP2Frame.block([("a", "b")])) { pair.feed([byte]) }
            count += 1
        }
        #expect(count == 9)
        #expect(pair.failure?.code == .enhanceYourCalm)
    }

    @Test func manyHeadsInPieces() {
        let frames = attack(answered) { stream in
            HTTP2Frame.frame(.headers, flags: HTTP2Frame.endStream, stream: stream)
                + HTTP2Frame.frame(.continuation, stream: stream)
                + HTTP2Frame.frame(
                    .continuation, flags: HTTP2Frame.endHeaders, stream: stream, HTTP2Frame.block(request))
        }
        #expect(frames?.words == Suspicion.Act.sentContinuation.words)
        #expect((470...480).contains(frames?.rounds ?? 0))
    }

    // CVE-2016-1544: one field of 4 KiB, remembered, and then named by a byte each time.
    @Test func aBombOfCompressedFields() {
        let pair = Pair.opened()
        let name = "x"
        let size = 4000
        let remembered: [UInt8] =
            [0x40, 1] + Array(name.utf8) + [127, UInt8((size - 127) & 127 | 128), UInt8((size - 127) >> 7)]
        let value = [UInt8](repeating: UInt8(ascii: "a"), count: size)
        pair.feed(
            HTTP2Frame.frame(
                .headers, flags: 5, stream: 1, HTTP2Frame.block(request) + remembered + value))
        #expect(pair.recorder.events.count == 1)
        var rounds = 0
        while pair.failure == nil, rounds < 100 {
            rounds += 1
            let bomb = [UInt8](repeating: 0xBE, count: 16_000)
            pair.feed(
                HTTP2Frame.frame(.headers, flags: 5, stream: Int32(2 * rounds + 1), HTTP2Frame.block(request) + bomb))
        }
        #expect(pair.failure == HTTP2Error(.sentUselessFields))
        #expect(rounds == 1)
    }

    @Test func aMillionSmallFields() {
        let small = [UInt8](repeating: 0, count: 0) + [0x00, 1, UInt8(ascii: "a"), 0]
        let pair = Pair.opened()
        var sent = 0
        var stream: Int32 = 1
        while pair.failure == nil, sent < 1_000_000 {
            let fields = [[UInt8]](repeating: small, count: 4000).joined()
            pair.feed(HTTP2Frame.frame(.headers, flags: 5, stream: stream, HTTP2Frame.block(request) + fields))
            sent += 4000
            stream += 2
            pair.carryToClient()
        }
        #expect(pair.failure?.code == .enhanceYourCalm)
        #expect(sent == 12_000)
    }

    // The honest.

    /// With a tenth of the budget, so that the whole of it is never near.
    private var aTenth: HTTP2Settings {
        HTTP2Settings(suspicion: TokenBucket.Rule(size: 1000, interval: Suspicion.defaultRule.interval))
    }

    /// A hundred sessions of ten small frames a second each way, every one of which the client answers with two
    /// WINDOW_UPDATE frames, as the simplest clients do; pings; two sessions a second that end and begin anew; and a page
    /// that is closed.
    @Test func aBusyHonestClientIsNeverSuspected() throws {
        var windows = HTTP2ClientConnection.Settings()
        windows.windows = .byFrames
        let pair = Pair.opened(aTenth, client: windows)
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
        }
        pair.recorder.onBytes = { server, bytes, stream in
            server.send([UInt8](repeating: 7, count: 150).span.bytes, on: stream)
            server.consumed(bytes.count, of: stream)
        }
        pair.recorder.onEnd = { server, stream in server.finish(stream) }
        var sockets = try (0..<100).map { try open(pair, "\($0)") }
        var received = 0
        for second in 0..<20 {
            for _ in 0..<10 {
                for socket in sockets { pair.client.send([UInt8](repeating: 1, count: 320), on: socket) }
                pair.exchange()
                received += bytes(pair.client.takeEvents())
                pair.now = pair.now + .milliseconds(100)
            }
            pair.client.ping()
            for place in [second % 100, (second + 50) % 100] {
                pair.client.finish(sockets[place])
                sockets[place] = try open(pair, "\(second).\(place)")
            }
            try pair.server.checkHeldStreams(now: pair.now)
        }
        for socket in sockets { pair.client.reset(socket) }
        pair.exchange()
        #expect(pair.failure == nil)
        #expect(pair.client.failure == nil)
        #expect(received == 20 * 10 * 100 * 150)
        #expect(pair.server.streamCount == 0)
    }

    private func bytes(_ events: [HTTP2ClientEvent]) -> Int {
        events.reduce(0) { sum, event in
            if case .received(let bytes, _) = event { sum + bytes.count } else { sum }
        }
    }

    /// A browser that reads a large answer through a small window has frames cut off by it all the time.
    @Test func aLargeAnswerThroughASmallWindowIsNotSuspected() throws {
        var windows = HTTP2ClientConnection.Settings()
        windows.streamWindowBytes = 65_535
        let pair = Pair.opened(aTenth, client: windows)
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
            server.send([UInt8](repeating: 7, count: 20 << 20).span.bytes, on: stream)
            server.finish(stream)
        }
        let stream = try pair.get()
        pair.exchange()
        #expect(pair.failure == nil)
        #expect(pair.client.answer(on: stream).bytes.count == 20 << 20)
    }

    /// A back end that mints tokens over one connection.
    @Test func manyRequestsOverTimeAreNotSuspected() throws {
        let pair = Pair.opened(aTenth)
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: true)
        }
        for _ in 0..<5000 {
            _ = try pair.get()
            pair.exchange()
            pair.now = pair.now + .milliseconds(4)
        }
        #expect(pair.failure == nil)
    }

    // What it takes to attack.

    private struct Outcome: Equatable {
        /// How many times the attack was made, the last one included.
        let rounds: Int
        let words: String
    }

    /// Does it again and again, reading what comes back, until the connection ends with ENHANCE_YOUR_CALM; nil when it
    /// never does or ends otherwise. Time stands still. Each round has a stream of its own.
    private func attack(_ pair: Pair = .opened(), size: Int = 1, _ frames: (Int32) -> [UInt8]) -> Outcome? {
        var rounds = 0
        while pair.failure == nil, rounds < 200_000 {
            var bytes: [UInt8] = []
            for _ in 0..<size {
                bytes += frames(Int32(2 * rounds + 1))
                rounds += 1
            }
            pair.feed(bytes)
            pair.carryToClient()
        }
        guard let failure = pair.failure, failure.code == .enhanceYourCalm else { return nil }
        pair.carryToClient()
        #expect(pair.server.isFinished)
        // GOAWAY: the last stream, then the code.
        guard let last = pair.sentFrames.last, last.type == 7, last.payload[4...7] == [0, 0, 0, 0xB] else { return nil }
        return Outcome(rounds: rounds, words: failure.detail)
    }

    /// A pair whose server answers every request at once.
    private var answered: Pair {
        let pair = Pair.opened()
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 404), isLast: true)
        }
        return pair
    }

    private let request = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a")]

    private func data(_ stream: Int32, _ bytes: [UInt8]) -> [UInt8] {
        HTTP2Frame.frame(.data, stream: stream, bytes)
    }

    private func socket(_ pair: Pair) throws -> HTTP2StreamID {
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
        }
        let stream = try open(pair, "0")
        pair.exchange()
        return stream
    }

    private func open(_ pair: Pair, _ name: String) throws -> HTTP2StreamID {
        pair.client.request(
            OpeningHandshake.connectRequest(target: try RequestTarget("/v3/ws?n=\(name)"), host: "a"), isLast: false)
    }
}
