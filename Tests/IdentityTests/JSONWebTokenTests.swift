import Crypto
import Policy
import RelayTestKit
import Testing

@testable import Identity

@Suite struct JSONWebTokenTests {
    @Test(arguments: JSONWebAlgorithm.allCases)
    func aGenuineTokenProvesWhatItSays(algorithm: JSONWebAlgorithm) {
        let token = TokenSigner.of(algorithm).token(id: algorithm.rawValue, claims: good)
        #expect(judge(token) == proof)
        #expect(JSONWebToken.isOne(token))
        // The set has one key of each kind.
        #expect(judge(TokenSigner.of(algorithm).token(claims: good)) == proof)
    }

    /// RFC 7515 §5.2, RFC 8725 §3.1, §3.2: the header of somebody else's token chooses nothing.
    @Test(arguments: [
        #"{"alg":"none"}"#, #"{"alg":"None"}"#, #"{"alg":"HS256"}"#, #"{"alg":"RS256","kid":"ES256"}"#,
        #"{"alg":"ES384","kid":"ES256"}"#, #"{"alg":"es256","kid":"ES256"}"#, #"{"alg":["ES256"],"kid":"ES256"}"#,
        #"{"kid":"ES256"}"#, #"{}"#, #"[]"#, #""ES256""#, "", "x",
        #"{"alg":"ES256","kid":"ES256","crit":["exp"]}"#, #"{"alg":"ES256","kid":"ES256","crit":[]}"#,
        #"{"alg":"ES256","kid":"ES256","b64":false}"#, #"{"alg":"ES256","kid":"ES256","b64":true}"#,
        #"{"alg":"ES256","kid":"ES256","cty":"JWT"}"#, #"{"alg":"ES256","kid":"ES256","typ":"logout+jwt"}"#,
        #"{"alg":"ES256","kid":"ES256","typ":7}"#, #"{"alg":"ES256","kid":7}"#, #"{"alg":"ES256","kid":null}"#,
        #"{"alg":"ES256","alg":"ES256","kid":"ES256"}"#, #"{"alg":"ES256","kid":"ES256"} "x""#,
    ])
    func aHeaderThatMustNotBeBelievedMakesATokenWorthless(header: String) {
        let verdict = judge(TokenSigner.p256.token(header: header, claims: good))
        #expect(verdict == .worthless || verdict == .unknownKey(issuer: issuer))
        #expect(verdict == .worthless || header.contains("RS256"), "\(header)")
    }

    @Test(arguments: ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
    func aTypeMayBeSaid(type: String) {
        #expect(judge(TokenSigner.p256.token(header: #"{"alg":"ES256","typ":"\#(type)"}"#, claims: good)) == proof)
    }

    @Test func keysThatATokenBringsAreNothing() {
        let stranger = TokenSigner(.es256)
        let header =
            #"{"alg":"ES256","kid":"ES256","jwk":\#(stranger.jwk()),"jku":"https://evil.example/","x5u":"https://evil.example/"}"#
        #expect(judge(stranger.token(header: header, claims: good)) == .worthless)
        #expect(judge(TokenSigner.p256.token(header: header, claims: good)) == proof)
    }

    @Test func anAlgorithmThatTheIssuerDoesNotUseIsWorthless() {
        var strict = believed
        strict.algorithms = [.rs256]
        #expect(judge(TokenSigner.p256.token(id: "ES256", claims: good), by: [strict]) == .worthless)
        #expect(judge(TokenSigner.rsa.token(id: "RS256", claims: good), by: [strict]) == proof)
    }

    @Test func aSignatureOfAnotherKeyIsWorthless() {
        #expect(judge(TokenSigner(.es256).token(id: "ES256", claims: good)) == .worthless)
        // The public key as the secret of a symmetric algorithm, and a signature of another kind under a known name.
        #expect(judge(TokenSigner.rsa.token(header: #"{"alg":"ES256","kid":"ES256"}"#, claims: good)) == .worthless)
    }

    @Test func anUnknownKeyIsSaidSoBeforeAnySignatureIsLookedAt() {
        let token = TokenSigner(.es256).token(id: "new", claims: good)
        #expect(judge(token) == .unknownKey(issuer: issuer))
        #expect(JSONWebToken.judge(token, by: [believed], keys: { _ in nil }, at: now) == .unknownKey(issuer: issuer))
        // A token of two keys' algorithm that names none.
        let twins = try? KeySet(TokenSigner.keySet(TokenSigner.p256.jwk(id: "1"), TokenSigner(.es256).jwk(id: "2")))
        let nameless = TokenSigner.p256.token(claims: good)
        #expect(
            JSONWebToken.judge(nameless, by: [believed], keys: { _ in twins }, at: now) == .unknownKey(issuer: issuer))
    }

    @Test(arguments: [
        // The issuer, exactly.
        claims(iss: #""https://login.example.com""#), claims(iss: #""https://login.example.com//""#),
        claims(iss: #"["https://login.example.com/"]"#), claims(iss: nil), claims(iss: "null"),
        // The audience, exactly.
        claims(aud: #""tts""#), claims(aud: #""STT""#), claims(aud: #"["tts","sttx"]"#), claims(aud: "[]"),
        claims(aud: nil),
        claims(aud: #"["stt",7]"#), claims(aud: #"{"stt":1}"#),
        // The tenant.
        claims(tenant: nil), claims(tenant: "7"), claims(tenant: #"["acme"]"#), claims(tenant: "null"),
        // The times.
        claims(exp: nil), claims(exp: #""1800000600""#), claims(exp: "null"), claims(exp: "1e999"),
        claims(exp: "-1e999"),
        claims(more: #","nbf":"now""#), claims(more: #","iat":null"#), claims(more: #","nbf":1800000061"#),
        claims(more: #","iat":1800000061"#), claims(more: #","nbf":1e300"#), claims(more: #","nbf":1e999"#),
        // The JSON.
        "", "7", "[]", good + "x", claims(more: #","sub":"a","sub":"a""#), claims(more: #","tenant":"globex""#),
        String(good.dropLast()),
    ])
    func claimsThatAreNotForUsMakeATokenWorthless(claims: String) {
        #expect(judge(TokenSigner.p256.token(id: "ES256", claims: claims)) == .worthless, "\(claims)")
    }

    @Test(arguments: [
        claims(aud: #"["tts","stt"]"#), claims(aud: #"["stt"]"#), claims(exp: "1800000000.5"),
        claims(exp: "1.8000006e9"),
        claims(exp: "1e300"), claims(more: #","nbf":1800000060,"iat":1800000060"#), claims(more: #","nbf":-1e300"#),
        claims(more: #","sub":"someone","scope":["a",{"b":null}]"#), " \n" + good + "\t ",
    ])
    func claimsThatAreForUsAreBelieved(claims: String) {
        #expect(judge(TokenSigner.p256.token(id: "ES256", claims: claims)) == proof, "\(claims)")
    }

    /// RFC 7519 §4.1.4.
    @Test(
        arguments: [
            ("1799999940.5", 60, proof), ("1799999940", 60, .expired), ("1800000000.25", 0, proof),
            ("1800000000", 0, .expired),
            ("0", 60, .expired), ("-1e300", 60, .expired),
        ] as [(String, Int, JSONWebToken.Verdict)])
    func aTokenEndsWithItsTimeAndTheLeeway(exp: String, leeway: Int, verdict: JSONWebToken.Verdict) {
        var issuer = believed
        issuer.leeway = .seconds(leeway)
        #expect(judge(TokenSigner.p256.token(id: "ES256", claims: claims(exp: exp)), by: [issuer]) == verdict)
    }

    @Test func onlyAGenuineTokenIsSaidToHaveExpired() {
        let old = claims(exp: "1")
        #expect(judge(TokenSigner.p256.token(id: "ES256", claims: old)) == .expired)
        #expect(judge(TokenSigner(.es256).token(id: "ES256", claims: old)) == .worthless)
        #expect(judge(TokenSigner.p256.token(id: "other", claims: old)) == .unknownKey(issuer: issuer))
        #expect(judge(TokenSigner.p256.token(id: "ES256", claims: claims(aud: #""x""#, exp: "1"))) == .worthless)
    }

    @Test func eachIssuerIsHeldToItsOwnRules() throws {
        var other = believed
        other.issuer = "https://other.example"
        other.audience = "other"
        other.tenantClaim = "org"
        other.algorithms = [.edDSA]
        let keys = try [
            "https://other.example": KeySet(TokenSigner.keySet(TokenSigner.ed25519.jwk(id: "1"))), issuer: ours(),
        ]
        func judge(_ token: String) -> JSONWebToken.Verdict {
            JSONWebToken.judge(token, by: [believed, other], keys: { keys[$0] }, at: now)
        }
        let claims = #"{"iss":"https://other.example","aud":"other","org":"x","exp":1800000600}"#
        #expect(
            judge(TokenSigner.ed25519.token(id: "1", claims: claims))
                == .proves(issuer: "https://other.example", TenantClaim(claim: "org", value: "x")))
        // One issuer's key does not sign for another, though both are believed.
        #expect(
            judge(TokenSigner.ed25519.token(id: "EdDSA", claims: claims))
                == .unknownKey(issuer: "https://other.example"))
        #expect(judge(TokenSigner.ed25519.token(id: "1", claims: good)) == .unknownKey(issuer: issuer))
        #expect(judge(TokenSigner.ed25519.token(id: "EdDSA", claims: good)) == proof)
    }

    @Test(arguments: [
        "", ".", "..", "...", "e", "ey..", "eyJ.eyJ", "tg_AAAA", "a.b.c", "my.own.key", "eyJ.a.b.c.d", "Bearer e.y.J",
    ])
    func whatHasNotTheFormOfATokenIsNone(text: String) {
        #expect(!JSONWebToken.isOne(text) || text == "ey..")
        #expect(judge(text) == .worthless)
    }

    @Test func aTokenInAnotherFormIsWorthless() {
        let token = TokenSigner.p256.token(id: "ES256", claims: good)
        let parts = token.split(separator: ".").map(String.init)
        for other in [
            parts[0] + "." + parts[1], parts[0] + "." + parts[1] + ".", token + ".", "." + token, token + ".a.b",
            token + "=", token + "\n", " " + token, parts[0] + "=." + parts[1] + "." + parts[2],
            parts[0] + ".." + parts[2],
            "." + parts[1] + "." + parts[2], token.replacing("-", with: "+").replacing("_", with: "/") + "+",
        ] {
            #expect(judge(other) == .worthless, "\(other)")
        }
        let padding = String(repeating: "x", count: JSONWebToken.maxBytes)
        #expect(judge(TokenSigner.p256.token(id: "ES256", claims: claims(more: #","x":"\#(padding)""#))) == .worthless)
    }

    @Test(arguments: JSONWebAlgorithm.allCases)
    func anyAlteredByteAndAnyCutMakesATokenWorthless(algorithm: JSONWebAlgorithm) {
        let token = Array(TokenSigner.of(algorithm).token(id: algorithm.rawValue, claims: good).utf8)
        var generator = SeededGenerator(seed: 20)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \u{0}".utf8)
        for place in token.indices {
            var altered = token
            repeat {
                altered[place] = alphabet.randomElement(using: &generator) ?? 0
            } while altered[place] == token[place]
            #expect(!isBelieved(altered), "byte \(place), seed \(generator.seed)")
            #expect(!isBelieved(Array(token[..<place])))
            #expect(!isBelieved(Array(token[place...].dropFirst())))
        }
    }

    @Test func anyJSONInATokenIsJudged() {
        var generator = SeededGenerator(seed: 21)
        let pieces = [
            "{", "}", "[", "]", ",", ":", "null", "1e999", "-0", "\"iss\"", "\"\(issuer)\"", "\"aud\"", "\"stt\"",
            "\"exp\"",
            "9e18", "\"tenant\"", "\"alg\"", "\"ES256\"", "\"\\ud800\"", "\"\\u0000\"",
        ]
        func text() -> String {
            (0..<Int.random(in: 0..<16, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }
                .joined()
        }
        for _ in 0..<2_000 {
            let isHeader = Bool.random(using: &generator)
            let token =
                isHeader
                ? TokenSigner.ed25519.token(header: text(), claims: good)
                : TokenSigner.ed25519.token(id: "EdDSA", claims: text())
            #expect(judge(token) == .worthless, "\(token)")
        }
    }

    private func isBelieved(_ bytes: [UInt8]) -> Bool {
        switch judge(String(decoding: bytes, as: UTF8.self)) {
        case .worthless, .unknownKey: false
        case .proves, .expired: true
        }
    }
}

private let issuer = "https://login.example.com/"
private let now = 1_800_000_000.0
private let proof = JSONWebToken.Verdict.proves(issuer: issuer, TenantClaim(claim: "tenant", value: "acme"))
private let believed = TokenIssuer(
    issuer: issuer, audience: "stt", tenantClaim: "tenant", algorithms: Set(JSONWebAlgorithm.allCases))
private let good = claims()

/// Claims that are for us, but for what is said here; nil leaves one out.
private func claims(
    iss: String? = "\"\(issuer)\"", aud: String? = #""stt""#, tenant: String? = #""acme""#, exp: String? = "1800000600",
    more: String = ""
) -> String {
    let members = [("iss", iss), ("aud", aud), ("tenant", tenant), ("exp", exp)]
    return "{" + members.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }.joined(separator: ",") + more
        + "}"
}

/// One key of each kind, whose id is the name of its case.
private func ours() throws -> KeySet {
    try KeySet(
        TokenSigner.keySet(
            TokenSigner.rsa.jwk(id: "RS256"), TokenSigner.p256.jwk(id: "ES256"), TokenSigner.ed25519.jwk(id: "EdDSA")))
}

private let ourKeys = try? ours()

private func judge(_ token: String, by issuers: [TokenIssuer] = [believed]) -> JSONWebToken.Verdict {
    JSONWebToken.judge(token, by: issuers, keys: { $0 == issuer ? ourKeys : nil }, at: now)
}
