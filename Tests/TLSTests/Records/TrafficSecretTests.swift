import Crypto
import Testing

@testable import TLS

@Suite struct TrafficSecretTests {
    /// RFC 8448 §3: "derive write traffic keys for application data", of both sides.
    @Test(arguments: [
        (
            "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5", "17422dda596ed5d9acd890e3c63f5051",
            "5b78923dee08579033e523d9"
        ),
        (
            "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643", "9f02283b6c9c07efc26bb9f2ac92e356",
            "cf782b88dd83549aadf1e984"
        ),
    ])
    func itsKeyAndIVAreThoseOfTheTrace(secret: String, key: String, iv: String) throws {
        let secret = try TrafficSecret(hex: secret, .aes128GCM)
        #expect(secret.key == Secret(bytes(key)))
        #expect(secret.iv == Secret(bytes(iv)))
    }

    @Test(arguments: CipherSuite.allCases)
    func theNextIsAnotherOfTheSameKind(suite: CipherSuite) {
        let first = suite.secret()
        #expect(first.key.withBytes(\.count) == suite.keyCount && first.iv.withBytes(\.count) == 12)
        #expect(first.next.key != first.key && first.next.iv != first.iv)
        #expect(first.next.key == first.next.key && first.next.next.key != first.next.key)
    }

    @Test func aSecretOfAnotherLengthIsNone() {
        #expect(TrafficSecret(Secret.random(32), suite: .aes256GCM) == nil)
        #expect(TrafficSecret(Secret.random(48), suite: .aes128GCM) == nil)
        #expect(TrafficSecret(Secret([]), suite: .aes128GCM) == nil)
    }
}
