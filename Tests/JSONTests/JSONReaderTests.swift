import JSON
import RelayTestKit
import Testing

@Suite struct JSONReaderTests {
    @Test(
        arguments: [
            ("{}", JSONTree.object([])), ("[]", .list([])), (" \"a\\u00e9\\n\" ", .text("aé\n")),
            ("-1.50e+3", .number("-1.50e+3")), ("true", .bool(true)), ("false", .bool(false)), ("null", .null),
            ("{ \"a\" : [ 1 , {\"b\":null} ] , \"c\":\"\" }", ["a": .list([1, ["b": .null]]), "c": ""]),
        ] as [(String, JSONTree)])
    func aTextIsReadWhole(text: String, tree: JSONTree) {
        #expect(read(text) == tree)
    }

    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "[1 2]", "01", "+1", "1.", ".5", "1e", "tru",
        "nul",
        "\"", "\"\\x\"", "\"\\u12\"", "\"\n\"", "{} {}", "[1]x", "{\"a\":1 \"b\":2}", "NaN", "'a'",
    ])
    func whatIsNoJSONIsNotRead(text: String) {
        #expect(read(text) == nil)
    }

    /// RFC 8259 §4: which of them counts depends on the parser.
    @Test(arguments: [
        #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"[{"b":{"c":1,"d":2,"c":3}}]"#,
    ])
    func twoMembersOfOneNameAreNotRead(text: String) {
        #expect(read(text) == nil)
    }

    @Test func depthIsBounded() {
        let deep = { (count: Int) in String(repeating: "[", count: count) + String(repeating: "]", count: count) }
        #expect(read(deep(JSONReader.maxDepth)) != nil)
        #expect(read(deep(JSONReader.maxDepth + 1)) == nil)
        #expect(read(deep(1_000_000)) == nil)
        #expect(read(String(repeating: "{\"a\":", count: 100_000)) == nil)
    }

    @Test func onlyUTF8IsRead() {
        #expect(JSONReader.read(Array("\"".utf8) + [0xFF] + Array("\"".utf8)) == nil)
        #expect(JSONReader.read([0xEF, 0xBB, 0xBF] + Array("{}".utf8)) == nil)
    }

    @Test func whatIsWrittenIsReadBack() {
        let tree: JSONTree = ["a": [1, "x\"\\\u{7}", .null], "b": ["c": true, "d": .list([])]]
        #expect(read(tree.indented) == tree)
    }

    @Test func anyBytesAreReadOrRefused() {
        var generator = SeededGenerator(seed: 7)
        let alphabet = Array("{}[]\",:\\u0e1-tfn \n\u{e9}".utf8)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0..<24, using: &generator)
            let bytes = (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            if let tree = JSONReader.read(bytes) { #expect(read(tree.indented) == tree) }
        }
    }

    private func read(_ text: String) -> JSONTree? {
        JSONReader.read(Array(text.utf8))
    }
}
