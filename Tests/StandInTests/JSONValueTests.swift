import StandIn
import Testing

@Suite struct JSONValueTests {
    @Test func membersKeepTheirOrder() {
        let value: JSONValue = ["b": 1, "a": [true, nil, 0.5], "type": "Turn"]
        #expect(value.text == #"{"b":1,"a":[true,null,0.5],"type":"Turn"}"#)
    }

    @Test func stringsAreEscapedAsTheyMustBe() {
        #expect(JSONValue.string("a\"b\\c\n\t\r\u{1}ü😀/").text == #""a\"b\\c\n\t\r\u0001ü😀/""#)
    }

    @Test func whatIsNotFiniteIsWrittenAsNull() {
        #expect(JSONValue.number(.infinity).text == "null")
    }

    @Test func theLastOfTwoMembersCounts() {
        let value = JSONValue.object([.init("a", 1), .init("a", 2)])
        #expect(value["a"] == 2)
        #expect(value["b"] == nil)
    }

    @Test func valuesAreReadAsWhatTheyAreAndNothingElse() {
        #expect(JSONValue.integer(3).number == 3)
        #expect(JSONValue.number(3).integer == nil)
        #expect(JSONValue.string("x").bool == nil)
        #expect(JSONValue.array([1]).items == [1])
        #expect(JSONValue(String?.none) == .null)
        #expect(JSONValue(UInt64.max) == .integer(.max))
    }
}
