import Receipts
import Testing

@Suite struct CSVRowTests {
    @Test func cellsStandBetweenCommas() {
        #expect(CSVRow(["acme", "", "2026-03-04", "12", "0.5"]).text == "acme,,2026-03-04,12,0.5")
        #expect(CSVRow([]).text.isEmpty)
    }

    /// RFC 4180 §2, rules 6 and 7.
    @Test(arguments: [
        ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("\"", "\"\"\"\""), ("a\nb", "\"a\nb\""), ("a\rb", "\"a\rb\""),
        ("a\r\nb", "\"a\r\nb\""), ("\"\u{301}", "\"\"\"\u{301}\""), (",\u{301}", "\",\u{301}\""), ("a b'c", "a b'c"),
        ("zürich", "zürich"),
    ])
    func aCellThatWouldBeReadAsSeveralIsQuoted(cell: String, text: String) {
        #expect(Array(CSVRow([cell]).text.utf8) == Array(text.utf8))
    }

    @Test(arguments: [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
        ("\r=1", "\"'\r=1\""), ("=\u{338}1", "'=\u{338}1"), ("=A1,\"x\"", "\"'=A1,\"\"x\"\"\""), ("a=1", "a=1"),
    ])
    func noCellIsAFormula(cell: String, text: String) {
        #expect(Array(CSVRow([cell]).text.utf8) == Array(text.utf8))
    }
}
