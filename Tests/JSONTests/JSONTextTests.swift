import JSON
import Testing

@Suite struct JSONTextTests {
    @Test(arguments: [
        ("", ""), ("plain é €😀", "plain é €😀"), (#"a"b\c"#, #"a\"b\\c"#), ("\n\r\t", #"\n\r\t"#), ("\r\n", #"\r\n"#),
        ("\0\u{1F}\u{7F}", "\\u0000\\u001f\u{7F}"), ("\u{8}\u{C}", #"\u0008\u000c"#),
    ])
    func whatMustNotStandInAStringIsEscaped(text: String, escaped: String) {
        #expect(JSONText.escape(text) == escaped)
    }
}
