import Bytes
import HTTP
import HTTP2
import Policy
import Reactor
import RelayCore
import Telemetry
import Timing
import Transport

/// A client's HTTP/2 connection: many sessions and requests over one transport (RFC 9113, RFC 8441).
///
/// It carries bytes between the transport and the HTTP/2 engine, and what the engine reports to the streams. A stream whose
/// session does not read withholds its own window and nothing else; a client that reads nothing holds up its own streams.
/// Owned by its transport, on the loop's thread.
final class MultiplexedConnection {
    private let transport: Transport
    private let listener: RelaySnapshot.Listener
    private unowned let worker: Worker
    private let engine: HTTP2Connection
    private var streams: [HTTP2StreamID: ClientStream] = [:]
    /// Requests that nobody has looked at yet, and their order, in which those that are gone still stand.
    private var requests: [HTTP2StreamID: Result<RequestHead, HTTPError>] = [:]
    private var order: ArraySlice<HTTP2StreamID> = []
    private var requestTimer: TimerToken?
    private var timer: TimerToken?
    /// Until its first request has come.
    private var acceptedAt: Instant?
    /// Looks after streams that wait behind their windows.
    private var holdTimer: TimerToken?
    /// The engine is at work; what is to be sent is taken out of it when it is done.
    private var isInEngine = false
    private var isEnding = false
    /// There has been a request.
    private var hasServed = false
    /// What is being read holds a request's head.
    private var hasReadHead = false

    /// How long a connection without streams is kept for the next one. A browser opens a socket for a page's life; nginx
    /// keeps idle connections for 75 s.
    private static let idle = Duration.seconds(60)

    init(_ transport: Transport, listener: RelaySnapshot.Listener, worker: Worker) {
        self.transport = transport
        self.listener = listener
        self.worker = worker
        engine = HTTP2Connection(settings: HTTP2Settings(head: worker.snapshot.headLimits), now: worker.loop.now)
        engine.delegate = self
        worker.add(self)
    }

    /// Takes the transport over; the first request must be complete by `deadline`.
    func start(deadline: Instant, acceptedAt: Instant) {
        self.acceptedAt = acceptedAt
        transport.hand(to: self)
        timer = worker.loop.schedule(self, at: deadline)
        pump()
    }

    /// The relay's time is over: ends as soon as no stream is left, and its first request has been served. RFC 9113 §6.8 would
    /// have GOAWAY at once, but a browser takes it for the end of its WebSockets.
    func drain() {
        if streams.isEmpty, hasServed { end() }
    }
}

// MARK: What streams ask

extension MultiplexedConnection {
    func queuedBytes(of stream: HTTP2StreamID) -> Int { engine.queuedBytes(of: stream) }

    func respond(to stream: HTTP2StreamID, with head: ResponseHead) {
        engine.respond(to: stream, with: head, isLast: false)
        sendSoon()
    }

    func send(_ bytes: RawSpan, on stream: HTTP2StreamID) {
        engine.send(bytes, on: stream)
        sendSoon()
    }

    func finish(_ stream: HTTP2StreamID) {
        engine.finish(stream)
        sendSoon()
    }

    func reset(_ stream: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        engine.reset(stream, code)
        sendSoon()
    }

    func giveBack(_ count: Int, to stream: HTTP2StreamID) {
        engine.consumed(count, of: stream)
        sendSoon()
    }

    /// Sends now what is queued for a stream, as far as windows and the socket allow.
    func flush(_ stream: HTTP2StreamID) {
        pump()
        guard holdTimer == nil, !isEnding, engine.queuedBytes(of: stream) > 0 else { return }
        holdTimer = worker.loop.schedule(self, at: worker.loop.now + Self.holdPace, tag: Self.holdTag)
    }

    private func sendSoon() {
        if !isInEngine { worker.loop.atEndOfTurn(self) }
    }
}

extension MultiplexedConnection: TurnHandler {
    func endOfTurn() {
        pump()
    }
}

// MARK: Bytes

extension MultiplexedConnection: TransportDelegate {
    func transportOpened(_ transport: Transport) {}

    func transport(_ transport: Transport, received bytes: RawSpan) {
        guard !isEnding else { return }
        hasReadHead = false
        inEngine { () throws(HTTP2Error) in try engine.receive(bytes, now: worker.loop.now) }
        if hasReadHead { transport.wipe(bytes) }
    }

    /// Has the engine work, and deals with what comes of it.
    private func inEngine(_ work: () throws(HTTP2Error) -> Void) {
        isInEngine = true
        do throws(HTTP2Error) { try work() } catch {}  // It is the engine's `failure` from now on.
        isInEngine = false
        pump()
    }

    func transportWrote(_ transport: Transport) {
        pump()
    }

    func transport(_ transport: Transport, ended end: TransportEnd) {
        worker.noteEnd(end, of: transport)
        close()
    }

    /// Sends what the engine has for the client, as much as the socket takes: what it does not take stays in the streams'
    /// queues, where each session sees its own.
    private func pump() {
        guard !isInEngine, !isEnding else { return }
        drainEngine()
        if let failure = engine.failure { return breach(failure) }
        if engine.isFinished { end() }
    }

    private func drainEngine() {
        while engine.wantsToSend, transport.queuedBytes == 0 {
            var output = ByteQueue()
            isInEngine = true
            engine.take(into: &output, limit: LoopBuffers.readSize)
            isInEngine = false
            guard !output.isEmpty else { return }
            transport.write(output.bytes)
            transport.flush()
        }
    }

    /// The client broke HTTP/2's rules, or tried our patience. What is left of the engine's words is its GOAWAY.
    private func breach(_ failure: HTTP2Error) {
        worker.noteBreach(failure, by: transport.peer)
        close()
        transport.finish()
    }

    /// Nothing more is taken; what is queued is sent.
    private func end() {
        guard !isEnding else { return }
        // RFC 9113 §6.8: a notice, and then, as nothing is under way, the last word.
        for _ in 1...2 { engine.goAway(.noError) }
        drainEngine()
        close()
        transport.finish()
    }

    private func close() {
        isEnding = true
        for timer in [timer, holdTimer, requestTimer] { timer.map(worker.loop.cancel) }
        (timer, holdTimer, requestTimer) = (nil, nil, nil)
        for _ in requests { worker.requestSettled() }
        (requests, order) = ([:], [])
        let lost = streams.values
        streams = [:]
        for stream in lost { stream.closed() }
        engine.delegate = nil
        worker.remove(self)
    }
}

// MARK: Streams

extension MultiplexedConnection: HTTP2Delegate {
    func requested(_ head: RequestHead, on id: HTTP2StreamID, isLast: Bool) {
        let stream = begin(id, isTunnel: head.method == "CONNECT")
        lineUp(.success(head), on: id)
        if isLast { stream.ended() }
    }

    func refused(_ error: HTTPError, on id: HTTP2StreamID) {
        _ = begin(id, isTunnel: false)
        lineUp(.failure(error), on: id)
    }

    private func begin(_ id: HTTP2StreamID, isTunnel: Bool) -> ClientStream {
        (hasReadHead, hasServed) = (true, true)
        if let acceptedAt = acceptedAt.take() {
            worker.countHandshake(worker.loop.now.duration(since: acceptedAt))
        }
        if let timer { worker.loop.cancel(timer) }
        timer = nil
        worker.requestBegan()
        let stream = ClientStream(id, isTunnel: isTunnel, of: self, over: transport, on: worker.loop)
        streams[id] = stream
        return stream
    }

    func received(_ bytes: RawSpan, on id: HTTP2StreamID) {
        streams[id]?.received(bytes)
    }

    func ended(_ id: HTTP2StreamID) {
        streams[id]?.ended()
    }

    func closed(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        if requests.removeValue(forKey: id) != nil { worker.requestSettled() }
        streams.removeValue(forKey: id)?.closed()
        guard streams.isEmpty, !isEnding else { return }
        timer = worker.loop.schedule(self, at: worker.loop.now + (worker.isDraining ? .zero : Self.idle))
    }

    func wrote(_ id: HTTP2StreamID) {
        streams[id]?.wrote()
    }
}

// MARK: Requests

/// One read may hold a thousand requests. Each is a timer's, and of these few fire in a turn, so that nobody waits for all of
/// them; and what has been taken back before its turn came costs no session (CVE-2023-44487).
extension MultiplexedConnection {
    private func lineUp(_ request: Result<RequestHead, HTTPError>, on id: HTTP2StreamID) {
        requests[id] = request
        order.append(id)
        scheduleNextRequest()
    }

    private func scheduleNextRequest() {
        guard requestTimer == nil else { return }
        requestTimer = worker.loop.schedule(self, at: worker.loop.now, tag: Self.requestTag)
    }

    private func serveNextRequest() {
        requestTimer = nil
        while let id = order.popFirst() {
            guard let request = requests.removeValue(forKey: id), let stream = streams[id] else { continue }
            serve(request, on: stream)
            break
        }
        if requests.isEmpty { order = [] } else { scheduleNextRequest() }
    }

    private func serve(_ request: Result<RequestHead, HTTPError>, on stream: ClientStream) {
        let settled = { [worker] in worker.requestSettled() }
        switch request {
        case .success(let head): worker.receive(head, from: .stream(stream), on: listener, settled: settled)
        case .failure(let error): worker.refuse(Refusal(error), to: .stream(stream), settled: settled)
        }
        stream.served()
    }
}

extension MultiplexedConnection: TimerHandler {
    func fired(tag: Int) {
        switch tag {
        case Self.requestTag: serveNextRequest()
        case Self.holdTag: checkHeldStreams()
        default:
            // Nobody asked for anything in time.
            timer = nil
            end()
        }
    }

    private func checkHeldStreams() {
        holdTimer = nil
        inEngine { () throws(HTTP2Error) in try engine.checkHeldStreams(now: worker.loop.now) }
        guard !isEnding, streams.keys.contains(where: { engine.queuedBytes(of: $0) > 0 }) else { return }
        holdTimer = worker.loop.schedule(self, at: worker.loop.now + Self.holdPace, tag: Self.holdTag)
    }

    /// What `HTTP2Connection.checkHeldStreams` counts in.
    private static let holdPace = Duration.seconds(1)
    private static let holdTag = 1
    private static let requestTag = 2
}

extension Worker {
    fileprivate func noteBreach(_ failure: HTTP2Error, by client: SocketAddress) {
        countBreach(failure)
        log.write(.info, .connectionFailed, .address(client.description), .detail("HTTP/2: \(failure)"))
    }
}
