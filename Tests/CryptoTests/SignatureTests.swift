import Crypto
import Testing

@Suite struct SignatureTests {
    @Test func aSignatureIsVerifiedByThePublicHalfOfItsKey() throws {
        let key = Signature.PrivateKey()
        for message in [[], Array("a line".utf8), [UInt8](repeating: 0xFF, count: 100_000)] {
            let signature = key.sign(message)
            #expect(signature.count == Signature.count)
            #expect(key.publicKey.verifies(signature, of: message))
            #expect(!key.publicKey.verifies(signature, of: message + [0]))
            #expect(!Signature.PrivateKey().publicKey.verifies(signature, of: message))
        }
    }

    @Test func anyBitOfASignatureMatters() {
        let key = Signature.PrivateKey()
        let signature = key.sign([1, 2, 3])
        for bit in 0..<(8 * signature.count) {
            var altered = signature
            altered[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.publicKey.verifies(altered, of: [1, 2, 3]))
        }
        for length in [0, 63, 65] {
            #expect(!key.publicKey.verifies(Array((signature + [0]).prefix(length)), of: [1, 2, 3]))
        }
    }

    /// RFC 8032 §7.1, test 2; the keys as PEM wrap its 32 bytes (RFC 8410 §7, §4).
    @Test func thePublishedExampleComesOutAsPublished() throws {
        let seed = try #require(Hex.decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
        let point = try #require(Hex.decode("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))
        let privatePEM = pem(
            "PRIVATE KEY", [0x30, 0x2E, 2, 1, 0, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 4, 0x22, 4, 0x20] + seed)
        let publicPEM = pem("PUBLIC KEY", [0x30, 0x2A, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 3, 0x21, 0] + point)
        let key = try Signature.PrivateKey(pem: Secret(privatePEM), named: "a key")
        let signature = key.sign([0x72])
        let expected =
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        #expect(Hex.encode(signature) == expected)
        #expect(key.publicKey.pem == publicPEM)
        let publicKey = try Signature.PublicKey(pem: Array(publicPEM.utf8), named: "a key")
        #expect(publicKey.verifies(signature, of: [0x72]))
        #expect(publicKey.id == key.publicKey.id)
        #expect(
            publicKey.id
                == String(Hex.encode(Digest.sha256(Array(Base64.standard.decode(body(publicPEM)) ?? []))).prefix(16)))
    }

    @Test func aKeyIsReadBackFromItsPEM() throws {
        let key = Signature.PrivateKey()
        let again = try Signature.PrivateKey(pem: key.pem, named: "a key")
        #expect(again.sign([7]) == key.sign([7]))
        // The private file stands for its public half, too.
        let half = try key.pem.withBytes { try Signature.PublicKey(pem: Array($0), named: "a key") }
        #expect(half.id == key.publicKey.id)
    }

    @Test func aKeyOfAnotherKindIsNamed() {
        let rejected = SignatureError.wrongKind("my.pem", kind: "X25519")
        let pem = pem(
            "PUBLIC KEY", [0x30, 0x2A, 0x30, 5, 6, 3, 0x2B, 0x65, 0x6E, 3, 0x21, 0] + Array(repeating: 9, count: 32))
        #expect(throws: rejected) { try Signature.PublicKey(pem: Array(pem.utf8), named: "my.pem") }
        #expect(rejected.sentence.contains("my.pem is a key of kind X25519"))
    }

    @Test(arguments: ["", "no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
    func whatIsNoKeyIsRefusedByName(text: String) {
        #expect(throws: SignatureError.unreadable("my.pem")) {
            try Signature.PublicKey(pem: Array(text.utf8), named: "my.pem")
        }
        #expect(throws: SignatureError.unreadable("my.pem")) {
            try Signature.PrivateKey(pem: Secret(text), named: "my.pem")
        }
        #expect(SignatureError.unreadable("my.pem").sentence.contains("my.pem holds no readable key"))
    }
}

private func pem(_ label: String, _ der: [UInt8]) -> String {
    "-----BEGIN \(label)-----\n\(Base64.standard.encode(der))\n-----END \(label)-----\n"
}

private func body(_ pem: String) -> String {
    pem.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
}
