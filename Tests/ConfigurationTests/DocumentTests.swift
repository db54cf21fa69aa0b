import Testing

@testable import Configuration

@Suite struct DocumentTests {
    @Test func everyValueHasItsPlace() throws {
        var faults = Faults()
        let root = try #require(Document.parse("a: 1\nb:\n  - x\n  - {c: \"y\"}\n", file: "f", faults: &faults))
        #expect(faults == Faults())
        #expect(root["a"]?.place == Place(file: "f", line: 1, column: 4))
        #expect(
            root["b"]?.list?.map(\.place) == [
                Place(file: "f", line: 3, column: 5), Place(file: "f", line: 4, column: 5),
            ])
        #expect(root["b"]?.list?.last?["c"]?.text == "y")
        #expect(root.pairs?.map(\.keyPlace.line) == [1, 2])
    }

    @Test func plainAndQuotedTextAreTheSameButForNothing() throws {
        var faults = Faults()
        let root = try #require(
            Document.parse("a: 1.2\nb: \"1.2\"\nc:\nd: ~\ne: \"\"\nf: null\ng: off", file: "f", faults: &faults))
        #expect(root["a"]?.text == "1.2")
        #expect(root["b"]?.text == "1.2")
        for name in ["c", "d", "f"] { #expect(root[name]?.kind == "nothing", "\(name)") }
        #expect(root["e"]?.text == "")
        #expect(root["g"]?.text == "off")
    }

    @Test(arguments: [
        ("a: [1\nb: 2", "f:2:2: error: did not find expected ',' or ']'"),
        ("a: 1\na: 2", "f:1:1: error: given twice in one mapping: `a`"),
        ("a: 1\n\tb: 2", "f:2:1: error: found a tab character that violates indentation"),
        ("a: 1\n---\nb: 2", "f:2:1: error: but found another document"),
        ("a: *nowhere", "f:1:4: error: found undefined alias"),
        ("", "f:1:1: error: the file is empty"),
        ("# nothing here", "f:1:1: error: the file is empty"),
        ("? [a]\n: 1", "f:1:3: error: a key must be text"),
    ])
    func whatIsNotYAMLIsOneFaultAtItsPlace(text: String, fault: String) {
        var faults = Faults()
        _ = Document.parse(text, file: "f", faults: &faults)
        #expect(faults.all.map(\.description) == [fault])
    }

    @Test func anAliasStandsForItsValue() throws {
        var faults = Faults()
        let root = try #require(Document.parse("a: &x {b: 1}\nc: *x", file: "f", faults: &faults))
        #expect(root["c"]?["b"]?.text == "1")
    }

    @Test func aBombOfAliasesIsDefused() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            text +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        var faults = Faults()
        _ = Document.parse(text, file: "f", faults: &faults)
        #expect(faults.all.count == 1)
        #expect(faults.hasErrors)
    }

    @Test(arguments: [40, 900, 100_000])
    func nestingIsBounded(depth: Int) {
        var faults = Faults()
        _ = Document.parse(
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth), file: "f", faults: &faults)
        #expect(faults.all.count == 1)
        #expect(faults.hasErrors)
    }

    @Test func anyCutOfTheExampleIsReadOrRefusedButNeverTraps() throws {
        let text = smallFile
        for end in text.indices {
            var faults = Faults()
            guard let root = Document.parse(String(text[..<end]), file: "f", faults: &faults) else {
                #expect(faults.hasErrors)
                continue
            }
            var check = SchemaCheck(.tidegateFile)
            check.check(root)
            _ = TidegateFile(root, hostName: "h", faults: &faults)
        }
    }
}
