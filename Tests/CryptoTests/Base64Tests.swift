import Crypto
import Testing

@Suite struct Base64Tests {
    /// RFC 4648 §10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func theStandardAlphabetMatchesTheRFC(plain: String, text: String) {
        #expect(Base64.standard.encode([UInt8](plain.utf8)) == text)
        #expect(Base64.standard.decode(text) == [UInt8](plain.utf8))
        #expect(Base64.url.encode([UInt8](plain.utf8)) == text.replacing("=", with: ""))
    }

    @Test func theTwoAlphabetsDifferInTwoSymbols() {
        #expect(Base64.standard.encode([0xFB, 0xFF, 0xBF]) == "+/+/")
        #expect(Base64.url.encode([0xFB, 0xFF, 0xBF]) == "-_-_")
        #expect(Base64.url.decode("+/+/") == nil)
        #expect(Base64.standard.decode("-_-_") == nil)
    }

    @Test(arguments: [Base64.standard, .url])
    func everyLengthSurvivesTheRoundTrip(alphabet: Base64) {
        for count in 0..<64 {
            let bytes = RandomBytes.make(count)
            #expect(alphabet.decode(alphabet.encode(bytes)) == bytes)
        }
    }

    /// RFC 4648 §3.5: one text for each value, or a token would have several spellings.
    @Test(arguments: ["Zh==", "Zg", "Zg=", "Zg===", "Z", "=", "Zm9v\n", "Zm 9v", "Zm9=", "Zg==Zg==", "Zm9vé"])
    func aSecondSpellingIsRefused(text: String) {
        #expect(Base64.standard.decode(text) == nil)
    }

    @Test(arguments: ["Zh", "Zg==", "Z", "Zm9v="])
    func aSecondSpellingIsRefusedInTheURLAlphabet(text: String) {
        #expect(Base64.url.decode(text) == nil)
    }
}
