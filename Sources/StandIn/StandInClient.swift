import HTTP
import Timing
import WebSocket

/// What a client was told by its server, in order.
package enum ClientEvent: Equatable, Sendable {
    /// The WebSocket is open.
    case opened(ResponseHead)
    /// An HTTP answer that opens nothing; what `isUpgrade: false` asks for ends so too.
    case answered(ResponseHead, body: [UInt8])
    /// A 101 that opens nothing, and why; or an answer that is no HTTP.
    case badHandshake(String)
    case text(String)
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(ClosePayload)
    /// The server broke a rule of RFC 6455.
    case violation(CloseCode, String)
    /// The connection is over: `closed`, `truncated`, `lost` or `insecure` by the peer, `finished` or `reset` by the
    /// client itself, or why there never was one.
    /// Always the last event.
    case ended(String)
}

/// What waits for a client's owner to read.
package struct ClientInbox: Sendable {
    /// Told and not read yet.
    package var events: ArraySlice<ClientEvent> = []
    /// What came in, up to now.
    package var received = Traffic()
    /// What went out, up to now.
    package var sent = Traffic()
    /// Bytes that the socket has not taken.
    package var queuedBytes = 0
}

/// A WebSocket client for tests and demonstrations, driven from synchronous code: orders return at once, `next` waits.
///
/// It can do what a good client never does. Everything may be called from any thread but a loop's.
package final class StandInClient: Sendable {
    /// What it received; `inbox.wait` waits for anything not offered below.
    package let inbox = Monitor(ClientInbox())
    private let loop: ClientLoop

    /// Starts to connect; the outcome is the first event.
    package init(_ request: ClientRequest, on loop: ClientLoop) {
        self.loop = loop
        loop.post(.connect(request, inbox))
    }

    /// The next event; nil when none comes in time.
    package func next(within limit: Duration = .seconds(5)) -> ClientEvent? {
        inbox.wait(upTo: limit) { $0.events.popFirst() }
    }

    /// All events up to the end of the connection, or those that came in time.
    package func rest(within limit: Duration = .seconds(5)) -> [ClientEvent] {
        let isOver = inbox.wait(upTo: limit) { inbox -> Bool? in
            guard case .ended = inbox.events.last else { return nil }
            return true
        }
        return inbox.update { inbox in
            defer { if isOver == true { inbox.events = [] } }
            return Array(inbox.events)
        }
    }

    /// Sends a text message. What is sent before the WebSocket is open goes out when it is.
    package func send(text: String) { send(.text, Array(text.utf8)) }

    /// Sends a binary message.
    package func send(binary bytes: [UInt8]) { send(.binary, bytes) }

    /// Sends one data frame.
    package func send(_ opcode: Opcode, fin: Bool = true, _ payload: [UInt8]) {
        perform(.send(opcode, fin: fin, payload))
    }

    /// Sends a message in one frame for each of `fragments`.
    package func send(_ opcode: Opcode, fragments: [[UInt8]]) {
        for (index, fragment) in fragments.enumerated() {
            send(index == 0 ? opcode : .continuation, fin: index == fragments.count - 1, fragment)
        }
    }

    /// Sends bytes that need not be a frame, as soon as TCP and TLS stand: behind the request, even before its answer.
    package func send(raw bytes: [UInt8]) { perform(.sendRaw(bytes)) }

    /// Sends a ping.
    package func ping(_ payload: [UInt8] = []) { perform(.ping(payload)) }

    /// Sends a close frame, without a code when there is none.
    package func close(_ code: CloseCode? = nil, reason: String = "") {
        perform(.close(code.map { ClosePayload(code: $0, reason: reason) } ?? .empty))
    }

    /// Ends the connection without a close frame.
    package func finish() { perform(.finish) }

    /// Resets the connection.
    package func reset() { perform(.reset) }

    /// Reads no more, so that the server's bytes pile up.
    package func stopReading() { perform(.stopReading) }

    /// Reads again.
    package func resumeReading() { perform(.resumeReading) }

    private func perform(_ act: ClientAct) { loop.post(.act(act, inbox)) }
}
