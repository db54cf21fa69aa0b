import Testing

@testable import HTTP

@Suite struct PercentCodingTests {
    @Test(arguments: [
        ("", ""), ("a+b", "a b"), ("%2B%2b", "++"), ("%E2%82%AC", "€"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"),
        ("%%41", "%A"), ("%80", "\u{FFFD}"),
    ])
    func escapesAreDecodedAndWhatIsNoneStays(encoded: String, decoded: String) {
        #expect(PercentCoding.decode(Array(encoded.utf8)) == decoded)
    }

    @Test(arguments: [("", ""), ("aZ09-._~", "aZ09-._~"), (" +&=%", "%20%2B%26%3D%25"), ("€\n", "%E2%82%AC%0A")])
    func everythingButUnreservedCharactersIsEscaped(text: String, encoded: String) {
        #expect(PercentCoding.encode(text) == encoded)
        #expect(PercentCoding.decode(Array(encoded.utf8)) == text)
    }
}
