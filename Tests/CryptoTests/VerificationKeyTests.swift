import COpenSSL
import Crypto
import RelayTestKit
import Testing

@Suite struct VerificationKeyTests {
    @Test(arguments: JSONWebAlgorithm.allCases)
    func aSignatureIsVerifiedByThePublicNumbersOfItsKey(algorithm: JSONWebAlgorithm) throws {
        let signer = TokenSigner.of(algorithm)
        let key = try #require(signer.verificationKey)
        #expect(key.algorithm == algorithm)
        for message in [[], Array("a line".utf8), [UInt8](repeating: 0xFF, count: 100_000)] {
            let signature = signer.sign(message)
            #expect(key.verifies(signature, of: message))
            #expect(!key.verifies(signature, of: message + [0]))
            #expect(TokenSigner(algorithm).verificationKey?.verifies(signature, of: message) == false)
        }
    }

    @Test(arguments: JSONWebAlgorithm.allCases)
    func anyBitOfASignatureMatters(algorithm: JSONWebAlgorithm) throws {
        let signer = TokenSigner.of(algorithm)
        let key = try #require(signer.verificationKey)
        let signature = signer.sign([1, 2, 3])
        for bit in 0..<(8 * signature.count) {
            var altered = signature
            altered[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.verifies(altered, of: [1, 2, 3]))
        }
        for altered in [[], Array(signature.dropLast()), signature + [0], [0] + signature] {
            #expect(!key.verifies(altered, of: [1, 2, 3]))
        }
        #expect(ERR_peek_error() == 0, "the error queue of this thread is left as it was found")
    }

    /// RFC 7515 §A.3: the numbers and the signature as they are published.
    @Test func thePublishedExampleOfES256IsVerified() throws {
        let x = try #require(Base64.url.decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"))
        let y = try #require(Base64.url.decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"))
        let signature = try #require(
            Base64.url.decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"))
        let signed =
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
            + "cnVlfQ"
        let key = try #require(VerificationKey.p256(x: x, y: y))
        #expect(key.verifies(signature, of: Array(signed.utf8)))
        #expect(!key.verifies(signature, of: Array((signed + "A").utf8)))
    }

    /// RFC 8037 §A.1, §A.4.
    @Test func thePublishedExampleOfEdDSAIsVerified() throws {
        let x = try #require(Base64.url.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
        let signature = try #require(
            Base64.url.decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"))
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
        #expect(VerificationKey.ed25519(x)?.verifies(signature, of: Array(signed.utf8)) == true)
    }

    @Test func anES256SignatureIsTwoNumbersAndNotDER() throws {
        let key = try #require(TokenSigner.p256.verificationKey)
        for worthless in [[UInt8](repeating: 0, count: 64), [UInt8](repeating: 0xFF, count: 64)] {
            #expect(!key.verifies(worthless, of: []))
        }
        // r = 1, s = 1 as DER.
        #expect(!key.verifies([0x30, 6, 2, 1, 1, 2, 1, 1], of: []))
    }

    @Test(arguments: [1024, 2040] as [Int32])
    func anRSAKeyThatIsTooShortIsRefused(bits: Int32) {
        let numbers = TokenSigner(.rs256, bits: bits).numbers
        #expect(VerificationKey.rsa(modulus: numbers[0].bytes, exponent: numbers[1].bytes) == nil)
    }

    @Test func anRSAKeyThatCannotBeReliedOnIsRefused() throws {
        let modulus = TokenSigner.rsa.numbers[0].bytes
        let exponent: [UInt8] = [1, 0, 1]
        #expect(VerificationKey.rsa(modulus: modulus, exponent: exponent) != nil)
        #expect(VerificationKey.rsa(modulus: [0, 0] + modulus, exponent: [0] + exponent) != nil)
        for bad: [UInt8] in [[], [0], [1], [2], [1, 0, 0], [UInt8](repeating: 1, count: 9)] {
            #expect(VerificationKey.rsa(modulus: modulus, exponent: bad) == nil)
        }
        let huge = [UInt8](repeating: 0xFF, count: 1025)
        for bad: [UInt8] in [[], Array(modulus.dropLast()), Array(modulus.dropLast()) + [0], huge] {
            #expect(VerificationKey.rsa(modulus: bad, exponent: exponent) == nil)
        }
        #expect(ERR_peek_error() == 0)
    }

    @Test func whatIsNoPointOfTheCurveIsNoKey() throws {
        let point = TokenSigner.p256.numbers.map(\.bytes)
        #expect(VerificationKey.p256(x: point[0], y: point[1]) != nil)
        var off = point[1]
        off[31] ^= 1
        let zero = [UInt8](repeating: 0, count: 32)
        for (x, y) in [
            (point[0], off), (zero, zero), (point[0], Array(point[1].dropLast())), (point[0] + [0], point[1]),
        ] {
            #expect(VerificationKey.p256(x: x, y: y) == nil)
        }
        for count in [0, 31, 33, 57] { #expect(VerificationKey.ed25519([UInt8](repeating: 9, count: count)) == nil) }
        #expect(ERR_peek_error() == 0)
    }

    @Test func keysAreEqualWhenTheirNumbersAre() {
        #expect(TokenSigner.p256.verificationKey == TokenSigner.p256.verificationKey)
        #expect(TokenSigner.p256.verificationKey != TokenSigner(.es256).verificationKey)
        #expect(TokenSigner.p256.verificationKey != TokenSigner.rsa.verificationKey)
    }
}
