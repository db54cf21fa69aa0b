import CNGHTTP2

/// The library that stands behind this target, as it was found when the program started.
package enum HTTP2Library {
    /// Throws what is wrong with the library, as a sentence with a remedy; called before a listener offers `h2`.
    ///
    /// A distribution mends an old version without raising its number, so the number says only that the functions are
    /// there (1.52). What can be tried without harm is tried: whether a head that never ends is cut off (CVE-2024-28182)
    /// and whether endless resets are (CVE-2023-44487). CVE-2026-27135, an assertion when a callback ends the session,
    /// cannot be tried, for it would end the process; `HTTP2Callbacks` never does what leads to it.
    package static func check() throws(HTTP2LibraryError) {
        guard let version = nghttp2_version(0)?.pointee, version.version_num >= oldest else {
            throw HTTP2LibraryError("libnghttp2 \(self.version) is too old. Install 1.52.0 or newer.")
        }
        guard endsAHeadThatNeverEnds() else {
            throw HTTP2LibraryError(
                "libnghttp2 \(self.version) reads CONTINUATION frames without end (CVE-2024-28182). Install a mended one."
            )
        }
        guard endsEndlessResets() else {
            throw HTTP2LibraryError(
                "libnghttp2 \(self.version) takes resets without end (CVE-2023-44487). Install a mended one.")
        }
    }

    /// Such as `1.52.0`.
    package static var version: String {
        nghttp2_version(0)?.pointee.version_str.map { String(cString: $0) } ?? "unknown"
    }

    private static let oldest: Int32 = 0x013400

    /// HEADERS, and CONTINUATION frames until nghttp2 has enough.
    private static func endsAHeadThatNeverEnds() -> Bool {
        let continuation: [UInt8] = [0, 0, 0, 9, 0, 0, 0, 0, 1]
        return ends(after: [0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82], continuation, times: 100)
    }

    /// RST_STREAM of a stream that was open, as often as nghttp2 forgives and once more.
    private static func endsEndlessResets() -> Bool {
        let request: [UInt8] = [0, 0, 14, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 9] + Array("localhost".utf8)
        let reset: [UInt8] = [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8]
        return ends(after: request, reset, times: 2100)
    }

    /// Whether a session goes away while `frame` comes again and again.
    private static func ends(after first: [UInt8], _ frame: [UInt8], times: Int) -> Bool {
        var silence: OpaquePointer?
        nghttp2_session_callbacks_new(&silence)
        guard let session = NGHTTP2.makeServer(silence) else { return false }
        defer { nghttp2_session_del(session) }
        let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
        let bytes = preface + first + [[UInt8]](repeating: frame, count: times).joined()
        guard nghttp2_session_mem_recv(session, bytes, bytes.count) >= 0 else { return true }
        var output: UnsafePointer<UInt8>?
        while nghttp2_session_mem_send(session, &output) > 0 {}
        return nghttp2_session_want_read(session) == 0
    }
}

/// What is wrong with the library, for the operator.
package struct HTTP2LibraryError: Error, Equatable, CustomStringConvertible {
    /// The fault and its remedy.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
