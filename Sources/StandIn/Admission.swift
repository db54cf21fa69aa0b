import Timing

/// Who may open a session on a zone's provider, and how often (provider contract §3, §3.2 and §11).
package struct Admission {
    /// What a credential admits to.
    package struct Pass: Equatable, Sendable {
        /// Name of the key that is billed.
        package var keyName: String
        /// Whether a temporary token was shown instead of the key.
        package var isToken: Bool
        /// The longest the session may last, in seconds.
        package var maxSessionSeconds: Int
    }

    /// Tokens of this zone.
    package var mint = TokenMint()
    /// New sessions in any minute; nil for no limit. Counted for the account, which is the zone here.
    package var maxOpensPerMinute: Int?
    /// The longest session of a key, in seconds.
    package var maxSessionSeconds = TokenMint.sessionRange.upperBound

    private let keys: ProviderKeys
    private var opens: [Instant] = []

    package init(keys: ProviderKeys) {
        self.keys = keys
    }

    /// Checks the credential of a session request: its `Authorization` value and its decoded query.
    /// - Throws: code 1008 for the credential, 3009 for too many.
    package mutating func admit(
        authorization: String?, query: [(name: String, value: String)], at now: Instant
    ) throws(ProviderError) -> Pass {
        let pass = try pass(authorization: authorization, token: query.last { $0.name == "token" }?.value, at: now)
        try countOpen(at: now)
        return pass
    }

    /// Answers `GET /v3/token`.
    package mutating func mintToken(
        authorization: String?, query: [(name: String, value: String)], at now: Instant
    ) -> TokenMint.Answer {
        mint.answer(query: query, authorization: authorization, keys: keys, at: now)
    }

    /// Provider contract §3: a key only raw and only in the header (`Bearer` is an unknown key), a token in either.
    private func pass(authorization: String?, token: String?, at now: Instant) throws(ProviderError) -> Pass {
        if let authorization, let keyName = keys.name(of: authorization) {
            return Pass(keyName: keyName, isToken: false, maxSessionSeconds: maxSessionSeconds)
        }
        guard let token = authorization ?? token else { throw .missingCredential }
        let grant = try mint.redeem(token, at: now)
        return Pass(
            keyName: grant.keyName, isToken: true, maxSessionSeconds: min(grant.maxSessionSeconds, maxSessionSeconds))
    }

    private mutating func countOpen(at now: Instant) throws(ProviderError) {
        guard let maxOpensPerMinute else { return }
        opens.removeAll { $0 + .seconds(60) <= now }
        guard opens.count < maxOpensPerMinute else { throw .tooManySessions }
        opens.append(now)
    }
}
