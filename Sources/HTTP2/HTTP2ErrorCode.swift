/// Why a stream or a connection ended (RFC 9113 §7). A peer may name any number; these are the ones that mean something.
package struct HTTP2ErrorCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// As it stands in RST_STREAM and GOAWAY.
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Nothing is wrong.
    package static let noError = HTTP2ErrorCode(rawValue: 0x0)
    /// The peer broke the protocol.
    package static let protocolError = HTTP2ErrorCode(rawValue: 0x1)
    /// The sender's own fault.
    package static let internalError = HTTP2ErrorCode(rawValue: 0x2)
    /// More DATA than a window allowed.
    package static let flowControlError = HTTP2ErrorCode(rawValue: 0x3)
    /// SETTINGS were not acknowledged in time.
    package static let settingsTimeout = HTTP2ErrorCode(rawValue: 0x4)
    /// A frame for a stream that its sender had ended.
    package static let streamClosed = HTTP2ErrorCode(rawValue: 0x5)
    /// A frame of a size its kind cannot have.
    package static let frameSizeError = HTTP2ErrorCode(rawValue: 0x6)
    /// Nothing was done about the request: it may be sent again.
    package static let refusedStream = HTTP2ErrorCode(rawValue: 0x7)
    /// The stream is not needed any more.
    package static let cancel = HTTP2ErrorCode(rawValue: 0x8)
    /// The shared state of field compression is lost.
    package static let compressionError = HTTP2ErrorCode(rawValue: 0x9)
    /// What a CONNECT led to was lost.
    package static let connectError = HTTP2ErrorCode(rawValue: 0xA)
    /// The peer makes a load that nothing explains.
    package static let enhanceYourCalm = HTTP2ErrorCode(rawValue: 0xB)
    /// TLS is weaker than RFC 9113 §9.2 asks.
    package static let inadequateSecurity = HTTP2ErrorCode(rawValue: 0xC)
    /// The request needs HTTP/1.1.
    package static let http11Required = HTTP2ErrorCode(rawValue: 0xD)

    /// The registered name, or the number of a code that has none.
    package var description: String { registeredName ?? "0x" + String(rawValue, radix: 16) }

    /// The registered name as labels are written, `protocol-error`; `other` for all codes that have none.
    package var name: String {
        guard let registeredName else { return "other" }
        return String(registeredName.lowercased().map { $0 == "_" ? "-" : $0 })
    }

    private var registeredName: String? {
        Int(exactly: rawValue).flatMap { Self.names.indices.contains($0) ? Self.names[$0] : nil }
    }

    private static let names = [
        "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
        "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
    ]
}
