// HTTP2 is a function of bytes: what a client sends in, requests and their bytes out, and the reverse, with nghttp2 in
// between. It must never know a socket, TLS, a clock or what the bytes of a stream mean. Connections are driven by
// RelayServer, each on its loop's thread.

import Bytes
import CNGHTTP2
import HTTP
import Timing

/// The server's side of one HTTP/2 connection (RFC 9113), with WebSockets over it (RFC 8441), over bytes in memory.
///
/// Confined to the thread of the loop that made it. Owns nghttp2's session and every stream's queue. What a stream may
/// hold of the client's bytes is its window; what waits to be sent is bounded by whoever calls `send`, who sees
/// `queuedBytes`. An idle connection holds nghttp2's 25 KiB and no buffer.
package final class HTTP2Connection {
    /// Whom everything is reported to.
    package weak var delegate: (any HTTP2Delegate)?

    /// Why the connection must end; nil while it need not. It can also be set by `take`.
    package private(set) var failure: HTTP2Error?

    let session: OpaquePointer
    private let settings: HTTP2Settings
    private var streams: [Int32: HTTP2Stream] = [:]
    private var scanner = FrameScanner()
    private var suspicion: Suspicion
    private var now: Instant
    /// CONTINUATION frames in the head that is being read.
    private var continuations = 0

    /// Control frames that were answered at once and wait for `take`, and how many.
    private var answers = ByteQueue()
    private var answerCount = 0
    /// Where frames are being written to, while nghttp2 is asked for them, and how much may stand there.
    private var output: UnsafeMutablePointer<ByteQueue>?
    private var limit = 0
    /// What the delegate is told once nghttp2 has returned.
    private var written: [HTTP2Stream] = []
    private var gone: [(stream: HTTP2Stream, code: HTTP2ErrorCode)] = []
    /// The memory of a queue that is empty, for the next one that is not.
    private var spare = ByteQueue(keepsStorage: true)
    /// Inside `receive` or `take`, which must not be called then.
    private var isBusy = false
    private var hasGivenNotice = false
    /// Said in place of nghttp2's own words.
    private var reason: String?

    /// A connection whose first SETTINGS wait for `take`.
    package init(settings: HTTP2Settings, now: Instant) {
        self.settings = settings
        self.now = now
        suspicion = Suspicion(by: settings.suspicion)
        session = Self.makeSession()
        nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        submitSettings()
    }

    deinit {
        nghttp2_session_del(session)
    }
}

// In and out.
extension HTTP2Connection {
    /// Takes bytes of the client, which may end anywhere, and reports what they hold.
    ///
    /// Throws when the connection must end; what `take` then gives, GOAWAY included, is to be sent before the close. From
    /// then on nothing is reported, and every call throws the same again.
    package func receive(_ bytes: RawSpan, now: Instant) throws(HTTP2Error) {
        if let failure { throw failure }
        self.now = now
        enter()
        let innocent = judge(bytes)
        let result = bytes.extracting(0..<innocent).withUnsafeBytes { bytes in
            nghttp2_session_mem_recv(session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
        if result < 0 { end(afterResult: Int32(truncatingIfNeeded: result)) }
        answer()
        leave()
        if let failure { throw failure }
    }

    /// Appends what is to be sent to `output`: answers that are due, and then DATA of all streams that have some and whose
    /// windows are open, in turn, until `output` holds about `limit` bytes; it may exceed it by one frame (16 KiB).
    package func take(into output: inout ByteQueue, limit: Int) {
        enter()
        if !answers.isEmpty {
            output.append(answers.bytes)
            answers.removeAll(keepingCapacity: false)
        }
        answerCount = 0
        write(into: &output, limit: limit)
        if suspicion.isExhausted, failure == nil {
            endExhausted()
            write(into: &output, limit: 0)
        }
        leave()
    }

    /// Whether `take` has something to give.
    package var wantsToSend: Bool {
        !answers.isEmpty || (failure == nil && nghttp2_session_want_write(session) != 0)
    }

    /// Whether nothing will come of this connection any more, in either direction: it can be closed.
    package var isFinished: Bool {
        !wantsToSend && (failure != nil || nghttp2_session_want_read(session) == 0)
    }

    /// How many streams are open.
    package var streamCount: Int { streams.count }

    private func enter() {
        precondition(!isBusy, "receive and take must not be called from what they report")
        isBusy = true
    }

    /// Tells the delegate what happened while frames were written.
    private func leave() {
        if !written.isEmpty {
            for stream in written {
                stream.hasWritten = false
                if streams[stream.id.rawValue] != nil { delegate?.wrote(stream.id) }
            }
            written.removeAll(keepingCapacity: true)
        }
        if !gone.isEmpty {
            for (stream, code) in gone { delegate?.closed(stream.id, code) }
            gone.removeAll(keepingCapacity: true)
        }
        isBusy = false
    }

    /// Asks nghttp2 for frames until there are none, or `output` holds `limit` bytes and the next would be DATA.
    private func write(into output: inout ByteQueue, limit: Int) {
        withUnsafeMutablePointer(to: &output) { output in
            self.output = output
            self.limit = limit
            defer { self.output = nil }
            while failure == nil {
                var bytes: UnsafePointer<UInt8>?
                let count = nghttp2_session_mem_send(session, &bytes)
                guard count > 0 else {
                    if count < 0 { failure = HTTP2Error(code: .internalError, detail: Self.words(of: Int32(count))) }
                    break
                }
                output.pointee.append(UnsafeRawBufferPointer(start: bytes, count: count))
            }
        }
    }

    /// Writes control frames as soon as they are due, so that a failure, whose GOAWAY is one of them, is known at once.
    private func answer() {
        guard nghttp2_session_get_outbound_queue_size(session) > 0 || suspicion.isExhausted else { return }
        write(into: &answers, limit: 0)
        if answerCount > Self.maxAnswers { suspicion.condemn(.ignoredAnswers) }
        if suspicion.isExhausted, failure == nil {
            endExhausted()
            write(into: &answers, limit: 0)
        }
    }

    /// Envoy's `max_outbound_control_frames`; and far more than a hundred streams can make due at once.
    private static let maxAnswers = 1000
}

// What becomes of a stream.
extension HTTP2Connection {
    /// Gives the head of the answer. `isLast`: there is no body, and the stream ends on our side.
    package func respond(to id: HTTP2StreamID, with head: ResponseHead, isLast: Bool) {
        guard let stream = streams[id.rawValue], stream.isAnnounced, !stream.isAnswered, !stream.isReset else { return }
        stream.isAnswered = true
        stream.isFinishing = isLast
        var source = HTTP2Callbacks.source(of: stream)
        var fields = ResponseFields(head)
        fields.withFields { fields in
            withUnsafePointer(to: &source) { source in
                _ = nghttp2_submit_response(
                    session, id.rawValue, fields.baseAddress, fields.count, isLast ? nil : source)
            }
        }
    }

    /// Queues bytes behind the answer's head. They leave as the windows of the stream and the connection allow; until then
    /// they are held here. Does nothing on a stream that is gone, not answered, or finished.
    package func send(_ bytes: RawSpan, on id: HTTP2StreamID) {
        guard let stream = streams[id.rawValue], stream.takesBytes, bytes.byteCount > 0 else { return }
        if !stream.queue.holdsStorage, spare.holdsStorage { swap(&stream.queue, &spare) }
        stream.queue.append(bytes)
        resume(stream)
    }

    /// Ends the stream on our side, behind what is queued (END_STREAM); the client may go on. With `code`, RST_STREAM follows
    /// at once: RFC 9113 §8.1 has `.noError` for an answer that does not wait for the rest of the request.
    ///
    /// This, and not `reset`, is how a stream ends whose last words are to be heard: a browser that sees the reset first
    /// reports 1006 instead of them.
    package func finish(_ id: HTTP2StreamID, thenReset code: HTTP2ErrorCode? = nil) {
        guard let stream = streams[id.rawValue], stream.takesBytes else { return }
        stream.isFinishing = true
        stream.resetAfterwards = code
        resume(stream)
    }

    /// Ends the stream in both directions, now (RST_STREAM). What is queued is dropped, an answer's head that has not left
    /// too; nghttp2 would drop it all the same. See `finish` for an end that waits.
    package func reset(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        guard let stream = streams[id.rawValue], !stream.isReset else { return }
        stream.isReset = true
        stream.queue.removeAll(keepingCapacity: false)
        nghttp2_submit_rst_stream(session, NGHTTP2.noFlags, id.rawValue, code.rawValue)
    }

    /// How many bytes wait for the stream's windows; 0 when it is gone.
    package func queuedBytes(of id: HTTP2StreamID) -> Int {
        streams[id.rawValue]?.queue.count ?? 0
    }

    /// Lets the client send as many bytes more on the stream: what was `received` has gone on. The connection's window needs
    /// nobody's help.
    package func consumed(_ count: Int, of id: HTTP2StreamID) {
        guard count > 0 else { return }
        nghttp2_session_consume_stream(session, id.rawValue, count)
    }

    /// Takes leave. With `.noError` in two steps (RFC 9113 §6.8): the first call asks for no more requests, and serves
    /// those that cross; the second, best a round trip later, serves none that come after it. The connection is finished
    /// when its last stream is gone. With any other code it ends at once and takes its streams along.
    package func goAway(_ code: HTTP2ErrorCode) {
        guard failure == nil else { return }
        if code != .noError {
            end(code, "")
        } else if hasGivenNotice {
            let last = nghttp2_session_get_last_proc_stream_id(session)
            nghttp2_submit_goaway(session, NGHTTP2.noFlags, last, code.rawValue, nil, 0)
        } else {
            hasGivenNotice = true
            nghttp2_submit_shutdown_notice(session)
        }
    }

    private func resume(_ stream: HTTP2Stream) {
        guard stream.isDeferred else { return }
        stream.isDeferred = false
        nghttp2_session_resume_data(session, stream.id.rawValue)
    }
}

// What nghttp2 reports while it reads.
extension HTTP2Connection {
    func headBegan(_ id: Int32) {
        let stream = HTTP2Stream(id: HTTP2StreamID(rawValue: id), head: HeadCollector(limits: settings.head))
        streams[id] = stream
        nghttp2_session_set_stream_user_data(session, id, stream.reference)
        // RFC 9218: all streams alike, and each in its turn; what the client would prefer is not asked.
        var turns = nghttp2_extpri(urgency: UInt32(NGHTTP2_EXTPRI_DEFAULT_URGENCY), inc: 1)
        nghttp2_session_change_extpri_stream_priority(session, id, &turns, 1)
    }

    /// False when the budget is used up.
    func fieldArrived(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>, on id: Int32) -> Bool {
        let isKept = streams[id]?.head?.add(name, value) ?? false
        if !isKept { suspicion.note(.sentUselessFields, count: 1 + (name.count + value.count) >> 10, now: now) }
        return !suspicion.isExhausted
    }

    func headCompleted(_ id: Int32, isLast: Bool) {
        guard let stream = streams[id], let collected = stream.head else { return }
        stream.head = nil
        stream.isAnnounced = true
        do throws(HTTPError) {
            let head = try collected.head()
            delegate?.requested(head, on: stream.id, isLast: isLast)
        } catch {
            stream.isRefused = true
            delegate?.refused(error, on: stream.id)
        }
    }

    func dataArrived(_ bytes: UnsafeRawBufferPointer, on id: Int32) {
        nghttp2_session_consume_connection(session, bytes.count)
        guard let stream = streams[id], !stream.isRefused else {
            nghttp2_session_consume_stream(session, id, bytes.count)
            return
        }
        if !stream.isReset { delegate?.received(bytes.bytes, on: stream.id) }
    }

    func peerEnded(_ id: Int32) {
        guard let stream = streams[id], !stream.isRefused else { return }
        delegate?.ended(stream.id)
    }

    func streamClosed(_ id: Int32, _ code: HTTP2ErrorCode) {
        guard let stream = streams.removeValue(forKey: id), stream.isAnnounced else { return }
        if output != nil { gone.append((stream, code)) } else { delegate?.closed(stream.id, code) }
    }
}

// What nghttp2 asks for and reports while it writes.
extension HTTP2Connection {
    /// What a stream can give for one frame.
    enum Supply {
        /// The frame is as long as this; `isLast` ends the stream on our side.
        case bytes(Int, isLast: Bool)
        /// Nothing is queued.
        case none
        /// There is enough in the output for now.
        case later
    }

    func dataWanted(of stream: HTTP2Stream, room: Int) -> Supply {
        guard let output, output.pointee.count < limit else { return .later }
        let queued = stream.queue.count
        guard queued > 0 || stream.isFinishing else {
            stream.isDeferred = true
            return .none
        }
        let count = min(queued, room)
        // Whoever opens windows by a few bytes at a time gets as many frames.
        if count < queued, count < Self.sliverBytes { suspicion.note(.tookSliver, now: now) }
        return .bytes(count, isLast: count == queued && stream.isFinishing)
    }

    /// Writes one DATA frame straight from the stream's queue.
    func dataLeaves(of stream: HTTP2Stream, behind head: UnsafeRawBufferPointer, count: Int) {
        guard let output else { return }
        output.pointee.append(head)
        stream.queue.withUnsafeBytes { output.pointee.append(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
        stream.queue.consume(count)
        if stream.queue.isEmpty { keepSpare(&stream.queue) }
        if count >= Self.sliverBytes || stream.queue.isEmpty { suspicion.excuseWindowUpdates(4) }
        guard count > 0 else { return }
        stream.hasMoved = true
        guard !stream.hasWritten else { return }
        stream.hasWritten = true
        written.append(stream)
    }

    func frameLeft() {
        answerCount += 1
    }

    func endLeft(_ id: Int32) {
        guard let stream = streams[id], let code = stream.resetAfterwards else { return }
        stream.isReset = true
        nghttp2_submit_rst_stream(session, NGHTTP2.noFlags, id, code.rawValue)
    }

    func resetLeft(_ id: Int32) {
        if streams[id]?.isReset != true { suspicion.note(.provokedReset, now: now) }
    }

    func goAwayLeft(_ code: HTTP2ErrorCode, _ words: String) {
        guard code != .noError else { return }
        failure = HTTP2Error(code: code, detail: reason ?? words)
    }

    /// Envoy counts frames for this; nginx and Apache have buffers that wait for more room than that.
    private static let sliverBytes = 256

    /// Memory of one queue is kept: a message that comes and goes allocates nothing. Not more of it than a page, for an
    /// idle connection keeps it.
    private func keepSpare(_ queue: inout ByteQueue) {
        if !spare.holdsStorage, queue.storageByteCount <= 4096 { swap(&queue, &spare) } else { queue.releaseStorage() }
    }
}

// What a peer costs.
extension HTTP2Connection {
    /// Charges the frames that begin in `bytes`. Gives how many bytes may be read: all, or those up to the frame that used
    /// up the budget.
    private func judge(_ bytes: RawSpan) -> Int {
        var offset = 0
        var innocent = 0
        while let frame = scanner.next(in: bytes, from: &offset) {
            note(frame)
            if suspicion.isExhausted { return innocent }
            innocent = min(offset + frame.payloadBytes, bytes.byteCount)
        }
        return bytes.byteCount
    }

    private func note(_ frame: FrameScanner.Frame) {
        let isAcknowledgement = frame.flags & NGHTTP2.acknowledgement != 0
        switch frame.type {
        case NGHTTP2.data:
            if frame.payloadBytes == 0, frame.flags & NGHTTP2.endStream == 0 {
                suspicion.note(.sentEmptyData, now: now)
            }
        case NGHTTP2.headers:
            continuations = 0
            suspicion.note(.openedStream, now: now)
            suspicion.note(.sentLargeHead, count: frame.payloadBytes >> 10, now: now)
            suspicion.excuseWindowUpdates(2)
        case NGHTTP2.continuation:
            continuations += 1
            suspicion.note(.sentContinuation, now: now)
            suspicion.note(.sentLargeHead, count: frame.payloadBytes >> 10, now: now)
            if continuations > Self.maxContinuations { suspicion.condemn(.sentEndlessHead) }
        case NGHTTP2.resetStream: suspicion.note(.resetStream, now: now)
        case NGHTTP2.settings: if !isAcknowledgement { suspicion.note(.sentSettings, now: now) }
        case NGHTTP2.ping: suspicion.note(.pinged, now: now)
        case NGHTTP2.windowUpdate: suspicion.note(.updatedWindow, now: now)
        case NGHTTP2.priority, NGHTTP2.priorityUpdate: suspicion.note(.sentPriority, now: now)
        default: suspicion.note(.sentOtherFrame, now: now)
        }
    }

    /// Charges for streams whose bytes have waited behind empty windows since the call before. To be called about once a
    /// second while the connection lives; throws when that ends it, as `receive` does.
    package func checkHeldStreams(now: Instant) throws(HTTP2Error) {
        if let failure { throw failure }
        self.now = now
        let isShut = nghttp2_session_get_remote_window_size(session) <= 0
        var held = 0
        for stream in streams.values {
            let waits = !stream.queue.isEmpty && !stream.hasMoved
            stream.hasMoved = false
            if waits, isShut || nghttp2_session_get_stream_remote_window_size(session, stream.id.rawValue) <= 0 {
                held += 1
            }
        }
        suspicion.note(.heldStream, count: held, now: now)
        guard suspicion.isExhausted else { return }
        enter()
        answer()
        leave()
        if let failure { throw failure }
    }

    /// nghttp2's own default; a head of 16 KiB needs one.
    private static let maxContinuations = 8

    private func endExhausted() {
        end(.enhanceYourCalm, suspicion.exhaustedBy?.words ?? "")
    }

    /// nghttp2 will read no more. Its GOAWAY is what `write` meets next.
    private func end(_ code: HTTP2ErrorCode, _ reason: String) {
        self.reason = reason
        nghttp2_session_terminate_session(session, code.rawValue)
    }

    private func end(afterResult result: Int32) {
        if suspicion.isExhausted { return }
        switch result {
        case NGHTTP2.badPreface: end(.protocolError, "the connection preface is not HTTP/2's")
        case NGHTTP2.flooded: suspicion.condemn(.ignoredAnswers)
        case NGHTTP2.tooManyContinuations: suspicion.condemn(.sentEndlessHead)
        default: end(.internalError, Self.words(of: result))
        }
    }

    private static func words(of result: Int32) -> String {
        nghttp2_strerror(result).map { String(cString: $0) } ?? ""
    }
}

// nghttp2's session, and how it is set.
extension HTTP2Connection {
    private static func makeSession() -> OpaquePointer {
        let callbacks = HTTP2Callbacks.make()
        let options = makeOptions()
        defer {
            nghttp2_session_callbacks_del(callbacks)
            nghttp2_option_del(options)
        }
        var session: OpaquePointer?
        guard callbacks != nil, options != nil, nghttp2_session_server_new2(&session, callbacks, nil, options) == 0,
            let session
        else { preconditionFailure("no memory for a connection") }
        return session
    }

    private static func makeOptions() -> OpaquePointer? {
        var options: OpaquePointer?
        guard nghttp2_option_new(&options) == 0 else { return nil }
        // Windows are given back by `consumed`.
        nghttp2_option_set_no_auto_window_update(options, 1)
        // Ended streams are forgotten at once.
        nghttp2_option_set_no_closed_streams(options, 1)
        // What follows is the second line behind `Suspicion`, at nghttp2's defaults or above them.
        nghttp2_option_set_max_settings(options, 32)
        nghttp2_option_set_max_outbound_ack(options, 1000)
        // It would end with INTERNAL_ERROR, and on its own clock: looser than our price.
        nghttp2_option_set_stream_reset_rate_limit(options, 2000, 66)
        // It counts a frame once for every piece its nine bytes come in.
        nghttp2_option_set_max_continuations(options, (maxContinuations + 1) * FrameScanner.headBytes)
        return options
    }

    private func submitSettings() {
        let entries: [(nghttp2_settings_id, UInt32)] = [
            (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.maxConcurrentStreams),
            (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, UInt32(clamping: settings.streamWindowBytes)),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.maxHeaderListSize),
            // RFC 8441 §3; never asked of the client.
            (NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1),
            // RFC 9218 §2.1: the tree of priorities, which let one stream starve another, is not kept.
            (NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
        ]
        let values = entries.map { nghttp2_settings_entry(settings_id: Int32($0.0.rawValue), value: $0.1) }
        nghttp2_submit_settings(session, NGHTTP2.noFlags, values, values.count)
        nghttp2_session_set_local_window_size(session, NGHTTP2.noFlags, 0, settings.connectionWindowBytes)
    }
}
