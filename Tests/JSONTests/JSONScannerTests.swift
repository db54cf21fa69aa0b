import JSON
import RelayTestKit
import Testing

@Suite struct JSONScannerTests {
    @Test(arguments: [
        (#"{"type":"Terminate"}"#, "Terminate"),
        (#"{"type": "Terminate"}"#, "Terminate"),
        (" \t\r\n{ \"type\"\n:\t\"Terminate\" } \n", "Terminate"),
        (#"{"a":1,"type":"Turn"}"#, "Turn"),
        (
            #"{"words":[{"type":"no"},[[]],{}],"x":{"type":"no","y":[]},"n":-1.5e+3,"t":true,"f":false,"z":null,"type":"Turn"}"#,
            "Turn"
        ),
        (#"{"type":"a","type":"b"}"#, "b"),
        (#"{"\u0074ype":"a"}"#, "a"),
        (#"{"type":"\u00e9\n\"\\\/\b\f\r\t"}"#, "é\n\"\\/\u{8}\u{C}\r\t"),
        (#"{"type":"\ud83d\ude00x"}"#, "😀x"),
        (#"{"type":"\ud83dx"}"#, "\u{FFFD}x"),
        (#"{"type":"\ude00"}"#, "\u{FFFD}"),
        (#"{"type":"é😀"}"#, "é😀"),
        (#"{"type":""}"#, ""),
        (#"{"type":0,"type":"a"}"#, "a"),
    ])
    func aStringMemberIsFound(json: String, value: String) {
        #expect(string("type", json) == value)
    }

    @Test(arguments: [
        "", " ", "{}", "[]", "null", #""type""#, #"{"type":1}"#, #"{"type":null}"#, #"{"type":["Terminate"]}"#,
        #"{"Type":"a"}"#, #"{"x":{"type":"a"}}"#,
        #"[{"type":"a"}]"#, #"{"type":"a","type":1}"#,
        // Not one whole object: the provider's own parser refuses these.
        #"{"type":"a""#, #"{"type":"a"}}"#, #"{"type":"a"} x"#, #"{"type":"a"}{}"#, #"{"type":"a",}"#,
        #"{,"type":"a"}"#, #"{"type":"a" "b":1}"#,
        #"{"type" "a"}"#, #"{type:"a"}"#, #"{'type':'a'}"#, #"{"type":"a}"#, #"{"type":"\x"}"#, #"{"type":"\u12"}"#,
        #"{"type":"\u12g4"}"#, #"{"type":"\"#,
        "{\"type\":\"a\nb\"}", "{\"type\":\"a\0\"}", "\u{FEFF}{\"type\":\"a\"}",
        #"{"type":"a","x":01}"#, #"{"type":"a","x":1.}"#, #"{"type":"a","x":.5}"#, #"{"type":"a","x":+1}"#,
        #"{"type":"a","x":1e}"#, #"{"type":"a","x":-}"#,
        #"{"type":"a","x":tru}"#, #"{"type":"a","x":nul"#, #"{"type":"a","x":NaN}"#, #"{"type":"a","x":[1,]}"#,
        #"{"type":"a","x":[1}"#, #"{"type":"a","x":{"y"}}"#,
        #"{"type":"a","x":{"y":1]}"#, #"{"type":"a","x":[}"#, #"{"type":"a","x":}"#, #"{"type":"a","x":[1 2]}"#,
        #"{"type":"a","x":{1:2}}"#,
    ])
    func anythingElseHasNoStringMember(json: String) {
        #expect(string("type", json) == nil)
    }

    @Test func aStringThatIsNotUTF8HasNoText() {
        let json = Array(#"{"type":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        let value = JSONScanner.topLevelString("type", in: json.span.bytes)
        #expect(value == nil)
    }

    @Test(
        arguments: [
            (#"{"error_code":1008}"#, 1008), (#"{"type":"Error","error_code" : -3 }"#, -3), (#"{"error_code":0}"#, 0),
            (#"{"error_code":9223372036854775807}"#, .max), (#"{"error_code":1,"error_code":2}"#, 2),
            (#"{"error_code":9223372036854775808}"#, nil), (#"{"error_code":1.0}"#, nil), (#"{"error_code":1e3}"#, nil),
            (#"{"error_code":"1008"}"#, nil), (#"{"error_code":null}"#, nil), (#"{"error_code":[1]}"#, nil),
            (#"{}"#, nil), ("1", nil),
        ] as [(String, Int?)])
    func anIntegerMemberIsFound(json: String, value: Int?) {
        let found = JSONScanner.topLevelInteger("error_code", in: Array(json.utf8).span.bytes)
        #expect(found == value)
    }

    @Test func nestingIsFollowedToItsLimitAndNoFurther() {
        #expect(string("type", nested(64)) == "a")
        #expect(string("type", nested(65)) == nil)
        #expect(string("type", nested(100_000)) == nil)
        #expect(string("type", #"{"x":"# + String(repeating: "[", count: 100_000)) == nil)
    }

    @Test func everyProperPrefixOfAnObjectIsNone() {
        let json = Array(#"{"a":[1,{"b":"\u00e9"}],"type":"Terminate"}"#.utf8)
        for end in json.indices {
            let value = JSONScanner.topLevelString("type", in: json.span.bytes.extracting(first: end))
            #expect(value == nil, "the first \(end) bytes")
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>) func anyBytesAreScannedWithoutATrap(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array(#"{}[]"":,\u0d8"type""1-.e tfn"#.utf8) + [0xFF, 0x00]
        for _ in 0..<300 {
            var json = Array(#"{"type":"a","x":["#.utf8.prefix(.random(in: 0...17, using: &random)))
            json += (0..<Int.random(in: 0...20, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0
            }
            _ = JSONScanner.topLevelString("type", in: json.span.bytes)
            _ = JSONScanner.topLevelInteger("x", in: json.span.bytes)
        }
    }

    private func string(_ name: String, _ json: String) -> String? {
        JSONScanner.topLevelString(name, in: Array(json.utf8).span.bytes)
    }

    /// An object with a value nested `depth` containers deep.
    private func nested(_ depth: Int) -> String {
        #"{"x":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + #","type":"a"}"#
    }
}
