import Bytes
import CNGHTTP2
import Timing

// What a peer costs.
extension HTTP2Connection {
    /// Charges the frames that begin in `bytes`. Gives how many bytes may be read: all, or those up to the frame that used
    /// up the budget.
    func judge(_ bytes: RawSpan) -> Int {
        var scanner = scanner
        defer { self.scanner = scanner }
        var offset = 0
        var innocent = min(scanner.payloadLeft, bytes.byteCount)
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
            let isEmpty = frame.payloadBytes == 0 && frame.flags & NGHTTP2.endStream == 0
            // What is padded may be padding and nothing else.
            if isEmpty || frame.flags & NGHTTP2.padded != 0 { suspicion.note(.sentEmptyData, now: now) }
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
        if let ended { throw ended }
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
        if let ended { throw ended }
    }

    /// nghttp2's own default; a head of 16 KiB needs one.
    static let maxContinuations = 8

    /// What nghttp2 would not go on after, and why.
    func judge(result: Int32) {
        switch result {
        case NGHTTP2.flooded: suspicion.condemn(.ignoredAnswers)
        case NGHTTP2.tooManyContinuations: suspicion.condemn(.sentEndlessHead)
        case NGHTTP2.badPreface:
            end = HTTP2Error(code: .protocolError, detail: "the connection preface is not HTTP/2's")
        default: end = HTTP2Error(code: .internalError, detail: NGHTTP2.words(of: result))
        }
    }
}
