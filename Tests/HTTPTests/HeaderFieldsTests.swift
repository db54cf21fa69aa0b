import HTTP
import Testing

@Suite struct HeaderFieldsTests {
    private let fields: HeaderFields = ["Host": "a", "X-List": "one, two", "x-list": "three", "Empty": ""]

    @Test func fieldsKeepTheirOrderAndSpelling() {
        #expect(fields.all.map(\.name) == ["Host", "X-List", "x-list", "Empty"])
        #expect(fields.count == 4)
    }

    @Test func namesAreLookedUpWithoutRegardToCase() {
        #expect(fields.first("HOST") == "a")
        #expect(fields.first("missing") == nil)
        #expect(fields.all("X-LIST") == ["one, two", "three"])
        #expect(fields.count("x-LIST") == 2)
        #expect(fields.count("missing") == 0)
    }

    // RFC 9110 §5.6.1
    @Test(
        arguments: [
            (["a,b"], ["a", "b"]), (["a , b\t"], ["a", "b"]), (["a", "b, c"], ["a", "b", "c"]), ([""], []), ([","], []),
            ([",a,, ,b,"], ["a", "b"]), (["a;q=1, b"], ["a;q=1", "b"]), ([], []),
        ] as [([String], [String])])
    func aListIsReadOverAllItsLinesWithoutEmptyElements(values: [String], tokens: [String]) {
        var fields = HeaderFields()
        for value in values { fields.append("List", value) }
        #expect(fields.tokens("list") == tokens)
    }

    @Test func aTokenIsFoundWithoutRegardToCase() {
        let fields: HeaderFields = ["Connection": "keep-alive, Upgrade"]
        #expect(fields.contains(token: "upgrade", in: "connection"))
        #expect(!fields.contains(token: "up", in: "connection"))
    }

    @Test func whatIsWipedIsGoneFromEveryCopy() {
        var fields: HeaderFields = ["Host": "a", "Authorization": "Bearer a-token-of-some-length"]
        let copy = fields
        fields.wipe("authorization")
        #expect(fields == ["Host": "a"])
        #expect(copy.first("Authorization")?.utf8.allSatisfy { $0 == 0 } == true)
    }

    @Test func fieldsAreAddedAndRemoved() {
        var fields = fields
        fields.removeAll("x-LIST")
        fields.append(contentsOf: ["Z": "1"])
        #expect(fields == ["Host": "a", "Empty": "", "Z": "1"])
    }
}
