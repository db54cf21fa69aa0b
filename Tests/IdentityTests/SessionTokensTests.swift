import Crypto
import Policy
import Testing

@testable import Identity

@Suite struct SessionTokensTests {
    private let tokens = SessionTokens(keys: [Secret(RandomBytes.make(32))])
    private let now = SessionTokens.noon

    @Test func aTokenIsReadAsItWasMinted() {
        let token = SessionToken.some(bounds: CredentialBounds(zone: Zone("eu"), session: .seconds(300)))
        #expect(tokens.read(tokens.mint(token), at: now).token == token)
    }

    /// RFC 3986 §2.3 and RFC 9110 §5.6.2: it may stand in a query, and as a subprotocol, without an escape.
    @Test func itsTextCanStandAnywhere() {
        let text = tokens.mint(.some(name: "ключ \"\r\n, ;"))
        #expect(text.wholeMatch(of: /tgt_[A-Za-z0-9_-]+/) != nil)
        #expect(SessionTokens.isOne(text))
    }

    @Test(arguments: ["", "tgt", "tg_", ClientKey.make().text, "TGT_AAAA", " tgt_AAAA", "eyJhbGciOiJFUzI1NiJ9.e30.AA"])
    func whatIsAnotherCredentialIsNone(text: String) {
        #expect(!SessionTokens.isOne(text))
        #expect(tokens.read(text, at: now) == .worthless)
    }

    @Test func itExpiresAtItsMoment() {
        let token = SessionToken.some()
        let text = tokens.mint(token)
        #expect(tokens.read(text, at: Double(token.expires) - 0.001).token == token)
        #expect(tokens.read(text, at: Double(token.expires)) == .expired)
        #expect(tokens.read(text, at: .infinity) == .expired)
    }

    /// A clock that cannot be read must not keep a token alive.
    @Test func noTimeIsTooLate() {
        #expect(tokens.read(tokens.mint(.some()), at: .nan) == .expired)
    }

    // MARK: What is not genuine

    @Test func aTokenAlteredInAnyCharacterIsWorthless() {
        let text = Array(tokens.mint(.some(bounds: CredentialBounds(zone: Zone("eu")))).utf8)
        for index in text.indices {
            for other in Array("Aa0-_.".utf8) + [text[index] ^ 1] where other != text[index] {
                var altered = text
                altered[index] = other
                #expect(tokens.read(String(decoding: altered, as: UTF8.self), at: now) == .worthless, "\(index)")
            }
        }
    }

    @Test func aTokenAlteredInAnyBitIsWorthlessAndNotEvenExpired() throws {
        let bytes = try #require(Base64.url.decode(tokens.mint(.some()).dropFirst(4)))
        for index in bytes.indices {
            for bit in 0..<8 {
                var altered = bytes
                altered[index] ^= 1 << bit
                let text = "tgt_" + Base64.url.encode(altered)
                #expect(tokens.read(text, at: now) == .worthless)
                #expect(tokens.read(text, at: .infinity) == .worthless)
            }
        }
    }

    @Test func aTokenThatIsCutOrHasMoreIsWorthless() {
        let text = tokens.mint(.some())
        for count in 0..<text.utf8.count {
            #expect(tokens.read(String(text.prefix(count)), at: now) == .worthless)
        }
        for more in ["A", "AAAA", "=", "==", "\n", " ", "."] {
            #expect(tokens.read(text + more, at: now) == .worthless)
        }
    }

    @Test func whatIsLongerThanAnyTokenIsNotLookedAt() {
        let text = tokens.mint(.some(name: String(repeating: "n", count: 8 << 10)))
        #expect(tokens.read(text, at: now) == .worthless)
    }

    /// A code that was made with the same key for another purpose does not make a token.
    @Test func aCodeOfAnotherDomainIsWorthless() throws {
        let key = Secret(RandomBytes.make(32))
        let tokens = SessionTokens(keys: [key])
        let signed = Array(try #require(Base64.url.decode(tokens.mint(.some()).dropFirst(4))).dropLast(32))
        let text = "tgt_" + Base64.url.encode(signed + HMAC.sha256(signed, key: key))
        #expect(tokens.read(text, at: now) == .worthless)
    }

    @Test func randomBytesAreWorthless() {
        for count in [0, 1, 4, 5, 36, 37, 38, 100, 500] {
            #expect(tokens.read("tgt_" + Base64.url.encode(RandomBytes.make(count)), at: now) == .worthless)
        }
    }

    // MARK: Keys

    @Test func anotherKeysTokenIsWorthless() {
        let others = SessionTokens(keys: [Secret(RandomBytes.make(32))])
        #expect(others.read(tokens.mint(.some()), at: now) == .worthless)
    }

    @Test func theFirstKeySignsAndAllVerify() {
        let (old, new) = (Secret(RandomBytes.make(32)), Secret(RandomBytes.make(32)))
        let (before, during, after) = (
            SessionTokens(keys: [old]), SessionTokens(keys: [new, old]), SessionTokens(keys: [new])
        )
        let (first, second) = (SessionToken.some(), SessionToken.some())
        #expect(during.read(before.mint(first), at: now).token == first)
        #expect(after.read(during.mint(second), at: now).token == second)
        #expect(after.read(before.mint(first), at: now) == .worthless)
        #expect(before.read(during.mint(second), at: now) == .worthless)
    }

    /// Whoever has a token's reading can ask later whether its key is still in use.
    @Test func aReadingNamesTheKeyAndTheKeysKnowTheirNames() throws {
        let (old, new) = (Secret(RandomBytes.make(32)), Secret(RandomBytes.make(32)))
        let both = SessionTokens(keys: [new, old])
        for (signer, stays) in [(SessionTokens(keys: [old]), false), (SessionTokens(keys: [new]), true)] {
            let key = try #require(both.read(signer.mint(.some()), at: now).key)
            #expect(both.verifies(withKey: key) && signer.verifies(withKey: key))
            #expect(SessionTokens(keys: [new]).verifies(withKey: key) == stays)
        }
        #expect(!both.verifies(withKey: []))
    }

    @Test func aKeyNeverPrints() {
        let tokens = SessionTokens(keys: [Secret("hush-hush-hush-hush-hush-hush-hu")])
        var dumped = ""
        dump(tokens, to: &dumped)
        for text in ["\(tokens)", String(reflecting: tokens), dumped] { #expect(!text.contains("hush")) }
    }
}

extension SessionTokens.Reading {
    fileprivate var token: SessionToken? {
        if case .valid(let token, _) = self { token } else { nil }
    }

    fileprivate var key: [UInt8]? {
        if case .valid(_, let key) = self { key } else { nil }
    }
}
