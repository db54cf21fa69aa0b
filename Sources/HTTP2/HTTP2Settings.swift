import HTTP
import Timing

/// What one connection may hold and how much its peer may strain it.
///
/// What its peer can make it keep is bounded by `maxConcurrentStreams` times `streamWindowBytes` and one head being read.
package struct HTTP2Settings: Equatable, Sendable {
    /// Requests at a time; more are refused. RFC 9113 §6.5.2 recommends no fewer than 100, Envoy's and nginx's figures are
    /// 100 and 128.
    package var maxConcurrentStreams: UInt32
    /// What a client may send on a stream before `consumed` gives it room again, in bytes; at most 2^31-1.
    package var streamWindowBytes: Int32
    /// What a client may have in flight over all streams, in bytes; at least 64 KiB - 1, which RFC 9113 §6.9.2 fixes as the
    /// first value. It is given back on receipt: a stream that is not consumed costs the others nothing.
    package var connectionWindowBytes: Int32
    /// The limits of a request's head, counted as over HTTP/1.1.
    package var head: HTTPLimits
    /// The budget of `Suspicion`.
    package var suspicion: TokenBucket.Rule

    /// What is left out is the default: 100 streams of 64 KiB, 1 MiB in flight.
    package init(
        maxConcurrentStreams: UInt32 = 100, streamWindowBytes: Int32 = 64 << 10, connectionWindowBytes: Int32 = 1 << 20,
        head: HTTPLimits = HTTPLimits(), suspicion: TokenBucket.Rule = Suspicion.defaultRule
    ) {
        self.maxConcurrentStreams = maxConcurrentStreams
        self.streamWindowBytes = streamWindowBytes
        self.connectionWindowBytes = connectionWindowBytes
        self.head = head
        self.suspicion = suspicion
    }

    /// RFC 9113 §6.5.2: field lines, each with 32 bytes added. Advertised, so that no client holds back a head that would
    /// be taken here.
    var maxHeaderListSize: UInt32 {
        UInt32(clamping: head.maxHeadBytes.addingReportingOverflow(32 &* head.maxFields).partialValue)
    }
}
