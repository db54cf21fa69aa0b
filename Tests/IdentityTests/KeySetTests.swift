import Crypto
import RelayTestKit
import Testing

@testable import Identity

@Suite struct KeySetTests {
    @Test(arguments: JSONWebAlgorithm.allCases)
    func aKeyIsFoundByItsIDAndAlgorithm(algorithm: JSONWebAlgorithm) throws {
        let set = try KeySet(
            TokenSigner.keySet(
                TokenSigner.rsa.jwk(id: "1", more: #","use":"sig","alg":"RS256""#), TokenSigner.p256.jwk(id: "2"),
                TokenSigner.ed25519.jwk(id: "3", more: #","key_ops":["verify"]"#)))
        let signer = TokenSigner.of(algorithm)
        let ids: [JSONWebAlgorithm: String] = [.rs256: "1", .es256: "2", .edDSA: "3"]
        #expect(set.count == 3)
        #expect(set.key(ids[algorithm], for: algorithm) == signer.verificationKey)
        #expect(set.key(nil, for: algorithm) == signer.verificationKey)
        #expect(set.key("4", for: algorithm) == nil)
        for other in JSONWebAlgorithm.allCases where other != algorithm {
            #expect(set.key(ids[algorithm], for: other) == nil)
        }
    }

    @Test func withoutAnIDTheKeyHasToBeTheOnlyOneOfItsAlgorithm() throws {
        let set = try KeySet(
            TokenSigner.keySet(TokenSigner.p256.jwk(id: "1"), TokenSigner(.es256).jwk(), TokenSigner.rsa.jwk()))
        #expect(set.key(nil, for: .es256) == nil)
        #expect(set.key("1", for: .es256) == TokenSigner.p256.verificationKey)
        #expect(set.key(nil, for: .rs256) == TokenSigner.rsa.verificationKey)
        #expect(set.key("1", for: .rs256) == nil)
    }

    /// RFC 7517 §4.5: keys of different kinds may share an id.
    @Test func anIDOfTwoDifferentKeysOfOneKindNamesNone() throws {
        let set = try KeySet(
            TokenSigner.keySet(
                TokenSigner.p256.jwk(id: "1"), TokenSigner(.es256).jwk(id: "1"), TokenSigner.rsa.jwk(id: "1"),
                TokenSigner.ed25519.jwk(id: "2"), TokenSigner.ed25519.jwk(id: "2")))
        #expect(set.key("1", for: .es256) == nil)
        #expect(set.key("1", for: .rs256) == TokenSigner.rsa.verificationKey)
        #expect(set.key("2", for: .edDSA) == TokenSigner.ed25519.verificationKey)
    }

    @Test(arguments: [
        #"{"kty":"oct","k":"AAAA","alg":"HS256"}"#, #"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#,
        #"{"kty":"EC","crv":"P-256","x":"AA"}"#, #"{"kty":"OKP","crv":"X25519","x":"AA"}"#, #"{"kty":"RSA"}"#,
        #"{"kty":7}"#, #"{}"#, #"[]"#, #"null"#, #""key""#,
        TokenSigner.p256.jwk(more: #","use":"enc""#), TokenSigner.p256.jwk(more: #","use":7"#),
        TokenSigner.p256.jwk(more: #","alg":"ES384""#), TokenSigner.p256.jwk(more: #","alg":"RS256""#),
        TokenSigner.p256.jwk(more: #","key_ops":["sign"]"#), TokenSigner.p256.jwk(more: #","kid":7"#),
        TokenSigner.p256.jwk(more: #","kid":"\#(String(repeating: "x", count: 300))""#),
        TokenSigner(.rs256, bits: 1024).jwk(id: "1"),
    ])
    func aKeyThatCannotVerifyTokensIsSkipped(jwk: String) throws {
        let set = try KeySet(TokenSigner.keySet(jwk, TokenSigner.ed25519.jwk(id: "good")))
        #expect(set.count == 1)
        #expect(set.key("good", for: .edDSA) != nil)
        #expect(throws: KeySetError.noKey) { try KeySet(TokenSigner.keySet(jwk)) }
    }

    @Test(arguments: [
        ("", KeySetError.noSet), ("{}", .noSet), ("[]", .noSet), (#"{"keys":{}}"#, .noSet), (#"{"keys":[]}"#, .noKey),
        (#"{"keys":[],"keys":[]}"#, .noSet), (#"{"keys":[]} x"#, .noSet),
        (#"{"keys":[\#(Array(repeating: "{}", count: 101).joined(separator: ","))]}"#, .tooLarge),
        (#"{"keys":[],"x":"\#(String(repeating: "x", count: KeySet.maxBytes))"}"#, .tooLarge),
    ])
    func whatIsNoKeySetIsSaidSo(text: String, error: KeySetError) {
        #expect(throws: error) { try KeySet(Array(text.utf8)) }
        #expect(!error.sentence.isEmpty)
    }

    @Test func aSetThatIsCutOffAnywhereIsNone() {
        let whole = TokenSigner.keySet(TokenSigner.p256.jwk(id: "1"), TokenSigner.ed25519.jwk(id: "2"))
        for count in 0..<whole.count {
            #expect(throws: KeySetError.noSet) { try KeySet(Array(whole.prefix(count))) }
        }
    }
}
