import HTTP
import Reactor
import Transport
import WebSocket

/// The client's side of a session: bytes both ways, whichever version of HTTP carries them. A session cannot tell one from
/// the other.
///
/// Over HTTP/1.1 the connection is the session's own; over HTTP/2 (RFC 8441) it has one stream among others. This is what
/// each makes of what a session does and hears (RFC 8441 §5, RFC 9113 §5.4, §6.4, §6.8):
///
/// | a session does | HTTP/1.1 | HTTP/2 |
/// | --- | --- | --- |
/// | `open` | 101 | 200, the stream stays open |
/// | `answer` | the answer, `Connection: close` | the answer, END_STREAM |
/// | `finish` | what is queued, close_notify, FIN; then the peer's end is awaited | what is queued, END_STREAM; the same |
/// | `leave` | what the socket takes now, close_notify, FIN, closed | as `finish` |
/// | `abort` | RST | RST_STREAM(CANCEL) |
/// | `pauseReading` | the socket is not read: TCP's window closes | the stream's window is not given back, no other is touched |
///
/// | a session hears | HTTP/1.1 | HTTP/2 |
/// | --- | --- | --- |
/// | bytes | what was read | DATA |
/// | that the leg wrote | the socket took bytes | windows and the socket took bytes of this stream |
/// | that the leg ended | close_notify and FIN; FIN alone; RST; a failure of TCP or TLS | END_STREAM; RST_STREAM with any code; the end of the connection, in any of the ways of HTTP/1.1, or for a breach of HTTP/2 |
/// | nothing | – | GOAWAY of the client: its streams go on |
enum ClientLeg {
    case connection(Transport)
    case stream(ClientStream)
}

extension ClientLeg {
    /// The connection that carries it, for what is known of whoever is at its other end.
    var transport: Transport {
        switch self {
        case .connection(let transport): transport
        case .stream(let stream): stream.transport
        }
    }

    /// Who is at the other end.
    var peer: SocketAddress { transport.peer }

    /// Bytes that were written and that nobody has taken.
    var queuedBytes: Int {
        switch self {
        case .connection(let transport): transport.queuedBytes
        case .stream(let stream): stream.queuedBytes
        }
    }

    /// From now on `driver` hears what comes.
    func hand(to driver: SessionDriver) {
        switch self {
        case .connection(let transport): transport.hand(to: driver)
        case .stream(let stream): stream.hand(to: driver)
        }
    }

    /// Whether this is the leg's transport, and the leg has it for itself.
    func isConnection(_ transport: Transport) -> Bool {
        if case .connection(let own) = self { own === transport } else { false }
    }
}

// MARK: Writing

extension ClientLeg {
    /// Opens the WebSocket that `upgrade` asks for.
    func open(_ upgrade: UpgradeRequest) {
        let head = OpeningAnswer.head(to: upgrade)
        switch self {
        case .connection(let transport): transport.write(HeadSerializer.bytes(of: head))
        case .stream(let stream): stream.respond(head)
        }
    }

    /// Tells what is told instead of a WebSocket. `finish` or `leave` follows.
    func answer(_ answer: Answer) {
        switch self {
        case .connection(let transport): transport.write(answer.http1Bytes)
        case .stream(let stream):
            stream.respond(answer.http2Head)
            stream.write(answer.body.span.bytes)
        }
    }

    func write(_ bytes: RawSpan) {
        switch self {
        case .connection(let transport): transport.write(bytes)
        case .stream(let stream): stream.write(bytes)
        }
    }

    /// Sends what is queued now, so that `queuedBytes` tells what could not be.
    func flush() {
        switch self {
        case .connection(let transport): transport.flush()
        case .stream(let stream): stream.flush()
        }
    }
}

// MARK: Reading and ending

extension ClientLeg {
    func pauseReading() {
        switch self {
        case .connection(let transport): transport.pauseReading()
        case .stream(let stream): stream.pauseReading()
        }
    }

    func resumeReading() {
        switch self {
        case .connection(let transport): transport.resumeReading()
        case .stream(let stream): stream.resumeReading()
        }
    }

    /// Ends properly once what is queued has been written. Nothing more is heard.
    func finish() {
        switch self {
        case .connection(let transport): transport.finish()
        case .stream(let stream): stream.finish()
        }
    }

    /// Ends properly, and waits for nothing. Nothing more is heard.
    func leave() {
        switch self {
        case .connection(let transport): transport.leave()
        case .stream(let stream): stream.finish()
        }
    }

    /// Ends at once, so that it cannot be taken for a proper end. Nothing more is heard.
    func abort() {
        switch self {
        case .connection(let transport): transport.abort()
        case .stream(let stream): stream.abort()
        }
    }
}
