import Bytes
import HTTP
import HTTP2
import Reactor
import Timing
import Transport

/// One stream of a client's HTTP/2 connection: a session's client leg, or a request and its answer.
///
/// What comes while it is not read is kept here. That is bounded by the stream's window, which is given back only for what
/// has been passed on. Belongs to its loop's thread; its connection keeps it until the stream is closed.
final class ClientStream {
    let transport: Transport
    private let id: HTTP2StreamID
    /// The request opens a WebSocket (RFC 8441): END_STREAM ends it as FIN does. Any other is answered when it has ended.
    private let isTunnel: Bool
    private let loop: EventLoop
    /// Nil once the stream is closed.
    private var connection: MultiplexedConnection?
    /// Who hears what comes; nil: nobody does any more, or yet.
    private var driver: SessionDriver?
    private var isPaused = false
    /// Its request has yet to be looked at.
    private var isInLine = true
    /// What came meanwhile.
    private var held = ByteQueue()
    /// The client says nothing more, and nobody has been told.
    private var hasEnded = false
    private var isAnswered = false
    private var isFinished = false
    private var lingerTimer: TimerToken?

    init(
        _ id: HTTP2StreamID, isTunnel: Bool, of connection: MultiplexedConnection, over transport: Transport,
        on loop: EventLoop
    ) {
        self.id = id
        self.isTunnel = isTunnel
        self.connection = connection
        self.transport = transport
        self.loop = loop
    }

    func hand(to driver: SessionDriver) {
        self.driver = driver
    }
}

// MARK: What a session does

extension ClientStream {
    var queuedBytes: Int { connection?.queuedBytes(of: id) ?? 0 }

    func respond(_ head: ResponseHead) {
        isAnswered = true
        connection?.respond(to: id, with: head)
    }

    func write(_ bytes: RawSpan) {
        guard !isFinished else { return }
        connection?.send(bytes, on: id)
    }

    func flush() {
        connection?.flush(id)
    }

    func pauseReading() {
        isPaused = true
    }

    /// What is held is passed on at the end of the turn, not from within a call of the session's.
    func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        passHeldSoon()
    }

    private func passHeldSoon() {
        if isRead, !held.isEmpty || hasEnded { loop.atEndOfTurn(self) }
    }

    private var isRead: Bool { !isPaused && !isInLine }

    /// END_STREAM goes out behind what is queued. A client that does not end its side in time is told to.
    func finish() {
        stopListening()
        guard !isFinished, let connection else { return }
        isFinished = true
        // Without an answer there is nothing that could end.
        guard isAnswered else { return connection.reset(id, .cancel) }
        lingerTimer = loop.schedule(self, at: loop.now + Transport.linger)
        connection.finish(id)
    }

    func abort() {
        stopListening()
        connection?.reset(id, .cancel)
    }

    private func stopListening() {
        driver = nil
        isPaused = false
        giveBack(held.count)
        held.removeAll(keepingCapacity: false)
    }
}

// MARK: What its connection reports

extension ClientStream {
    /// Its request has become a session, or has its answer.
    func served() {
        isInLine = false
        passHeldSoon()
    }

    func received(_ bytes: RawSpan) {
        guard isRead, held.isEmpty else { return held.append(bytes) }
        driver?.received(bytes)
        giveBack(bytes.byteCount)
    }

    /// Some of what was queued has left.
    func wrote() {
        driver?.clientWrote()
    }

    /// The client's END_STREAM.
    func ended() {
        guard isTunnel else { return }
        hasEnded = true
        if isRead, held.isEmpty { tellEnd() }
    }

    /// The stream is gone, by whichever side's doing.
    func closed() {
        connection = nil
        if let lingerTimer { loop.cancel(lingerTimer) }
        lingerTimer = nil
        tellEnd()
    }

    /// Half a WebSocket is of no use: what a session still had to say it says before its leg ends.
    private func tellEnd() {
        let driver = driver
        self.driver = nil
        driver?.clientEnded()
        finish()
    }

    private func giveBack(_ count: Int) {
        if count > 0 { connection?.giveBack(count, to: id) }
    }
}

extension ClientStream: TurnHandler, TimerHandler {
    func endOfTurn() {
        guard isRead else { return }
        if !held.isEmpty {
            // The session may pause the stream again while it takes this.
            let bytes = held.withUnsafeBytes { Array($0) }
            held.removeAll(keepingCapacity: false)
            driver?.received(bytes.span.bytes)
            giveBack(bytes.count)
        }
        if hasEnded, !isPaused { tellEnd() }
    }

    /// The client did not end its side in time. RFC 9113 §8.1: it is told to, and that nothing went wrong.
    func fired(tag: Int) {
        lingerTimer = nil
        connection?.reset(id, .noError)
    }
}
