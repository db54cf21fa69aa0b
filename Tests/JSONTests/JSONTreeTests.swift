import JSON
import Testing

@Suite struct JSONTreeTests {
    @Test func membersKeepTheirOrderAndShortThingsStandOnOneLine() {
        let tree: JSONTree = ["b": [1, 2], "a": "\"x\"\n", "c": [:], "d": true]
        #expect(tree.indented == #"{"b": [1, 2], "a": "\"x\"\n", "c": {}, "d": true}"#)
    }

    @Test func whatDoesNotFitALineIsIndented() {
        let long = String(repeating: "x", count: 100)
        let tree: JSONTree = ["list": .list([.text(long)]), "n": 1]
        #expect(tree.indented == "{\n  \"list\": [\n    \"\(long)\"\n  ],\n  \"n\": 1\n}")
    }

    @Test func aMemberCanBeFoundAndAdded() {
        let tree: JSONTree = ["a": 1]
        #expect(tree["a"] == 1)
        #expect(tree["b"] == nil)
        #expect(tree.with(["b": "2"]) == ["a": 1, "b": "2"])
        #expect(JSONTree.texts(["x"]) == ["x"])
        #expect(JSONTree.text("x").with(tree) == "x")
    }
}
