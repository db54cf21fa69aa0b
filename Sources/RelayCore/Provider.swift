import JSON

/// How a provider wants to be spoken to on an open session: the few messages the relay must recognise or say.
package struct Provider: Sendable, Equatable {
    /// Sent upstream when the client side ends without it; nil: the provider has no such message.
    package var terminateMessage: String?
    /// Whether the provider opens every session with `Begin`, reports refusals in-band before it,
    /// and confirms a termination with `Termination`.
    package var speaksAssemblyAI: Bool
    /// Bytes of audio a second where the provider's sessions do not say it themselves; never 0, nil: not known.
    package var audioBytesPerSecond: UInt64?

    /// AssemblyAI streaming v3: `Terminate` ends a session and its billing, `Termination` confirms it
    /// (the provider's contract, sections 7 to 9).
    package static let assemblyAI = Provider(
        terminateMessage: #"{"type":"Terminate"}"#, speaksAssemblyAI: true)

    /// Any other WebSocket provider, with the message it wants when a client is lost and what a second of audio is.
    package static func generic(onClientLoss message: String?, audioBytesPerSecond: UInt64? = nil) -> Provider {
        Provider(terminateMessage: message, speaksAssemblyAI: false, audioBytesPerSecond: audioBytesPerSecond)
    }

    /// The text message that tells a client why its session ends, in the provider's own form, with the refusal's
    /// name and the session's id as members its SDKs ignore. Nil for a provider whose clients know no such message.
    package func errorMessage(code: UInt16, sentence: String, name: String, session: String) -> String? {
        guard speaksAssemblyAI else { return nil }
        var writer = JSONObjectWriter()
        writer.member("type", "Error")
        writer.member("error_code", Int(code))
        writer.member("error", sentence)
        writer.member("refusal", name)
        writer.member("session", session)
        return writer.text
    }
}

/// What a small text message says that the relay must act upon; every other message is `nil` and only passed on.
package enum ProviderMessage: Equatable, Sendable {
    /// From the client: finish the session.
    case terminate
    /// From the provider: the session is open, and billed.
    case begin
    /// From the provider: the session fails; a close with the same code follows.
    case error(code: Int)
    /// From the provider: the session is finished.
    case termination(sessionSeconds: Int?)

    /// The largest text that can be one of these once a session is open: `Termination` is some 80 bytes,
    /// `Error` a sentence. Anything longer is passed on unread.
    package static let limit = 512
    /// The largest text looked at before the provider's first word: `Begin` carries the session's configuration.
    package static let limitBeforeBegin = 4096

    /// Reads a whole text message that `leg` sent.
    package static func recognise(_ text: RawSpan, from leg: Leg) -> ProviderMessage? {
        guard let type = JSONScanner.topLevelString("type", in: text) else {
            // An object with `error` and no `type` counts as an `Error` for every official client.
            guard leg == .upstream, JSONScanner.topLevelString("error", in: text) != nil else { return nil }
            return .error(code: JSONScanner.topLevelInteger("error_code", in: text) ?? 0)
        }
        switch (leg, type) {
        case (.client, "Terminate"): return .terminate
        case (.upstream, "Begin"): return .begin
        case (.upstream, "Error"): return .error(code: JSONScanner.topLevelInteger("error_code", in: text) ?? 0)
        case (.upstream, "Termination"):
            return .termination(sessionSeconds: JSONScanner.topLevelInteger("session_duration_seconds", in: text))
        default: return nil
        }
    }
}
