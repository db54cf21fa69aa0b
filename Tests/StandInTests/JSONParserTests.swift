import RelayTestKit
import Testing

@testable import StandIn

@Suite struct JSONParserTests {
    @Test(
        arguments: [
            ("null", JSONValue.null),
            (" true ", true),
            ("-0", 0), ("0", 0),
            ("12", 12),
            ("1.5e1", 15.0),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            (#""a\u00fc\ud83d\ude00\n\/""#, "aü😀\n/"),
            (#""\ud83d""#, "\u{FFFD}"),
            ("[ ]", []),
            ("[1 , 2]", [1, 2]),
            (#"{"type": "Terminate"}"#, ["type": "Terminate"]),
            (#"{"a":{"b":[{}]}}"#, ["a": ["b": [.object([])]]]),
        ] as [(String, JSONValue)])
    func validTextIsUnderstood(_ text: String, _ value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    /// The first is what the provider was seen to answer; the others are Python 3's own.
    @Test(arguments: [
        ("{not json", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ("nul", "Expecting value: line 1 column 1 (char 0)"),
        ("-", "Expecting value: line 1 column 1 (char 0)"),
        ("{\"a\"\n 1}", "Expecting ':' delimiter: line 2 column 2 (char 6)"),
        ("[1\n2]", "Expecting ',' delimiter: line 2 column 1 (char 3)"),
        ("{\"a\":1 \"b\"", "Expecting ',' delimiter: line 1 column 8 (char 7)"),
        ("[1,]", "Expecting value: line 1 column 4 (char 3)"),
        (#"{"a":1,}"#, "Expecting property name enclosed in double quotes: line 1 column 8 (char 7)"),
        ("{} {}", "Extra data: line 1 column 4 (char 3)"),
        ("01", "Extra data: line 1 column 2 (char 1)"),
        ("\"abc", "Unterminated string starting at: line 1 column 1 (char 0)"),
        ("\"ü\u{1}\"", "Invalid control character at: line 1 column 3 (char 2)"),
        (#""\x""#, "Invalid \\escape: line 1 column 2 (char 1)"),
        (#""\u12g4""#, "Invalid \\uXXXX escape: line 1 column 3 (char 2)"),
    ])
    func faultsAreToldInPythonsWords(_ text: String, _ fault: String) {
        #expect(throws: JSONFault(description: fault)) { try JSONValue(parsing: text) }
    }

    @Test func nestingIsBounded() {
        #expect(throws: JSONFault.self) {
            try JSONValue(parsing: String(repeating: "[", count: 100_000))
        }
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let value = Self.value(depth: 3, &random)
            #expect(try JSONValue(parsing: value.text) == value, "seed \(seed)")
        }
    }

    @Test func noTextIsFatal() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("{}[]\",:\\u0e-+.tfn 1\n")
        for _ in 0..<2000 {
            let length = Int.random(in: 0...12, using: &random)
            let text = String((0..<length).map { _ in alphabet.randomElement(using: &random) ?? "{" })
            _ = try? JSONValue(parsing: text)
        }
    }

    private static func value(depth: Int, _ random: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int64.random(in: Int64.min...Int64.max, using: &random))
        case 3: return .number(Double.random(in: -1e6...1e6, using: &random) + 0.5e-3)
        case 4: return .string(String((0..<5).map { _ in "aü\"\\\n😀".randomElement(using: &random) ?? "a" }))
        case 5: return .array((0..<3).map { _ in value(depth: depth - 1, &random) })
        default: return .object((0..<3).map { .init("m\($0)", value(depth: depth - 1, &random)) })
        }
    }
}
