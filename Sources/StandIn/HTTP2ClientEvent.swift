import HTTP
import HTTP2

/// What came of a client's connection, in the order it came.
package enum HTTP2ClientEvent: Equatable, Sendable {
    /// The server's SETTINGS are in force.
    case configured
    /// A response's head.
    case answered(ResponseHead, on: HTTP2StreamID, isLast: Bool)
    /// Bytes of a stream.
    case received([UInt8], on: HTTP2StreamID)
    /// The server has sent all it had on the stream.
    case ended(HTTP2StreamID)
    /// The stream is gone; `.noError` when both sides had ended it.
    case closed(HTTP2StreamID, HTTP2ErrorCode)
    /// The server takes leave; no stream after `last` was or will be served.
    case goneAway(HTTP2ErrorCode, last: HTTP2StreamID)
}
