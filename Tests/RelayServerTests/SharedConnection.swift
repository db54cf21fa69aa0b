import Bytes
import HTTP
import HTTP2
import StandIn
import Testing
import WebSocket

/// One HTTP/2 connection with any number of sessions on it, driven by one thread: a client that opens each session's window
/// as its story wants it.
///
/// It sends without looking whether it is read: a relay takes what a connection's streams have windows for.
final class SharedConnection {
    /// One session, by what came of it.
    final class Session {
        let id: HTTP2StreamID
        fileprivate(set) var answer: ResponseHead?
        /// All that it has heard.
        fileprivate(set) var heard: [UInt8] = []
        fileprivate(set) var isOver = false
        /// Bytes that came while they were not taken.
        fileprivate var owed = 0
        fileprivate var isHeld = false

        fileprivate init(_ id: HTTP2StreamID) {
            self.id = id
        }
    }

    private let wire: WireClient
    private let engine: HTTP2ClientConnection
    private var sessions: [HTTP2StreamID: Session] = [:]
    /// The relay's last word.
    private(set) var goAway: HTTP2ErrorCode?

    /// What a stream may carry before its window must be opened.
    static let windowBytes = 64 << 10

    /// Connects to the relay of `harbour`, and waits for its SETTINGS.
    init(to harbour: RelayHarbour) throws {
        wire = try harbour.secureWire(WireClient.Security(protocols: ["h2"]))
        try #require(wire.negotiatedProtocol == "h2")
        var settings = HTTP2ClientConnection.Settings()
        settings.windows = .held
        settings.streamWindowBytes = UInt32(Self.windowBytes)
        engine = HTTP2ClientConnection(settings)
        try listen { engine.mayOpenWebSockets }
    }

    /// Asks for a session; the answer comes while it listens.
    func open(key: String) throws -> Session {
        let head = OpeningHandshake.connectRequest(
            target: try RequestTarget("/v3/ws"), host: "localhost", fields: ["Authorization": key])
        let session = Session(engine.request(head, isLast: false))
        sessions[session.id] = session
        return session
    }

    /// Asks for sessions and takes each back at once; all of it is sent in one piece.
    func openAndReset(_ count: Int, key: String) throws {
        var output = ByteQueue()
        for _ in 0..<count {
            let session = try open(key: key)
            engine.take(into: &output)
            engine.reset(session.id)
            engine.take(into: &output)
        }
        wire.send(Array(output.bytes))
    }

    /// Queues bytes; they leave while it listens, as the session's window allows.
    func send(_ bytes: [UInt8], on session: Session) {
        engine.send(bytes, on: session.id)
    }

    /// Sends bytes that need not be frames.
    func inject(_ bytes: [UInt8]) {
        engine.inject(bytes)
    }

    /// Bytes that wait for the session's window.
    func queuedBytes(of session: Session) -> Int { engine.queuedBytes(of: session.id) }

    /// From now on the session's window stays as it is.
    func hold(_ session: Session) {
        session.isHeld = true
    }

    /// Opens the session's window again.
    func release(_ session: Session) {
        session.isHeld = false
        engine.consume(session.owed, of: session.id)
        session.owed = 0
    }

    /// Carries bytes both ways until `isDone`.
    func listen(until isDone: () -> Bool) throws {
        flush()
        while !isDone() {
            let bytes = try wire.readSome()
            engine.receive(bytes.span.bytes)
            try #require(engine.failure == nil)
            for event in engine.takeEvents() { take(event) }
            flush()
        }
    }

    private func flush() {
        var output = ByteQueue()
        engine.take(into: &output)
        if !output.isEmpty { wire.send(Array(output.bytes)) }
    }

    private func take(_ event: HTTP2ClientEvent) {
        switch event {
        case .answered(let head, let id, _): sessions[id]?.answer = head
        case .received(let bytes, let id):
            guard let session = sessions[id] else { return }
            session.heard += bytes
            if session.isHeld { session.owed += bytes.count } else { engine.consume(bytes.count, of: id) }
        case .ended(let id), .closed(let id, _): sessions[id]?.isOver = true
        case .goneAway(let code, _): goAway = code
        case .configured: break
        }
    }
}
