import Bytes
import HTTP
import HTTP2
import Reactor
import Transport
import WebSocket

/// One client of a bridge: its connection on this side, its stream on the other. Owned by its transport, on the loop's
/// thread.
///
/// | the client's connection | its stream |
/// | --- | --- |
/// | FIN | END_STREAM |
/// | RST | RST_STREAM(CANCEL) |
/// | FIN behind what is queued | END_STREAM |
/// | RST | RST_STREAM |
final class BridgedClient {
    private let transport: Transport
    private let makeTrunk: () -> BridgeTrunk?
    private var trunk: BridgeTrunk?
    private var stream: HTTP2StreamID?
    private var parser = RequestHeadParser(limits: HTTPLimits(maxHeadBytes: 256 << 10, maxFields: 1000))
    private var head: RequestHead?
    /// What came behind the head before the stream had its number.
    private var early: [UInt8] = []
    private var isFinished = false
    /// The client's own side is over.
    private var hasLeft = false
    private var hasReset = false
    /// Bytes of the stream that the client has not taken.
    private var owed = 0
    private var isPaused = false

    init(_ transport: Transport, _ makeTrunk: @escaping () -> BridgeTrunk?) {
        self.transport = transport
        self.makeTrunk = makeTrunk
    }
}

// MARK: The client's side

extension BridgedClient: TransportDelegate {
    func transportOpened(_ transport: Transport) {}

    func transport(_ transport: Transport, received bytes: RawSpan) {
        guard head == nil else { return pass(bytes) }
        var consumed = 0
        let parsed: RequestHead?
        do throws(HTTPError) { parsed = try parser.parse(bytes, consumed: &consumed) } catch {
            // What is no HTTP/1.1 has no form in HTTP/2.
            return transport.abort()
        }
        guard let head = parsed else { return }
        self.head = head
        early = bytes.extracting(consumed...).withUnsafeBytes { Array($0) }
        guard let trunk = makeTrunk() else { return transport.abort() }
        self.trunk = trunk
        trunk.request(
            head.overHTTP2, isLast: !head.isUpgrade && (try? head.fields.contentLength()) ?? 0 == 0, for: self)
    }

    func transportWrote(_ transport: Transport) {
        guard transport.queuedBytes == 0, owed > 0, let stream else { return }
        trunk?.consume(owed, of: stream)
        owed = 0
    }

    func transport(_ transport: Transport, ended end: TransportEnd) {
        hasLeft = true
        if case .failed = end { hasReset = true }
        leave()
    }

    private func pass(_ bytes: RawSpan) {
        guard let stream, let trunk else {
            early += bytes.withUnsafeBytes { Array($0) }
            return
        }
        trunk.send(bytes, on: stream)
        guard !isPaused, trunk.queuedBytes(of: stream) > BridgeTrunk.highMark else { return }
        isPaused = true
        transport.pauseReading()
    }

    private func leave() {
        guard hasLeft, let stream, let trunk else { return }
        if hasReset { trunk.reset(stream) } else { trunk.finish(stream) }
    }
}

// MARK: The stream's side

extension BridgedClient {
    func began(_ id: HTTP2StreamID) {
        stream = id
        let bytes = early
        early = []
        if !bytes.isEmpty { pass(bytes.span.bytes) }
        leave()
    }

    func answered(_ answer: ResponseHead, isLast: Bool) {
        guard let head else { return }
        if let bytes = try? HeadSerializer.serialize(answer.overHTTP1(to: head)) { transport.write(bytes) }
        if isLast { ended() }
    }

    func received(_ bytes: [UInt8]) {
        transport.write(bytes)
        transport.flush()
        guard let stream else { return }
        if transport.queuedBytes == 0 { trunk?.consume(bytes.count, of: stream) } else { owed += bytes.count }
    }

    func ended() {
        guard !isFinished else { return }
        isFinished = true
        transport.finish()
        // The transport says nothing of the client any more: its end of the stream is ours to send.
        if let stream { trunk?.finish(stream) }
    }

    func closed(_ code: HTTP2ErrorCode) {
        stream = nil
        trunk = nil
        guard !isFinished, !hasLeft else { return }
        isFinished = true
        transport.flush()
        transport.abort()
    }

    func trunkWrote() {
        guard isPaused, let stream, let trunk, trunk.queuedBytes(of: stream) <= BridgeTrunk.highMark / 2 else { return }
        isPaused = false
        transport.resumeReading()
    }
}

// MARK: Heads

extension RequestHead {
    fileprivate var isUpgrade: Bool { fields.count("Upgrade") > 0 }

    /// The same request over HTTP/2 (RFC 9113 §8.3.1, RFC 8441 §5).
    fileprivate var overHTTP2: RequestHead {
        var fields = HeaderFields()
        for field in self.fields.all where !Self.ofConnections.contains(field.name.lowercased()) {
            fields.append(field.name, field.value)
        }
        return RequestHead(
            method: isUpgrade ? "CONNECT" : method, target: target, version: .http2,
            protocol: isUpgrade ? self.fields.first("Upgrade") : nil, fields: fields)
    }

    /// RFC 9113 §8.2.2, and the key, which a WebSocket over HTTP/2 has no use for.
    private static let ofConnections: Set<String> = [
        "connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding", "te", "sec-websocket-key",
    ]
}

extension ResponseHead {
    /// The same answer over HTTP/1.1 to the client's request.
    fileprivate func overHTTP1(to request: RequestHead) -> ResponseHead {
        var answer = ResponseHead(status: status)
        if request.isUpgrade, status == 200 {
            answer = ResponseHead(status: 101, fields: ["Upgrade": "websocket", "Connection": "Upgrade"])
            let key = request.fields.first("Sec-WebSocket-Key") ?? ""
            answer.fields.append("Sec-WebSocket-Accept", OpeningHandshake.accept(for: key))
        }
        for field in fields.all { answer.fields.append(Self.spelled(field.name), field.value) }
        if answer.status != 101 { answer.fields.append("Connection", "close") }
        return answer
    }

    /// As HTTP/1.1 writes names: `content-type` is `Content-Type`.
    private static func spelled(_ name: String) -> String {
        if name == "sec-websocket-protocol" { return "Sec-WebSocket-Protocol" }
        return name.split(separator: "-", omittingEmptySubsequences: false)
            .map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(separator: "-")
    }
}
