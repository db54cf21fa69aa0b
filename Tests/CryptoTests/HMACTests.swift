import Crypto
import Testing

@Suite struct HMACTests {
    /// RFC 4231, test cases 1, 2, 3 and 6.
    @Test(arguments: [
        (
            String(repeating: "0b", count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Hex.encode(Array("Jefe".utf8)), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            String(repeating: "aa", count: 20), Array(repeating: 0xdd, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            String(repeating: "aa", count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func codesAreThoseOfTheStandard(_ key: String, _ message: [UInt8], _ code: String) throws {
        let key = Secret(try #require(Hex.decode(key)))
        #expect(Hex.encode(HMAC.sha256(message, key: key)) == code)
        #expect(HMAC.verifies(try #require(Hex.decode(code)), of: message, key: key))
    }

    @Test func anyOtherCodeMessageOrKeyDoesNotVerify() {
        let key = Secret("key")
        let message = Array("message".utf8)
        let code = HMAC.sha256(message, key: key)
        for index in code.indices {
            var other = code
            other[index] ^= 1
            #expect(!HMAC.verifies(other, of: message, key: key))
            #expect(!HMAC.verifies(Array(code[..<index]), of: message, key: key))
        }
        #expect(!HMAC.verifies(code, of: message + [0], key: key))
        #expect(!HMAC.verifies(code, of: message, key: Secret("other")))
    }

    @Test func nothingCanBeAuthenticatedToo() {
        let key = Secret("key")
        #expect(HMAC.verifies(HMAC.sha256([], key: key), of: [], key: key))
    }
}
