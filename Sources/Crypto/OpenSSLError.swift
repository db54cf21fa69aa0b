import COpenSSL

/// What OpenSSL's error queue of this thread held, read once and emptied.
///
/// The queue belongs to the thread, not to the call: an entry left behind is blamed on whatever fails there next. So
/// every failed OpenSSL call in this process is followed by `take` or `discard`.
package struct OpenSSLError: Error, Sendable, CustomStringConvertible {
    /// The packed code of the last entry, which is the called function's own verdict; 0 when the queue was empty.
    package let code: UInt
    /// Each entry's reason in the order they were raised, the deepest first; for logs only.
    package let description: String

    /// Reads and empties this thread's queue.
    package static func take() -> OpenSSLError {
        let last = ERR_peek_last_error()
        var reasons: [String] = []
        while true {
            var data: UnsafePointer<CChar>?
            var flags: Int32 = 0
            let code = ERR_get_error_all(nil, nil, nil, &data, &flags)
            guard code != 0 else { break }
            reasons.append(text(of: code, data: flags & ERR_TXT_STRING != 0 ? data : nil))
        }
        return OpenSSLError(
            code: last, description: reasons.isEmpty ? "no reason given" : reasons.joined(separator: "; "))
    }

    /// Empties this thread's queue when why a call failed is of no interest.
    package static func discard() {
        ERR_clear_error()
    }

    /// The reason number within its library, as in `SSL_R_…` or `X509_R_…`.
    package var reason: Int32 { ERR_GET_REASON(code) }

    /// The library that failed, as in `ERR_LIB_SSL`.
    package var library: Int32 { ERR_GET_LIB(code) }

    private static func text(of code: UInt, data: UnsafePointer<CChar>?) -> String {
        let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(String(code, radix: 16))"
        guard let detail = data.map({ String(cString: $0) }), !detail.isEmpty else { return reason }
        return "\(reason) (\(detail))"
    }
}
