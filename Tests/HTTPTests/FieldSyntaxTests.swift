import Testing

@testable import HTTP

@Suite struct FieldSyntaxTests {
    // RFC 9110 §5.6.2
    @Test func aTokenCharacterIsVisibleASCIIWithoutDelimiters() {
        let delimiters = Array(#""(),/:;<=>?@[\]{}"#.utf8)
        for byte in UInt8.min...UInt8.max {
            let expected = 0x21...0x7E ~= byte && !delimiters.contains(byte)
            #expect(FieldSyntax.isToken([byte]) == expected, "byte \(byte)")
        }
    }

    @Test func anEmptyTextIsNoToken() {
        #expect(!FieldSyntax.isToken([]))
    }

    // RFC 9110 §5.5
    @Test func aValueHoldsVisibleCharactersSpacesTabsAndObsText() {
        for byte in UInt8.min...UInt8.max {
            let expected = 0x20...0x7E ~= byte || byte == 0x09 || byte >= 0x80
            #expect(FieldSyntax.isValueByte(byte) == expected, "byte \(byte)")
        }
    }

    @Test(arguments: [("", ""), (" \t ", ""), (" a b\t", "a b"), ("a", "a")]) func trimmingTakesOnlyOuterWhitespace(
        text: String, trimmed: String
    ) {
        #expect(FieldSyntax.trimmed(Array(text.utf8)).elementsEqual(trimmed.utf8))
    }

    @Test(arguments: [
        ("Host", "hOST", true), ("a", "ab", false), ("", "", true), ("a-b", "A-B", true), ("[", "{", false),
        ("@", "`", false),
        // U+212A KELVIN SIGN is a letter k to Unicode, never to a protocol.
        ("k", "\u{212A}", false), ("é", "É", false),
    ])
    func onlyASCIILettersAreComparedWithoutCase(left: String, right: String, equal: Bool) {
        #expect(FieldSyntax.equalIgnoringCase(left, right) == equal)
    }
}
