import JSON
import Testing

@Suite struct JSONObjectWriterTests {
    @Test func membersAreWrittenInTheOrderTheyAreAdded() {
        var object = JSONObjectWriter()
        #expect(object.json == Array("{}".utf8))
        object.member("type", "Error")
        object.member("error_code", 4403)
        object.member("a\"b", true)
        object.member("c", false)
        #expect(object.json == Array(#"{"type":"Error","error_code":4403,"a\"b":true,"c":false}"#.utf8))
    }

    @Test func aMemberCanHoldJSON() {
        var object = JSONObjectWriter()
        object.member("a", json: JSONText.array([]))
        object.member("b", json: JSONText.array([Array("1".utf8), JSONObjectWriter().json]))
        #expect(object.text == #"{"a":[],"b":[1,{}]}"#)
        #expect(object.unfinished + Array("}".utf8) == object.json)
    }

    @Test(arguments: ["", "\"", "\\", "\r\n\0", "é😀", "\u{2028}"]) func theScannerReadsBackWhatIsWritten(text: String) {
        var object = JSONObjectWriter()
        object.member(text + "name", text)
        object.member("number", Int.min)
        let value = JSONScanner.topLevelString(text + "name", in: object.json.span.bytes)
        #expect(value == text)
        let number = JSONScanner.topLevelInteger("number", in: object.json.span.bytes)
        #expect(number == .min)
    }
}
