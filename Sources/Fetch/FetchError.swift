import CCurl

/// Why there is no answer. `kind` is compared; `detail` is libcurl's own words, for operators.
package struct FetchError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What went wrong.
    package let kind: Kind
    /// What happened.
    package let detail: String

    package init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// What went wrong.
    package enum Kind: String, CaseIterable, Sendable {
        /// The URL, a field or a file named in the request cannot be used.
        case badRequest
        /// The name has no address.
        case notResolved
        /// No TCP connection.
        case notConnected
        /// TLS failed: host name, authority or pin among the reasons.
        case notVerified
        /// It took too long.
        case tooLate
        /// The answer holds more than was asked for.
        case tooLarge
        /// What came is no HTTP, or broke off.
        case badAnswer
    }

    package var description: String { "\(kind): \(detail)" }
}

extension FetchError {
    init(_ code: CURLcode, detail: String) {
        let words = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        self.init(Self.kind(of: code), words)
    }

    private static func kind(of code: CURLcode) -> Kind {
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION,
            CURLE_SSL_CACERT_BADFILE, CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT, CURLE_NOT_BUILT_IN:
            .badRequest
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .notResolved
        case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED: .notConnected
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CIPHER, CURLE_SSL_INVALIDCERTSTATUS:
            .notVerified
        case CURLE_OPERATION_TIMEDOUT: .tooLate
        case CURLE_FILESIZE_EXCEEDED, CURLE_WRITE_ERROR: .tooLarge
        default: .badAnswer
        }
    }
}
