import Crypto
import Testing

@testable import Configuration

@Suite struct SecretsTests {
    @Test(arguments: [("key\n", "key"), ("key\r\n", "key"), ("key", "key"), ("key\n\n", "key\n"), (" key ", " key ")])
    func oneLineBreakAtTheEndIsNoPartOfASecret(text: String, secret: String) throws {
        let directory = try Directory()
        let file = try directory.write("key", text)
        #expect(try SecretSource.file(file).resolve() == Secret([UInt8](secret.utf8)))
        #expect(try SecretSource.environment("K").resolve(environment: ["K": text]) == Secret([UInt8](secret.utf8)))
    }

    @Test func whatIsNoSecretIsRefused() throws {
        let directory = try Directory()
        #expect(throws: SecretError.unreadable("/nowhere/key")) { try SecretSource.file("/nowhere/key").resolve() }
        #expect(throws: SecretError.unset("K")) { try SecretSource.environment("K").resolve(environment: [:]) }
        #expect(throws: SecretError.empty("K")) { try SecretSource.environment("K").resolve(environment: ["K": "\n"]) }
        let large = try directory.write("large", String(repeating: "a", count: 70_000))
        #expect(throws: SecretError.tooLarge(large)) { try SecretSource.file(large).resolve() }
    }

    @Test(arguments: ["a\nb", "a\r\nX-Injected: 1", "a\u{0}b", "kéy", "a\u{7f}"])
    func aKeyForAHeaderFieldIsOneLineOfVisibleCharacters(text: String) {
        #expect(throws: SecretError.notALine("K")) {
            try SecretSource.environment("K").resolveForHeader(environment: ["K": text])
        }
    }

    @Test func aSigningKeyIsTheBytesThatItsHexStandsFor() throws {
        let text = String(repeating: "0aF", count: 22)
        #expect(
            try SecretSource.environment("K").resolveSigningKey(environment: ["K": text + "\n"])
                == Secret(try #require(Hex.decode(text))))
    }

    @Test(arguments: [
        ("0a", SecretError.tooShort("K")), (String(repeating: "0", count: 62), .tooShort("K")),
        (String(repeating: "0", count: 65), .notHex("K")), (String(repeating: "g", count: 64), .notHex("K")),
        (" " + String(repeating: "0", count: 64), .notHex("K")), ("\n", .empty("K")),
    ])
    func aSigningKeyIsAtLeast32BytesInHex(text: String, error: SecretError) {
        #expect(throws: error) { try SecretSource.environment("K").resolveSigningKey(environment: ["K": text]) }
    }

    @Test func aSecretNeverPrints() throws {
        let secret = try SecretSource.environment("K").resolve(environment: ["K": "hush"])
        #expect(!"\(secret)".contains("hush"))
        for error in [
            SecretError.unset("K"), .empty("K"), .tooLarge("K"), .notALine("K"), .unreadable("K"), .notHex("K"),
            .tooShort("K"),
        ] {
            #expect(error.sentence.contains("K"))
        }
    }
}
