/// Why the provider ends a session: the content of its `Error` message, whose code is also the close code
/// (provider contract §3.2 and §10).
package struct ProviderError: Error, Equatable, Sendable {
    /// The close code.
    package var code: UInt16
    /// The sentence for people.
    package var text: String

    /// The reason of every close that follows an `Error`: this text and no other, however short the error.
    package static let closeReason = "See Error message for details"

    package init(code: UInt16, text: String) {
        self.code = code
        self.text = text
    }

    /// Neither a header nor a token.
    package static let missingCredential = ProviderError(
        code: 1008, text: "Unauthorized Connection: Missing Authorization header")
    /// An unknown key or token, or a key behind `Bearer`.
    package static let invalidKey = ProviderError(code: 1008, text: "Unauthorized Connection: Invalid API key")
    /// A token past its window.
    package static let expiredToken = ProviderError(
        code: 1008, text: "Unauthorized Connection: Signature has expired")
    /// More new sessions than the account may open.
    package static let tooManySessions = ProviderError(
        code: 3009, text: "Unauthorized Connection: Too many concurrent sessions")
    /// The session has lasted as long as it may.
    package static let sessionExpired = ProviderError(
        code: 3008, text: "Session Expired: Maximum session duration exceeded")
    /// The catch-all for what went wrong inside.
    package static let cancelled = ProviderError(code: 3005, text: "Session Cancelled: An error occurred")
    /// A message over 128 KB. The contract gives no text; this one is the stand-in's own.
    package static let messageTooBig = ProviderError(code: 1009, text: "Message too big: the limit is 128 KB")
    /// A fault while setting up. The contract gives no text; this one is the stand-in's own.
    package static let internalError = ProviderError(code: 1011, text: "Internal error")

    /// A parameter or message that is not valid.
    package static func userInput(_ fault: String) -> ProviderError {
        ProviderError(code: 3006, text: "User Input Validation Error: \(fault)")
    }

    /// A message of `length` milliseconds where 50 to 1000 are expected.
    package static func inputDuration(_ length: Double) -> ProviderError {
        let tenths = (length * 10).rounded() / 10
        return ProviderError(
            code: 3007,
            text: "Input Duration Error: Input Duration Violation: \(tenths) ms. Expected between 50 and 1000 ms")
    }

    /// More audio than time has passed.
    package static func transmissionRate(audio: Double, elapsed: Double) -> ProviderError {
        func rounded(_ seconds: Double) -> Double { (seconds * 100).rounded() / 100 }
        return ProviderError(
            code: 3007,
            text: "Audio Transmission Rate Exceeded: Received \(rounded(audio)) sec. audio in \(rounded(elapsed)) sec")
    }

    /// No message for as long as the client's `inactivity_timeout` says.
    package static func inactivity(seconds: Int) -> ProviderError {
        ProviderError(
            code: 3006,
            text: "Session terminated due to inactivity: No messages received for \(seconds) seconds")
    }

    /// The provider's error with this code, as faults on demand name it.
    package static func named(_ code: UInt16) -> ProviderError {
        let known = [
            missingCredential, messageTooBig, internalError, cancelled, sessionExpired, tooManySessions,
            userInput("Invalid Message Type: None"), inputDuration(20),
        ]
        return known.first { $0.code == code } ?? ProviderError(code: code, text: "Error \(code)")
    }
}
