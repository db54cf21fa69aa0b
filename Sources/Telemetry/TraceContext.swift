/// Where a session stands among the traces of other programs: the W3C's Trace Context, Level 1, as a client sends it.
///
/// Nothing of it is believed but its form. `tracestate` is not read: what a client writes there is nobody's business but its own,
/// and may be anything.
package struct TraceContext: Equatable, Sendable {
    /// Of the whole trace: 16 bytes, not all of them zero.
    package let trace: [UInt8]
    /// Of the client's span: 8 bytes, not all of them zero.
    package let parent: [UInt8]
    /// Whether the client records its trace.
    package let isSampled: Bool

    /// Nil for what is no proper `traceparent`, or more than one.
    ///
    /// - Parameter traceparent: the values of all fields of this name.
    package init?(traceparent: [String]) {
        // Section 3.2.2: version, trace-id, parent-id and flags in lowercase hex. A version that is not known yet may hold more.
        guard traceparent.count == 1, let text = traceparent.first.map({ Array($0.utf8) }), text.count >= Self.bytes,
            let version = Self.bytes(text[0..<2])?.first, version != 0xFF,
            text.count == Self.bytes || version > 0 && text[Self.bytes] == Self.dash,
            [2, 35, 52].allSatisfy({ text[$0] == Self.dash }),
            let trace = Self.bytes(text[3..<35]), let parent = Self.bytes(text[36..<52]),
            let flags = Self.bytes(text[53..<55])?.first,
            trace.contains(where: { $0 != 0 }), parent.contains(where: { $0 != 0 })
        else { return nil }
        self.trace = trace
        self.parent = parent
        isSampled = flags & 1 == 1
    }

    /// The `traceparent` that names a span that is recorded.
    ///
    /// - Parameters:
    ///   - trace: 16 bytes, not all of them zero.
    ///   - span: 8 bytes, not all of them zero.
    package static func traceparent(trace: [UInt8], span: [UInt8]) -> String {
        "00-\(hex(trace))-\(hex(span))-01"
    }

    /// As ids of traces are written: in lowercase.
    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static let bytes = 55
    private static let dash = UInt8(ascii: "-")

    /// Nil for what is not in lowercase hex.
    private static func bytes(_ hex: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in hex {
            let digit: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
            default: return nil
            }
            if let first = high.take() { bytes.append(first << 4 | digit) } else { high = digit }
        }
        return bytes
    }
}
