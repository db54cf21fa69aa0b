import HTTP
import StandIn
import Testing
import WebSocket

@testable import HTTP2

/// What a client can get wrong, and how much of its connection it costs: RFC 9113's and RFC 8441's rules one by one.
@Suite struct RulesTests {
    // Malformed requests: RFC 9113 §8.1.1, a stream error of type PROTOCOL_ERROR.
    @Test(
        arguments: [
            // §8.2.1: names in small letters, and what values may hold
            ("an upper-case name", get + [("X-A", "b")]),
            ("a space in a name", get + [("x a", "b")]),
            ("a colon in a name", get + [("x:a", "b")]),
            ("an empty name", get + [("", "b")]),
            ("a line feed in a value", get + [("x", "a\nb")]),
            ("a NUL in a value", get + [("x", "a\0b")]),
            ("a space before a value", get + [("x", " a")]),
            ("a tab behind a value", get + [("x", "a\t")]),
            // §8.2.2: fields that speak of a connection
            ("connection", get + [("connection", "close")]),
            ("keep-alive", get + [("keep-alive", "1")]),
            ("proxy-connection", get + [("proxy-connection", "close")]),
            ("transfer-encoding", get + [("transfer-encoding", "chunked")]),
            ("upgrade", get + [("upgrade", "websocket")]),
            ("te with more than trailers", get + [("te", "gzip")]),
            // §8.3: pseudo-fields
            ("an unknown pseudo-field", get + [(":x", "y")]),
            ("a pseudo-field of responses", get + [(":status", "200")]),
            ("a pseudo-field behind a field", get.dropLast() + [("a", "b"), (":authority", "a")]),
            ("no method", without(":method", get)),
            ("no scheme", without(":scheme", get)),
            ("no path", without(":path", get)),
            ("neither authority nor host", without(":authority", get)),
            ("two methods", get + [(":method", "GET")]),
            ("two paths", get + [(":path", "/")]),
            ("two schemes", get + [(":scheme", "https")]),
            ("two authorities", get + [(":authority", "a")]),
            ("an empty path", without(":path", get) + [(":path", "")]),
            ("a path that is none", without(":path", get) + [(":path", "x")]),
            ("an empty authority", without(":authority", get) + [(":authority", "")]),
            ("a user in the authority", without(":authority", get) + [(":authority", "user name@a")]),
            ("a method that is no token", without(":method", get) + [(":method", "G,T")]),
            ("a space in the path", without(":path", get) + [(":path", "/a b")]),
            ("two hosts", without(":authority", get) + [("host", "a"), ("host", "b")]),
            // §8.5
            ("a CONNECT with a path and no protocol", without(":protocol", connect)),
            ("a CONNECT without an authority", [(":method", "CONNECT")]),
            // RFC 8441 §4
            ("a protocol on GET", get + [(":protocol", "websocket")]),
            ("two protocols", connect + [(":protocol", "websocket")]),
            ("an empty protocol", without(":protocol", connect) + [(":protocol", "")]),
            ("an extended CONNECT without a scheme", without(":scheme", connect)),
            ("an extended CONNECT without a path", without(":path", connect)),
            ("an extended CONNECT without an authority", without(":authority", connect) + [("host", "a")]),
            // §8.1.1
            ("two lengths", get + [("content-length", "0"), ("content-length", "0")]),
            ("a length that is none", get + [("content-length", "x")]),
            ("a length of no body", get + [("content-length", "5")]),
        ] as [(String, [(String, String)])])
    func aMalformedRequestIsResetAndTheConnectionLives(name: String, fields: [(String, String)]) throws {
        let pair = Pair.opened()
        pair.feed(HTTP2Frame.head(fields, stream: 1))
        pair.carryToClient()
        #expect(pair.recorder.events.isEmpty)
        let reset = try #require(pair.sentFrames.last)
        #expect(reset.type == 3)
        #expect(reset.stream == 1)
        #expect(reset.payload == [0, 0, 0, 1])
        try expectAlive(pair, next: 3)
    }

    // Requests that are well-formed and not taken: they are answered.
    @Test(
        arguments: [
            ("an ordinary CONNECT", [(":method", "CONNECT"), (":authority", "a:443")], .authorityFormTarget),
            (
                "an asterisk", [(":method", "OPTIONS"), (":scheme", "https"), (":path", "*"), (":authority", "a")],
                .asteriskFormTarget
            ),
            ("another scheme", without(":scheme", get) + [(":scheme", "ftp")], .schemeNotHTTP),
            ("a fragment", without(":path", get) + [(":path", "/a#b")], .fragmentInTarget),
            (
                "a letter in the path that belongs escaped", without(":path", get) + [(":path", "/a^b")],
                .invalidTargetCharacter
            ),
            ("half an escape", without(":path", get) + [(":path", "/%2")], .invalidPercentEscape),
            ("a host that is another authority", get + [("host", "b")], .hostRepeated),
            ("an authority that is no host", without(":authority", get) + [(":authority", "user@a")], .hostInvalid),
            (
                "a long path", without(":path", get) + [(":path", "/" + String(repeating: "a", count: 2000))],
                .startLineTooLong
            ),
            ("a long field", get + [("x", String(repeating: "a", count: 2000))], .fieldLineTooLong),
            ("a large head", get + (0..<5).map { ("x\($0)", String(repeating: "a", count: 900)) }, .headTooLarge),
            ("many fields", get + (0..<21).map { ("x\($0)", "") }, .tooManyFields),
        ] as [(String, [(String, String)], HTTPError)])
    func aRequestThatIsNotTakenIsRefused(name: String, fields: [(String, String)], error: HTTPError) throws {
        let limits = HTTPLimits(maxHeadBytes: 4000, maxStartLineBytes: 1000, maxFieldLineBytes: 1000, maxFields: 20)
        let pair = Pair.opened(HTTP2Settings(head: limits))
        pair.recorder.onRefusal = { server, error, stream in
            server.respond(to: stream, with: ResponseHead(status: error.status), isLast: false)
            server.send(Array(error.sentence.utf8).span.bytes, on: stream)
            server.finish(stream, thenReset: .noError)
        }
        let isConnect = fields[0].1 == "CONNECT"
        // In any order but pseudo-fields first.
        let sorted = fields.filter { $0.0.hasPrefix(":") } + fields.filter { !$0.0.hasPrefix(":") }
        let stream = pair.client.request(sorted, isLast: !isConnect)
        pair.exchange()
        pair.client.send([1, 2, 3], on: stream)
        pair.exchange()
        #expect(pair.recorder.events.first == .refused(error, stream))
        #expect(pair.recorder.events.count == 2)
        let answer = pair.client.answer(on: stream)
        #expect(answer.head?.status == error.status)
        #expect(answer.bytes == Array(error.sentence.utf8))
        #expect(answer.end == .noError)
        try expectAlive(pair, next: 3)
    }

    @Test(
        arguments: [
            ("te: trailers", get + [("te", "trailers")]),
            ("an authority and the same host", get + [("host", "A")]),
            ("only a host", without(":authority", get) + [("host", "a")]),
            ("a scheme in capitals", without(":scheme", get) + [(":scheme", "HTTPS")]),
            ("values beyond ASCII", get + [("x", "\u{e4}")]),
            ("an empty value", get + [("x", "")]),
        ] as [(String, [(String, String)])])
    func whatIsAllowedIsTaken(name: String, fields: [(String, String)]) throws {
        let pair = Pair.opened()
        let sorted = fields.filter { $0.0.hasPrefix(":") } + fields.filter { !$0.0.hasPrefix(":") }
        pair.feed(HTTP2Frame.head(sorted, stream: 1))
        guard case .requested(let head, _, _) = pair.recorder.events.first else { return #expect(Bool(false)) }
        #expect(head.host?.name == "a")
        #expect(head.fields.count("Host") == 1)
        #expect(pair.failure == nil)
    }

    // RFC 9113 §8.1.1: the sum of DATA is the length that was announced.
    @Test(arguments: [[1], [1, 2, 3, 4, 5, 6]] as [[UInt8]]) func aBodyOfAnotherLengthIsReset(body: [UInt8]) throws {
        let pair = Pair.opened()
        pair.feed(HTTP2Frame.head(get + [("content-length", "5")], stream: 1, isLast: false))
        pair.feed(HTTP2Frame.frame(.data, flags: HTTP2Frame.endStream, stream: 1, body))
        pair.carryToClient()
        #expect(pair.recorder.events.last == .closed(HTTP2StreamID(rawValue: 1), .protocolError))
        try expectAlive(pair, next: 3)
    }

    // RFC 9113 §4.1, §5.5, §6.1: what means nothing is ignored.
    @Test func paddingPriorityUnknownFramesAndTrailersAreIgnored() throws {
        let pair = Pair.opened()
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
        }
        let block = HTTP2Frame.block(connect)
        pair.feed(
            HTTP2Frame.frame(.headers, flags: 4 | 8 | 0x20, stream: 1, [3, 0x80, 0, 0, 0, 200] + block + [0, 0, 0]))
        pair.feed(HTTP2Frame.frame(.data, flags: 8, stream: 1, [2] + Array("abc".utf8) + [0, 0]))
        pair.feed(HTTP2Frame.frame(type: 0xEE, flags: 0xFF, stream: 1, [1, 2, 3]))
        pair.feed(HTTP2Frame.frame(type: 0x0A, stream: 0, []))
        pair.feed(HTTP2Frame.settings([(0xEEEE, 7)]))
        pair.feed(HTTP2Frame.frame(.headers, flags: 5, stream: 1, HTTP2Frame.block([("x-trailer", "1")])))
        let id = HTTP2StreamID(rawValue: 1)
        #expect(pair.recorder.events.count == 3)
        #expect(pair.recorder.bytes(of: id) == Array("abc".utf8))
        #expect(pair.recorder.events.last == .ended(id))
        #expect(pair.failure == nil)
    }

    @Test func trailersThatEndNothingAreReset() throws {
        let pair = Pair.opened()
        pair.feed(HTTP2Frame.head(connect, stream: 1, isLast: false))
        pair.feed(HTTP2Frame.frame(.headers, flags: 4, stream: 1, HTTP2Frame.block([("x", "1")])))
        pair.carryToClient()
        #expect(pair.recorder.events.last == .closed(HTTP2StreamID(rawValue: 1), .protocolError))
        try expectAlive(pair, next: 3)
    }

    // Connection errors.
    @Test(
        arguments: [
            // §3.4
            ("no SETTINGS first", HTTP2Frame.preface + HTTP2Frame.frame(.ping, eight), .protocolError),
            ("another preface", Array("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".utf8), .protocolError),
            // §4.2
            (
                "a frame that is too large",
                begun + HTTP2Frame.frame(.data, stream: 1, .init(repeating: 0, count: 16_385)), .frameSizeError
            ),
            // §4.3
            (
                "fields that cannot be decompressed",
                begun + HTTP2Frame.frame(.headers, flags: 5, stream: 1, [0xFF, 0xFF, 0xFF, 0xFF]), .compressionError
            ),
            // §5.1
            ("DATA before a request", begun + HTTP2Frame.frame(.data, stream: 1, [1]), .protocolError),
            ("RST_STREAM before a request", begun + HTTP2Frame.reset(1), .protocolError),
            ("WINDOW_UPDATE before a request", begun + HTTP2Frame.windowUpdate(1, by: 1), .protocolError),
            // §5.1.1
            ("a stream of the server's", begun + HTTP2Frame.head(get, stream: 2), .protocolError),
            ("stream 0", begun + HTTP2Frame.head(get, stream: 0), .protocolError),
            // §6
            ("DATA on stream 0", begun + HTTP2Frame.frame(.data, stream: 0, [1]), .protocolError),
            (
                "padding longer than its frame",
                begun + HTTP2Frame.head(connect, stream: 1, isLast: false)
                    + HTTP2Frame.frame(.data, flags: 8, stream: 1, [9, 1]), .protocolError
            ),
            ("a short PRIORITY", begun + HTTP2Frame.frame(.priority, stream: 1, [0]), .frameSizeError),
            ("a short RST_STREAM", begun + HTTP2Frame.frame(.resetStream, stream: 1, [0]), .frameSizeError),
            ("SETTINGS of a stream", begun + HTTP2Frame.frame(.settings, stream: 1), .protocolError),
            ("SETTINGS of another size", begun + HTTP2Frame.frame(.settings, [0]), .frameSizeError),
            (
                "an acknowledgement with content",
                begun + HTTP2Frame.frame(.settings, flags: 1, .init(repeating: 0, count: 6)), .frameSizeError
            ),
            ("ENABLE_PUSH of 2", begun + HTTP2Frame.settings([(2, 2)]), .protocolError),
            ("a window beyond 2^31-1", begun + HTTP2Frame.settings([(4, 0x8000_0000)]), .flowControlError),
            ("MAX_FRAME_SIZE of 1", begun + HTTP2Frame.settings([(5, 1)]), .protocolError),
            ("ENABLE_CONNECT_PROTOCOL of 2", begun + HTTP2Frame.settings([(8, 2)]), .protocolError),
            (
                "PUSH_PROMISE", begun + HTTP2Frame.frame(.pushPromise, flags: 4, stream: 1, [0, 0, 0, 2]),
                .protocolError
            ),
            ("PING of a stream", begun + HTTP2Frame.frame(.ping, stream: 1, eight), .protocolError),
            ("a short PING", begun + HTTP2Frame.frame(.ping, [0]), .frameSizeError),
            ("GOAWAY of a stream", begun + HTTP2Frame.frame(.goAway, stream: 1, eight), .protocolError),
            ("a window that overflows", begun + HTTP2Frame.windowUpdate(0, by: 0x7FFF_FFFF), .flowControlError),
            ("a window that grows by nothing", begun + HTTP2Frame.windowUpdate(0, by: 0), .protocolError),
            ("CONTINUATION of nothing", begun + HTTP2Frame.frame(.continuation, flags: 4, stream: 1), .protocolError),
            (
                "a frame between the pieces of a head",
                begun + HTTP2Frame.frame(.headers, stream: 1) + HTTP2Frame.frame(.ping, eight), .protocolError
            ),
        ] as [(String, [UInt8], HTTP2ErrorCode)])
    func whatBreaksTheConnectionEndsItWithItsCode(name: String, bytes: [UInt8], code: HTTP2ErrorCode) {
        for size in [1, bytes.count] {
            let pair = Pair()
            for start in stride(from: 0, to: bytes.count, by: size) {
                pair.feed(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            pair.carryToClient()
            #expect(pair.failure?.code == code)
            #expect(pair.sentFrames.last?.type == 7)
            #expect(pair.sentFrames.last?.payload[4...7] == [0, 0, 0, UInt8(code.rawValue)])
            #expect(pair.server.isFinished)
        }
    }

    /// RFC 9113 §5.4.1 lets an endpoint treat a stream's error as the connection's; nghttp2 does where a client goes on after
    /// its own END_STREAM, opens more streams than it has agreed to, or enlarges a window by nothing.
    @Test(
        arguments: [
            ("DATA behind an end", HTTP2Frame.frame(.data, stream: 1, [1]), .streamClosed),
            ("HEADERS behind an end", HTTP2Frame.head([("a", "b")], stream: 1), .streamClosed),
            ("a window that grows by nothing", HTTP2Frame.windowUpdate(1, by: 0), .protocolError),
        ] as [(String, [UInt8], HTTP2ErrorCode)])
    func whereTheLibraryIsStricter(name: String, bytes: [UInt8], code: HTTP2ErrorCode) {
        let pair = Pair.opened()
        pair.feed(HTTP2Frame.head(get, stream: 1))
        pair.feed(bytes)
        #expect(pair.failure?.code == code)
    }

    private func expectAlive(_ pair: Pair, next stream: Int32) throws {
        let count = pair.recorder.events.count
        pair.feed(HTTP2Frame.head(get, stream: stream))
        #expect(pair.failure == nil)
        guard case .requested = pair.recorder.events.last else { return #expect(Bool(false), "nothing was requested") }
        #expect(pair.recorder.events.count == count + 1)
    }
}

private let get = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a")]
private let connect = [
    (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/v3/ws"), (":authority", "a"),
]
private let begun = HTTP2Frame.preface + HTTP2Frame.settings()
private let eight = [UInt8](repeating: 0, count: 8)

private func without(_ name: String, _ fields: [(String, String)]) -> [(String, String)] {
    fields.filter { $0.0 != name }
}
