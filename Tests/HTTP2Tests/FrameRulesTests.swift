import HTTP
import HTTP2
import StandIn
import Testing

/// What RFC 9113 and RFC 7541 make an error of the connection, section by section, beyond what `RulesTests` begins with: each
/// on a connection that has an open stream, 1, and one that has ended, 3.
@Suite struct FrameRulesTests {
    @Test(
        arguments: [
            // RFC 9113 §4.2
            ("a head that is too large", frame(.headers, flags: 4, stream: 5, zeros(16_385)), .frameSizeError),
            ("SETTINGS that are too large", frame(.settings, zeros(16_386)), .frameSizeError),
            // §5.1.1
            ("a stream of the server's behind others", HTTP2Frame.head(get, stream: 6), .protocolError),
            ("DATA of a stream nobody opened", frame(.data, stream: 7, [1]), .protocolError),
            ("a reset of a stream nobody opened", HTTP2Frame.reset(7), .protocolError),
            ("a window of a stream of the server's", HTTP2Frame.windowUpdate(2, by: 1), .protocolError),
            // §6.2
            ("padding longer than its head", frame(.headers, flags: 5 | 8, stream: 5, [200, 0x82]), .protocolError),
            // §4.2 would have FRAME_SIZE_ERROR; nghttp2 takes it for padding that is too long.
            ("a head too short for its padding", frame(.headers, flags: 5 | 8, stream: 5), .protocolError),
            (
                "a head too short for its priority", frame(.headers, flags: 5 | 0x20, stream: 5, [0, 0]),
                .frameSizeError
            ),
            // §6.1
            ("padding as long as its frame", frame(.data, flags: 8, stream: 1, [3, 0, 0]), .protocolError),
            ("DATA too short for its padding", frame(.data, flags: 8, stream: 1), .protocolError),
            // §6.3, §6.4
            ("a long PRIORITY", frame(.priority, stream: 1, zeros(6)), .frameSizeError),
            ("RST_STREAM of the connection", HTTP2Frame.reset(0), .protocolError),
            ("a long RST_STREAM", frame(.resetStream, stream: 1, zeros(5)), .frameSizeError),
            // §6.5, §6.5.2
            ("SETTINGS cut short", frame(.settings, zeros(5)), .frameSizeError),
            ("MAX_FRAME_SIZE beyond 2^24-1", HTTP2Frame.settings([(5, 0x100_0000)]), .protocolError),
            // §6.7, §6.8, §6.9
            ("a long PING", frame(.ping, zeros(9)), .frameSizeError),
            ("a short GOAWAY", frame(.goAway, zeros(7)), .frameSizeError),
            ("a short WINDOW_UPDATE", frame(.windowUpdate, stream: 1, zeros(3)), .frameSizeError),
            ("a long WINDOW_UPDATE", frame(.windowUpdate, zeros(5)), .frameSizeError),
            // §6.10
            ("CONTINUATION behind the end", frame(.continuation, flags: 4, stream: 1), .protocolError),
            (
                "CONTINUATION of another stream",
                frame(.headers, stream: 5, HTTP2Frame.block(get)) + frame(.continuation, flags: 4, stream: 7),
                .protocolError
            ),
            (
                "another head between the pieces of one",
                frame(.headers, stream: 5, HTTP2Frame.block(get)) + HTTP2Frame.head(get, stream: 7), .protocolError
            ),
            (
                "an unknown frame between the pieces of a head",
                frame(.headers, stream: 5) + HTTP2Frame.frame(type: 0xEE, stream: 5), .protocolError
            ),
            // RFC 7541 §2.3.3, §5.2, §6.1, §6.3
            ("a field that no table has", fields([0xFF, 0x80, 0x01]), .compressionError),
            ("field 0", fields([0x80]), .compressionError),
            ("a table larger than was allowed", fields([0x3F, 0xE2, 0x1F] + HTTP2Frame.block(get)), .compressionError),
            ("a table resized behind fields", fields(HTTP2Frame.block(get) + [0x20]), .compressionError),
            ("Huffman padding that is no padding", fields([0, 0x81, 0x00, 0x81, 0x00]), .compressionError),
            ("Huffman's EOS", fields([0, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0]), .compressionError),
            ("a text longer than its frame", fields([0, 0x7F, 0x10, 0x61]), .compressionError),
            (
                "a length beyond all numbers", fields([0, 0x7F] + [UInt8](repeating: 0xFF, count: 12)),
                .compressionError
            ),
        ] as [(String, [UInt8], HTTP2ErrorCode)])
    func whatBreaksTheConnectionEndsItWithItsCode(name: String, bytes: [UInt8], code: HTTP2ErrorCode) {
        let pair = Self.pair()
        pair.feed(bytes)
        pair.carryToClient()
        #expect(pair.failure?.code == code)
        #expect(pair.sentFrames.last?.type == HTTP2Frame.Kind.goAway.rawValue)
        #expect(pair.server.isFinished)
    }

    @Test(
        arguments: [
            // RFC 9113 §5.1: frames that were on their way.
            ("a window of a stream that ended", HTTP2Frame.windowUpdate(3, by: 1)),
            ("a reset of a stream that ended", HTTP2Frame.reset(3)),
            ("PRIORITY of a stream that ended", frame(.priority, stream: 3, zeros(5))),
            ("PRIORITY of a stream to come", frame(.priority, stream: 99, zeros(5))),
            // §4.1, §5.5, §6.5, §6.7
            ("a flag that means nothing", frame(.ping, flags: 0xFE, zeros(8))),
            ("a frame that means nothing, of a stream to come", HTTP2Frame.frame(type: 0xEE, stream: 99)),
            ("a setting that means nothing", HTTP2Frame.settings([(0xFF, 1)])),
            ("a setting said twice", HTTP2Frame.settings([(4, 1), (4, 65_535)])),
            ("an answer to no ping", frame(.ping, flags: 1, zeros(8))),
            // RFC 7541 §4.2, §6.3
            ("a table of no size", fields([0x20] + HTTP2Frame.block(get))),
            ("a table resized twice", fields([0x20, 0x3F, 0xE1, 0x1F] + HTTP2Frame.block(get))),
        ] as [(String, [UInt8])])
    func whatIsAllowedEndsNothing(name: String, bytes: [UInt8]) {
        let pair = Self.pair()
        pair.feed(bytes)
        pair.feed(HTTP2Frame.head(get, stream: 101))
        #expect(pair.failure == nil)
        guard case .requested(_, HTTP2StreamID(rawValue: 101), _) = pair.recorder.events.last else {
            return #expect(Bool(false), "nothing was requested")
        }
    }

    /// A server with an open stream, 1, and one that was answered and has ended, 3.
    private static func pair() -> Pair {
        let pair = Pair.opened()
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: stream.rawValue == 3)
        }
        pair.feed(HTTP2Frame.head(get, stream: 1, isLast: false))
        pair.feed(HTTP2Frame.head(get, stream: 3))
        pair.carryToClient()
        return pair
    }
}

private let get = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a")]

private func frame(_ kind: HTTP2Frame.Kind, flags: UInt8 = 0, stream: Int32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
    HTTP2Frame.frame(kind, flags: flags, stream: stream, payload)
}

/// A whole head of these bytes.
private func fields(_ block: [UInt8]) -> [UInt8] { frame(.headers, flags: 5, stream: 5, block) }

private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
