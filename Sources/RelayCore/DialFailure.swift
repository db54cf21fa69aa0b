import Policy

/// Why one endpoint of a grant could not be used: the kind decides what follows, the detail is for logs alone.
package struct DialFailure: Error, Equatable, Sendable {
    /// What went wrong.
    package let kind: Kind
    /// What happened, for operators. Never compared, never sent to a peer.
    package let detail: String

    package init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// What went wrong. What follows from each kind stands in the table below and nowhere else.
    package enum Kind: String, CaseIterable, Sendable {
        /// The name has no address, or its look-up failed.
        case resolveFailed = "resolve-failed"
        /// The name leads to an address that policy forbids.
        case addressForbidden = "address-forbidden"
        /// No TCP connection, or it broke before the opening handshake was over.
        case connectFailed = "connect-failed"
        /// TLS failed: host name, CA or pin among the reasons.
        case notVerified = "not-verified"
        /// A redirect. Never followed: the place it names was not granted.
        case redirected
        /// The endpoint says it cannot serve now (429, 5xx).
        case overloaded
        /// Something other than a proper 101.
        case notAWebSocket = "not-a-websocket"
        /// The endpoint refused the relay's key (401, 403). An account's key is the same in every zone (the provider's
        /// contract, section 13), and is the operator's to mend: going on would hide the fault.
        case keyRejected = "key-rejected"
        /// The endpoint refused the request (other 4xx).
        case requestRejected = "request-rejected"
        /// The endpoint took too long.
        case tooLate = "too-late"
    }
}

/// An endpoint of a grant that could not be used, for the session's record.
package struct FailedDial: Equatable, Sendable {
    /// What was dialled.
    package let endpoint: Endpoint
    /// Why it could not be used.
    package let failure: DialFailure

    package init(_ endpoint: Endpoint, _ failure: DialFailure) {
        self.endpoint = endpoint
        self.failure = failure
    }
}

extension DialFailure.Kind {
    /// What follows from a failed dial: whether the grant's next endpoint is tried, and the refusal when none is left.
    package var consequence: (triesNext: Bool, refusal: RefusalName) {
        switch self {
        case .resolveFailed, .addressForbidden, .connectFailed, .notVerified, .redirected, .overloaded,
            .notAWebSocket:
            (true, .upstreamUnavailable)
        case .tooLate: (true, .timeout)
        case .keyRejected, .requestRejected: (false, .upstreamRefused)
        }
    }
}
