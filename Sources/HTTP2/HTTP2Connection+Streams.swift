import Bytes
import CNGHTTP2
import HTTP

// What becomes of a stream.
extension HTTP2Connection {
    /// Gives the head of the answer. `isLast`: there is no body, and the stream ends on our side.
    package func respond(to id: HTTP2StreamID, with head: ResponseHead, isLast: Bool) {
        guard let stream = stream(id.rawValue), stream.isAnnounced, !stream.isAnswered, !stream.isReset else { return }
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
        guard let stream = stream(id.rawValue), stream.takesBytes, bytes.byteCount > 0 else { return }
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
        guard let stream = stream(id.rawValue), stream.takesBytes else { return }
        stream.isFinishing = true
        stream.resetAfterwards = code
        resume(stream)
    }

    /// Ends the stream in both directions, now (RST_STREAM). What is queued is dropped, an answer's head that has not left
    /// too; nghttp2 would drop it all the same. See `finish` for an end that waits.
    package func reset(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        guard let stream = stream(id.rawValue), !stream.isReset else { return }
        stream.isReset = true
        stream.queue.removeAll(keepingCapacity: false)
        nghttp2_submit_rst_stream(session, NGHTTP2.noFlags, id.rawValue, code.rawValue)
    }

    /// How many bytes wait for the stream's windows; 0 when it is gone.
    package func queuedBytes(of id: HTTP2StreamID) -> Int {
        stream(id.rawValue)?.queue.count ?? 0
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
        guard ended == nil else { return }
        if code != .noError {
            end = HTTP2Error(code: code, detail: "")
        } else if hasGivenNotice {
            let last = nghttp2_session_get_last_proc_stream_id(session)
            nghttp2_submit_goaway(session, NGHTTP2.noFlags, last, code.rawValue, nil, 0)
        } else {
            hasGivenNotice = true
            nghttp2_submit_shutdown_notice(session)
        }
    }

    /// The stream of this number, while nghttp2 knows it.
    func stream(_ id: Int32) -> HTTP2Stream? {
        nghttp2_session_get_stream_user_data(session, id)
            .map { Unmanaged<HTTP2Stream>.fromOpaque($0).takeUnretainedValue() }
    }

    private func resume(_ stream: HTTP2Stream) {
        guard stream.isDeferred else { return }
        stream.isDeferred = false
        nghttp2_session_resume_data(session, stream.id.rawValue)
    }
}
