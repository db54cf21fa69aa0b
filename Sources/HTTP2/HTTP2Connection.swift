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
    package var failure: HTTP2Error? { ended }

    // Behind the property above, because one that other modules see costs a check at each access.
    var ended: HTTP2Error?
    let session: OpaquePointer
    let settings: HTTP2Settings
    /// Keeps streams as long as nghttp2 has an address of them; they are looked up there.
    var streams: [Int32: HTTP2Stream] = [:]
    var scanner = FrameScanner()
    // Unchecked, as are three below, for they change with every message, and nothing that is called meanwhile leads back.
    @exclusivity(unchecked) var suspicion: Suspicion
    var now: Instant
    /// CONTINUATION frames in the head that is being read.
    var continuations = 0

    /// Control frames that were answered at once and wait for `take`, and how many.
    private var answers = ByteQueue()
    private var answerCount = 0
    /// Where frames are being written to, while nghttp2 is asked for them, and how much may stand there.
    var output: UnsafeMutablePointer<ByteQueue>?
    var limit = 0
    /// What the delegate is told once nghttp2 has returned.
    @exclusivity(unchecked) var written: [HTTP2Stream] = []
    @exclusivity(unchecked) var gone: [(stream: HTTP2Stream, code: HTTP2ErrorCode)] = []
    /// The memory of a queue that is empty, for the next one that is not.
    @exclusivity(unchecked) var spare = ByteQueue(keepsStorage: true)
    /// Inside `receive` or `take`, which must not be called then.
    private var isBusy = false
    var hasGivenNotice = false
    /// Why the connection is to end, as soon as nghttp2 can be told; see `HTTP2Callbacks`.
    var end: HTTP2Error?
    /// Frames written so far; only differences mean anything.
    var frameCount = 0

    /// A connection whose first SETTINGS wait for `take`.
    package init(settings: HTTP2Settings, now: Instant) {
        self.settings = settings
        self.now = now
        suspicion = Suspicion(by: settings.suspicion)
        guard let session = NGHTTP2.makeServer(HTTP2Callbacks.make()) else {
            preconditionFailure("no memory for a connection")
        }
        self.session = session
        nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        NGHTTP2.submit(settings, to: session)
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
        if let ended { throw ended }
        self.now = now
        enter()
        let innocent = judge(bytes)
        let result = bytes.extracting(0..<innocent).withUnsafeBytes { bytes in
            nghttp2_session_mem_recv(session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
        if result < 0, !suspicion.isExhausted { judge(result: Int32(truncatingIfNeeded: result)) }
        answer()
        leave()
        if let ended { throw ended }
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
        endIfDue()
        write(into: &output, limit: limit)
        if endIfDue() { write(into: &output, limit: 0) }
        leave()
    }

    /// Whether `take` has something to give.
    package var wantsToSend: Bool {
        !answers.isEmpty || (ended == nil && (end != nil || nghttp2_session_want_write(session) != 0))
    }

    /// Whether nothing will come of this connection any more, in either direction: it can be closed.
    package var isFinished: Bool {
        !wantsToSend && (ended != nil || nghttp2_session_want_read(session) == 0)
    }

    /// How many streams are open.
    package var streamCount: Int { streams.count }

    func enter() {
        precondition(!isBusy, "receive and take must not be called from what they report")
        isBusy = true
    }

    /// Tells the delegate what happened while frames were written.
    func leave() {
        if !written.isEmpty {
            for stream in written {
                stream.hasWritten = false
                if !stream.isGone { delegate?.wrote(stream.id) }
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
            while ended == nil {
                var bytes: UnsafePointer<UInt8>?
                let count = nghttp2_session_mem_send(session, &bytes)
                guard count > 0 else {
                    if count < 0 { ended = HTTP2Error(code: .internalError, detail: NGHTTP2.words(of: Int32(count))) }
                    break
                }
                output.pointee.append(UnsafeRawBufferPointer(start: bytes, count: count))
            }
        }
    }

    /// Writes control frames as soon as they are due, so that a failure, whose GOAWAY is one of them, is known at once.
    func answer() {
        endIfDue()
        guard nghttp2_session_get_outbound_queue_size(session) > 0 else { return }
        let before = frameCount
        write(into: &answers, limit: 0)
        answerCount += frameCount &- before
        if answerCount > Self.maxAnswers { suspicion.condemn(.ignoredAnswers) }
        if endIfDue() { write(into: &answers, limit: 0) }
    }

    /// Tells nghttp2 that the connection ends, if it does: it reads no more, and its GOAWAY is what `write` meets next.
    @discardableResult
    private func endIfDue() -> Bool {
        if let act = suspicion.exhaustedBy { end = HTTP2Error(act) }
        guard ended == nil, let end else { return false }
        nghttp2_session_terminate_session(session, end.code.rawValue)
        return true
    }

    /// Envoy's `max_outbound_control_frames`; and far more than a hundred streams can make due at once.
    private static let maxAnswers = 1000
}
