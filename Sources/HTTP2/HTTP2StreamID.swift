/// The number of one request and its answer on a connection (RFC 9113 §5.1.1).
package struct HTTP2StreamID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// 1…2^31-1; odd for what a client opens.
    package let rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    package static func < (left: HTTP2StreamID, right: HTTP2StreamID) -> Bool {
        left.rawValue < right.rawValue
    }

    package var description: String { String(rawValue) }
}
