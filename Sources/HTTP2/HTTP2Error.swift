/// Why a connection must end. `code` is what the peer is told in GOAWAY; `detail` is for logs and never sent.
package struct HTTP2Error: Error, Equatable, Sendable, CustomStringConvertible {
    /// The connection error (RFC 9113 §5.4.1).
    package let code: HTTP2ErrorCode
    /// The rule that was broken, or what the peer did too much of. Holds nothing the peer sent.
    package let detail: String
    /// What the peer did too much of, if that is the reason.
    package let act: Suspicion.Act?

    /// A rule was broken, or the peer is told this code for another reason than too much of something.
    package init(code: HTTP2ErrorCode, detail: String) {
        self.code = code
        self.detail = detail
        act = nil
    }

    /// The budget is used up, at last by this.
    package init(_ act: Suspicion.Act) {
        code = .enhanceYourCalm
        detail = act.words
        self.act = act
    }

    /// What to count it by, a name from a closed list: the act's, or that of the kind of error.
    package var reason: String { act?.rawValue ?? code.name }

    /// The peer broke no rule but made a load that nothing explains.
    package var isAbuse: Bool { code == .enhanceYourCalm }

    package var description: String { detail.isEmpty ? "\(code)" : "\(code): \(detail)" }
}
