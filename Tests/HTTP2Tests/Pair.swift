import Bytes
import HTTP
import HTTP2
import StandIn
import Testing
import Timing

/// A server and a client back to back, in memory.
final class Pair {
    let server: HTTP2Connection
    let client: HTTP2ClientConnection
    let recorder: Recorder
    var now: Instant
    /// What ended the server's connection.
    private(set) var failure: HTTP2Error?
    /// All that the server has sent.
    private(set) var sent: [UInt8] = []

    init(
        _ settings: HTTP2Settings = HTTP2Settings(), client: HTTP2ClientConnection.Settings = .init(),
        now: Instant = Instant(nanoseconds: 1_000_000_000_000)
    ) {
        self.now = now
        server = HTTP2Connection(settings: settings, now: now)
        self.client = HTTP2ClientConnection(client)
        recorder = Recorder(server)
        server.delegate = recorder
    }

    /// Carries bytes both ways until there are none, in pieces of at most `piece`; the server gives as many at a time as
    /// `limit` allows.
    func exchange(piece: Int = .max, limit: Int = 16 << 10) {
        var isMoving = true
        while isMoving {
            let toServer = carryToServer(piece: piece)
            let toClient = carryToClient(piece: piece, limit: limit)
            isMoving = toServer > 0 || toClient > 0
        }
    }

    @discardableResult
    func carryToServer(piece: Int = .max) -> Int {
        var bytes = ByteQueue()
        client.take(into: &bytes)
        let all = Array(bytes.bytes)
        for range in Self.pieces(of: all.count, piece) { feed(Array(all[range])) }
        return all.count
    }

    @discardableResult
    func carryToClient(piece: Int = .max, limit: Int = 16 << 10) -> Int {
        var bytes = ByteQueue()
        server.take(into: &bytes, limit: limit)
        let all = Array(bytes.bytes)
        sent += all
        for range in Self.pieces(of: all.count, piece) { client.receive(all[range].span.bytes) }
        return all.count
    }

    private static func pieces(of count: Int, _ piece: Int) -> [Range<Int>] {
        guard count > piece else { return count > 0 ? [0..<count] : [] }
        return stride(from: 0, to: count, by: piece).map { $0..<min($0 + piece, count) }
    }

    /// Hands the server bytes that no client of ours would send.
    func feed(_ bytes: [UInt8]) {
        guard failure == nil else { return }
        do throws(HTTP2Error) { try server.receive(bytes.span.bytes, now: now) } catch { failure = error }
    }

    /// The frames among what the server has sent.
    var sentFrames: [(type: UInt8, flags: UInt8, stream: Int32, payload: [UInt8])] {
        var frames: [(type: UInt8, flags: UInt8, stream: Int32, payload: [UInt8])] = []
        var rest = sent[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            let stream = head[5...8].reduce(0) { $0 << 8 | Int32($1) }
            frames.append((head[3], head[4], stream, Array(rest.dropFirst(9).prefix(length))))
            rest = rest.dropFirst(9 + length)
        }
        return frames
    }

    /// A pair that has exchanged SETTINGS.
    static func opened(
        _ settings: HTTP2Settings = HTTP2Settings(), client: HTTP2ClientConnection.Settings = .init()
    ) -> Pair {
        let pair = Pair(settings, client: client)
        pair.exchange()
        return pair
    }

    /// A GET of this path.
    func get(_ path: String = "/v3/token", _ fields: HeaderFields = [:]) throws -> HTTP2StreamID {
        var all: HeaderFields = ["Host": "stt.example.com"]
        all.append(contentsOf: fields)
        return client.request(RequestHead(method: "GET", target: try RequestTarget(path), version: .http2, fields: all))
    }
}

/// Writes down what a connection reports, and does what a test asks for when it does.
final class Recorder: HTTP2Delegate {
    enum Event: Equatable {
        case requested(RequestHead, HTTP2StreamID, isLast: Bool)
        case refused(HTTPError, HTTP2StreamID)
        /// Of one stream, with nothing else in between.
        case received([UInt8], HTTP2StreamID)
        case ended(HTTP2StreamID)
        case closed(HTTP2StreamID, HTTP2ErrorCode)
    }

    private(set) var events: [Event] = []
    private(set) var wrote: [HTTP2StreamID: Int] = [:]
    private unowned let server: HTTP2Connection
    /// What is done with a request; the default is nothing.
    var onRequest: (HTTP2Connection, RequestHead, HTTP2StreamID) -> Void = { _, _, _ in }
    /// What is done with a head that is no proper one.
    var onRefusal: (HTTP2Connection, HTTPError, HTTP2StreamID) -> Void = { _, _, _ in }
    /// What is done with bytes; the default is to give them back to the window at once.
    var onBytes: (HTTP2Connection, [UInt8], HTTP2StreamID) -> Void = { $0.consumed($1.count, of: $2) }
    var onEnd: (HTTP2Connection, HTTP2StreamID) -> Void = { _, _ in }

    init(_ server: HTTP2Connection) {
        self.server = server
    }

    func requested(_ head: RequestHead, on stream: HTTP2StreamID, isLast: Bool) {
        events.append(.requested(head, stream, isLast: isLast))
        onRequest(server, head, stream)
    }

    func refused(_ error: HTTPError, on stream: HTTP2StreamID) {
        events.append(.refused(error, stream))
        onRefusal(server, error, stream)
    }

    func received(_ bytes: RawSpan, on stream: HTTP2StreamID) {
        let bytes = Array(bytes)
        if case .received(let before, stream) = events.last {
            events[events.count - 1] = .received(before + bytes, stream)
        } else {
            events.append(.received(bytes, stream))
        }
        onBytes(server, bytes, stream)
    }

    func ended(_ stream: HTTP2StreamID) {
        events.append(.ended(stream))
        onEnd(server, stream)
    }

    func closed(_ stream: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        events.append(.closed(stream, code))
    }

    func wrote(_ stream: HTTP2StreamID) {
        wrote[stream, default: 0] += 1
    }

    /// All bytes of one stream.
    func bytes(of stream: HTTP2StreamID) -> [UInt8] {
        events.flatMap { event -> [UInt8] in
            if case .received(let bytes, stream) = event { bytes } else { [] }
        }
    }
}

extension HTTP2ClientConnection {
    /// All bytes of one stream that came since events were last taken, and how the stream ended.
    func answer(on stream: HTTP2StreamID) -> (head: ResponseHead?, bytes: [UInt8], end: HTTP2ErrorCode?) {
        var answer: (head: ResponseHead?, bytes: [UInt8], end: HTTP2ErrorCode?) = (nil, [], nil)
        for event in takeEvents() {
            switch event {
            case .answered(let head, stream, _): answer.head = head
            case .received(let bytes, stream): answer.bytes += bytes
            case .closed(stream, let code): answer.end = code
            default: break
            }
        }
        return answer
    }
}
