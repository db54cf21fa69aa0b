import Policy

/// Why one endpoint of a grant could not be used: the kind decides what follows, the detail is for logs alone.
package struct DialFailure: Error, Equatable, Sendable {
    /// What went wrong.
    package let kind: Kind
    /// Which check of rule 7 failed; nil for kinds that are no such check.
    package let reason: Reason?
    /// What happened, for operators. Never compared, never sent to a peer.
    package let detail: String

    package init(_ kind: Kind, _ detail: String, reason: Reason? = nil) {
        self.kind = kind
        self.reason = reason
        self.detail = detail
    }

    /// The narrowest word for it: the same in logs, metrics and receipts.
    package var name: String { reason?.rawValue ?? kind.rawValue }

    /// Whether the endpoint is not what it should be, rather than not there. Somebody must look at it.
    package var isAlarming: Bool {
        switch kind {
        case .addressForbidden, .notVerified, .redirected, .keyRejected: true
        case .resolveFailed, .connectFailed, .overloaded, .notAWebSocket, .requestRejected, .tooLate, .knownDown,
            .exhausted:
            false
        }
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
        /// It was not dialled: other sessions have found it down.
        case knownDown = "known-down"
        /// It was not dialled: this process had no descriptor or memory left for it.
        case exhausted
    }

    /// Which check of rule 7 an endpoint failed.
    package enum Reason: String, CaseIterable, Sendable {
        case addressLoopback = "address-loopback"
        case addressPrivate = "address-private"
        case addressLinkLocal = "address-link-local"
        /// In none of the zone's networks.
        case addressUnlisted = "address-unlisted"
        /// Not an address of one host.
        case addressUnusable = "address-unusable"
        case certificateWrongName = "certificate-wrong-name"
        case certificateExpired = "certificate-expired"
        case certificateNotYetValid = "certificate-not-yet-valid"
        /// Issued by nobody who is trusted here; self-signed ones among them.
        case certificateUnknownAuthority = "certificate-unknown-authority"
        case certificateRevoked = "certificate-revoked"
        /// Any other fault of a certificate.
        case certificateUnfit = "certificate-unfit"
        /// None of the zone's pins.
        case pinMismatch = "pin-mismatch"
        /// TLS failed before there was a certificate to look at.
        case tlsFailed = "tls-failed"
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
            .notAWebSocket, .knownDown:
            (true, .upstreamUnavailable)
        case .tooLate: (true, .timeout)
        case .keyRejected, .requestRejected: (false, .upstreamRefused)
        case .exhausted: (false, .limit)
        }
    }

    /// What a failed dial says of the endpoint's health. One that refuses a key or a request is there and answers.
    package var outcome: Breaker.Outcome {
        switch self {
        case .resolveFailed, .addressForbidden, .connectFailed, .notVerified, .redirected, .overloaded,
            .notAWebSocket, .tooLate:
            .failed
        case .keyRejected, .requestRejected: .answered
        case .knownDown, .exhausted: .abandoned
        }
    }
}

extension DialFailure {
    /// What to report of an endpoint whose addresses all failed: what alarms; then that not all were tried; then silence, for
    /// an endpoint that is only slow is not one that is gone; and the details of all of them.
    package static func mostTelling(_ failures: [DialFailure]) -> DialFailure? {
        let ranks: [Kind] = [.notVerified, .addressForbidden, .exhausted, .tooLate]
        guard let first = ranks.lazy.compactMap({ kind in failures.first { $0.kind == kind } }).first ?? failures.first
        else { return nil }
        let details = [first.detail] + failures.map(\.detail).filter { $0 != first.detail }
        return DialFailure(first.kind, details.joined(separator: "; "), reason: first.reason)
    }
}
