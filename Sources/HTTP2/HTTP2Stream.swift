import Bytes

/// One request and its answer, between nghttp2 and the delegate.
///
/// Owned by its connection, from the first byte of the head until nghttp2 has forgotten the stream; nghttp2 holds an
/// address of it in between.
final class HTTP2Stream {
    let id: HTTP2StreamID
    /// Collects the head; nil once the head is complete.
    var head: HeadCollector?
    /// The delegate has heard of it, so that it will hear of its end.
    var isAnnounced = false
    /// The head was refused: what follows it is dropped.
    var isRefused = false
    /// The answer's head has been given.
    var isAnswered = false
    /// What waits for the peer's windows. Unchecked, because it changes with every message and calls nobody.
    @exclusivity(unchecked) var queue = ByteQueue(keepsStorage: true)
    /// END_STREAM stands behind `queue`.
    var isFinishing = false
    /// RST_STREAM stands behind END_STREAM.
    var resetAfterwards: HTTP2ErrorCode?
    /// We have reset it: what was queued is dropped.
    var isReset = false
    /// nghttp2 has forgotten it.
    var isGone = false
    /// nghttp2 found `queue` empty and does not ask again until it is told.
    var isDeferred = false
    /// Some of it has left since streams were last checked for being held.
    var hasMoved = false
    /// It is in the list of those that wrote since the delegate was last told.
    var hasWritten = false

    init(id: HTTP2StreamID, head: HeadCollector) {
        self.id = id
        self.head = head
    }

    /// Whether bytes can still be queued.
    var takesBytes: Bool { isAnswered && !isFinishing && !isReset }
}
