import Crypto
import JSON
import Policy

/// An identity provider whose tokens are believed, and what is believed of them.
package struct TokenIssuer: Equatable, Sendable {
    /// The `iss` claim, exactly.
    package var issuer: String
    /// What the `aud` claim must hold, exactly.
    package var audience: String
    /// The claim that names the tenant.
    package var tenantClaim: String
    /// The only algorithms believed.
    package var algorithms: Set<JSONWebAlgorithm>
    /// How far the provider's clock may be from this one.
    package var leeway: Duration

    package init(
        issuer: String, audience: String, tenantClaim: String, algorithms: Set<JSONWebAlgorithm>,
        leeway: Duration = .seconds(60)
    ) {
        self.issuer = issuer
        self.audience = audience
        self.tenantClaim = tenantClaim
        self.algorithms = algorithms
        self.leeway = leeway
    }
}

/// Signed tokens of identity providers (RFC 7519 in the compact form of RFC 7515), judged as RFC 8725 would have it.
///
/// The header of a token is its bearer's word until the signature has been verified. So it chooses among the keys and
/// algorithms that the operators and the provider have named, and brings none of its own: `jku`, `jwk` and `x5u` are
/// nothing here.
package enum JSONWebToken {
    /// What a token is worth.
    package enum Verdict: Equatable, Sendable {
        /// It is genuine, and says this.
        case proves(issuer: String, TenantClaim)
        /// It was genuine, and its time is over.
        case expired
        /// It proves nothing here.
        case worthless
        /// It may be genuine: the issuer's keys at hand do not hold the one that it names.
        case unknownKey(issuer: String)
    }

    /// Whether `text` has the form of a token, good or bad: three parts, the first of which begins as a JSON object does.
    package static func isOne(_ text: String) -> Bool {
        // The base64url of `{` and of any character that may follow it in JSON.
        let begins =
            text.utf8.first == UInt8(ascii: "e") && text.utf8.dropFirst().first.map("wy".utf8.contains) ?? false
        return begins && text.utf8.count { $0 == separator } == 2
    }

    /// What `text` is worth. What costs little is asked first: only a token that would prove something if its signature held
    /// has it verified.
    ///
    /// - Parameters:
    ///   - issuers: those believed, each `issuer` once.
    ///   - keys: the keys of an issuer; nil: not known yet.
    package static func judge(
        _ text: String, by issuers: [TokenIssuer], keys: (String) -> KeySet?, at unixSeconds: Double
    ) -> Verdict {
        guard let token = SignedToken(text), let header = TokenHeader(token.header) else { return .worthless }
        guard let issuer = issuers.first(where: { $0.issuer.isSameText(as: token.claims["iss"]?.string) }),
            issuer.algorithms.contains(header.algorithm),
            let claims = TokenClaims(token.claims, of: issuer), claims.isBegun(at: unixSeconds)
        else { return .worthless }
        guard let key = keys(issuer.issuer)?.key(header.keyID, for: header.algorithm) else {
            return .unknownKey(issuer: issuer.issuer)
        }
        guard key.verifies(token.signature, of: token.signed) else { return .worthless }
        return claims.isOver(at: unixSeconds) ? .expired : .proves(issuer: issuer.issuer, claims.tenant)
    }

    /// Providers' tokens have one or two KiB; more does not fit a request's head beside everything else.
    package static let maxBytes = 8 << 10

    fileprivate static let separator = UInt8(ascii: ".")
}

/// The three parts of a token, read but not believed.
private struct SignedToken {
    let header: JSONTree
    let claims: JSONTree
    let signature: [UInt8]
    /// What the signature is of: the first two parts as they came (RFC 7515 §5.2).
    let signed: [UInt8]

    init?(_ text: String) {
        guard text.utf8.count <= JSONWebToken.maxBytes else { return nil }
        let parts = text.utf8.split(separator: JSONWebToken.separator, omittingEmptySubsequences: false)
        // RFC 7516 §9: five parts are an encrypted token.
        guard parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let signature = Base64.url.decode(Substring(parts[2]))
        else { return nil }
        self.header = header
        self.claims = claims
        self.signature = signature
        signed = parts[0] + [JSONWebToken.separator] + parts[1]
    }

    private static func object(_ part: Substring.UTF8View) -> JSONTree? {
        guard let json = Base64.url.decode(Substring(part)), case .object(let members) = JSONReader.read(json) else {
            return nil
        }
        return .object(members)
    }
}

/// What a token says of itself.
private struct TokenHeader {
    let algorithm: JSONWebAlgorithm
    /// Names a key of the issuer.
    let keyID: String?

    /// Nil when the token is of a kind that must not be believed, or is not understood.
    init?(_ header: JSONTree) {
        // `none` and the symmetric algorithms are not among those known (RFC 8725 §3.1, §3.2).
        guard let algorithm = header["alg"]?.string.flatMap(JSONWebAlgorithm.init(rawValue:)) else { return nil }
        // RFC 7515 §4.1.11: what `crit` names must be understood, and nothing that it could name is. RFC 7797 §6: `b64`
        // changes what is signed. RFC 7519 §5.2: `cty` speaks of a token in a token.
        guard ["crit", "b64", "cty"].allSatisfy({ header[$0] == nil }) else { return nil }
        guard Self.isTypeAccepted(header["typ"]) else { return nil }
        if let id = header["kid"], id.string == nil { return nil }
        self.algorithm = algorithm
        keyID = header["kid"]?.string
    }

    /// RFC 8725 §3.11: one kind of token must not pass for another, such as a logout token for one that lets in.
    /// RFC 7515 §4.1.9: `application/` may be left out, and case does not matter.
    private static func isTypeAccepted(_ type: JSONTree?) -> Bool {
        guard let type else { return true }
        guard let text = type.string?.lowercased() else { return false }
        return ["jwt", "at+jwt", "application/jwt", "application/at+jwt"].contains(text)
    }
}

/// What a token says that is asked about here (RFC 7519 §4.1).
private struct TokenClaims {
    let tenant: TenantClaim
    private let expires: Double
    /// The latest of the times before which the token is not good.
    private let begins: Double?
    private let leeway: Double

    /// Nil when the token is not for us, or lacks what every token must have here.
    init?(_ claims: JSONTree, of issuer: TokenIssuer) {
        guard Self.isMeant(issuer.audience, by: claims["aud"]), let value = claims[issuer.tenantClaim]?.string,
            let expires = claims["exp"]?.numericDate
        else { return nil }
        // A token issued in the future comes from a clock that cannot be relied on.
        let others = [claims["nbf"], claims["iat"]].compactMap(\.self)
        let times = others.compactMap(\.numericDate)
        guard times.count == others.count else { return nil }
        tenant = TenantClaim(claim: issuer.tenantClaim, value: value)
        self.expires = expires
        begins = times.max()
        leeway = Double(issuer.leeway.components.seconds)
    }

    func isBegun(at now: Double) -> Bool {
        begins.map { now + leeway >= $0 } ?? true
    }

    /// RFC 7519 §4.1.4: on or after `exp` the token must not be accepted.
    func isOver(at now: Double) -> Bool {
        now - leeway >= expires
    }

    /// RFC 7519 §4.1.3: one text, or a list of texts.
    private static func isMeant(_ audience: String, by claim: JSONTree?) -> Bool {
        switch claim {
        case .text(let text): text.isSameText(as: audience)
        case .list(let items):
            items.allSatisfy { $0.string != nil } && items.contains { audience.isSameText(as: $0.string) }
        default: false
        }
    }
}

extension JSONTree {
    fileprivate var string: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    /// RFC 7519 §2: seconds since 1970, perhaps with a fraction. A number that no clock shows is none.
    fileprivate var numericDate: Double? {
        guard case .number(let digits) = self, let seconds = Double(digits), seconds.isFinite else { return nil }
        return seconds
    }
}
