// WebSocket: RFC 6455's frames, rules and both handshakes.
//
// It knows the protocol between two endpoints. It must never know a socket, a clock, a source of randomness, a zone or
// what a message means. Called by `RelayCore`, by the legs in `RelayServer` and by `StandIn`.

import Bytes

/// What the parser met.
package enum FrameEvent: Equatable, Sendable {
    /// A header is complete; its payload follows as one or more `payload` events.
    case header(FrameHeader)
    /// The next `count` bytes of the span are payload, as masked as they came; `endsFrame` with the last of them.
    /// A frame without payload has one such event too, with a count of 0.
    case payload(count: Int, endsFrame: Bool)
}

/// Finds the frames in bytes as they arrive. It reads headers and counts payload past, but never touches or keeps it.
///
/// A header split over spans is kept inside. So that a relay can pass on the header and payload of a span as one run,
/// `carriedHeaderCount` tells how much of the header is no longer in the span at hand.
///
/// ```
///                header complete
///    ┌────────┐ ───────────────────▶ ┌─────────┐
///    │ header │                      │ payload │ ⟲ a piece of it, up to the end of the span
///    └────────┘ ◀─────────────────── └─────────┘
///   ⟲ kept when    last byte passed
///     the span ends
/// ```
package struct FrameParser: Sendable {
    /// Payload bytes still to come, or nil between frames.
    private var payloadLeft: UInt64?
    /// The start of a header whose end has not come yet.
    private var carried = FrameHeader.Storage(repeating: 0)
    private var carriedCount = 0

    /// The last complete header.
    private var header = FrameHeader(opcode: .continuation, payloadLength: 0)

    /// How many bytes of the last header came in spans before the one that completed it: 0…13.
    package private(set) var carriedHeaderCount = 0

    /// A parser at the start of a frame.
    package init() {}

    /// Whether the next byte is the first of a frame: only then may frames of our own be put in between.
    package var isBetweenFrames: Bool { payloadLeft == nil && carriedCount == 0 }

    /// Moves `offset` past the next header or piece of payload, and tells what it was; nil when the span is used up.
    ///
    /// `offset` starts at 0 for each new span, and every span must be read until nil. Throws what `FrameHeader` can
    /// have wrong in itself; after that the parser must not be used again, because nobody knows where the next frame
    /// starts.
    package mutating func next(_ bytes: RawSpan, from offset: inout Int) throws(WebSocketError) -> FrameEvent? {
        guard let payloadLeft else { return try nextHeader(bytes, &offset).map(FrameEvent.header) }
        let available = UInt64(truncatingIfNeeded: bytes.byteCount &- offset)
        guard available < payloadLeft else {
            self.payloadLeft = nil
            let count = Int(truncatingIfNeeded: payloadLeft)
            offset &+= count
            return .payload(count: count, endsFrame: true)
        }
        guard available > 0 else { return nil }
        self.payloadLeft = payloadLeft &- available
        offset = bytes.byteCount
        return .payload(count: Int(truncatingIfNeeded: available), endsFrame: false)
    }

    /// The bytes of the last header as they came, followed by zeros: a header has only one form, so they need not be
    /// kept. A relay writes the first `carriedHeaderCount` of them before the run of the span at hand.
    package var headerBytes: FrameHeader.Storage { FrameSerializer.encode(header).bytes }
}

extension FrameParser {
    @inline(__always)
    private mutating func nextHeader(_ bytes: RawSpan, _ offset: inout Int) throws(WebSocketError) -> FrameHeader? {
        guard offset < bytes.byteCount else { return nil }
        guard carriedCount == 0, let header = try FrameHeader(bytes, at: offset) else {
            return try nextSplitHeader(bytes, &offset)
        }
        offset &+= header.headerLength
        begin(header, carried: 0)
        return header
    }

    /// Adds bytes to the carried header one by one until it is complete. Few, and only where spans meet.
    @inline(never)
    private mutating func nextSplitHeader(_ bytes: RawSpan, _ offset: inout Int) throws(WebSocketError) -> FrameHeader?
    {
        let carriedBefore = carriedCount
        while let byte = bytes.byte(at: offset), carriedCount < carried.count {
            carried[carriedCount] = byte
            carriedCount += 1
            offset += 1
            if let header = try carriedHeader() {
                carriedCount = 0
                begin(header, carried: carriedBefore)
                return header
            }
        }
        return nil
    }

    private func carriedHeader() throws(WebSocketError) -> FrameHeader? {
        try FrameHeader(carried.span.bytes.extracting(first: carriedCount), at: 0)
    }

    @inline(__always)
    private mutating func begin(_ header: FrameHeader, carried: Int) {
        self.header = header
        carriedHeaderCount = carried
        payloadLeft = header.payloadLength
    }
}
