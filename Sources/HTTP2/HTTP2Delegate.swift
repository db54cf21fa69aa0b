import HTTP

/// What an `HTTP2Connection` reports, synchronously and on its loop's thread, from within `receive` and `take`.
///
/// All of the connection's functions but these two may be called from here.
package protocol HTTP2Delegate: AnyObject {
    /// A request's head is complete. `isLast`: nothing of the client follows on the stream, and `ended` is not said.
    func requested(_ head: RequestHead, on stream: HTTP2StreamID, isLast: Bool)

    /// A request's head broke a rule of HTTP or a limit: to be answered, with the error's status and sentence. What else
    /// the client sends on the stream is dropped and not reported.
    func refused(_ error: HTTPError, on stream: HTTP2StreamID)

    /// The client sent bytes. They are lent: the span ends with the call. Each must be given back to `consumed` once it
    /// has gone on.
    func received(_ bytes: RawSpan, on stream: HTTP2StreamID)

    /// The client has sent all it had on the stream (END_STREAM); the other direction goes on.
    func ended(_ stream: HTTP2StreamID)

    /// The stream is gone, by either side's doing; nothing is said of it after this. `.noError` when both sides had ended
    /// it, else the code of the RST_STREAM that was received or sent.
    func closed(_ stream: HTTP2StreamID, _ code: HTTP2ErrorCode)

    /// Some of what was queued for the stream has left: `queuedBytes` is less than it was.
    func wrote(_ stream: HTTP2StreamID)
}
