import Testing

@testable import Policy

@Suite struct ParameterNameTests {
    @Test(arguments: ["a", "sample_rate", "x-y.z", "X9", String(repeating: "n", count: 40)])
    func aPlainNameIsWrittenAndTold(text: String) throws {
        let name = try #require(ParameterName(text))
        #expect(name.isPlain && name.description == text)
        #expect(name == ParameterName(decoded: Array(text.utf8)))
    }

    @Test(arguments: [
        "", " ", "a b", "a=", "a&b", "a;b", "a%5F", "größe", "a\u{0}", "a\n", "a\"", "\u{212A}",
        String(repeating: "n", count: 41), "tg_" + String(repeating: "k", count: 43),
    ])
    func anyOtherNameIsNeitherWrittenNorTold(text: String) {
        let texts = [text]
        #expect(texts.compactMap { ParameterName($0) } == [])
        #expect(ParameterName(decoded: Array(text.utf8)).description == "(a name that is not shown)")
    }

    @Test func namesAreComparedAsBytes() {
        // The sign for kelvin is the letter K to Unicode, and to nobody who reads a query.
        #expect("\u{212A}" == "K")
        #expect(ParameterName(decoded: Array("\u{212A}".utf8)) != ParameterName(decoded: Array("K".utf8)))
        #expect(ParameterName(decoded: [0xff]) != ParameterName(decoded: [0xfe]))
        #expect(ParameterName(decoded: Array("Token".utf8)).isOwn == false)
    }

    @Test func whatCarriesDataOutIsNamedOnceAndPlainly() {
        #expect(ParameterName.egress.allSatisfy { $0.isPlain && !$0.isOwn })
        #expect(Set(ParameterName.egress).count == 6)
    }
}
