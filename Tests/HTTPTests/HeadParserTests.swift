import Bytes
import HTTP
import RelayTestKit
import Testing

@Suite struct HeadParserTests {
    @Test func aRequestIsReadUpToItsBlankLine() throws {
        let parsed = parseRequest("GET /v3/ws?a=1 HTTP/1.1\r\nHost: example.com\r\nX-Empty:\r\n\r\n\u{82}rest")
        let expected = RequestHead(
            method: "GET", target: try RequestTarget("/v3/ws?a=1"), fields: ["Host": "example.com", "X-Empty": ""])
        #expect(parsed == .complete(expected, rest: Array("\u{82}rest".utf8)))
    }

    @Test func aResponseIsReadUpToItsBlankLine() {
        let parsed = parseResponse(Array("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nrest".utf8))
        let expected = ResponseHead(status: 101, reason: "Switching Protocols", fields: ["Upgrade": "websocket"])
        #expect(parsed == .complete(expected, rest: Array("rest".utf8)))
    }

    @Test func aParserReadsTheNextHeadAfterOneIsComplete() throws {
        var parser = RequestHeadParser()
        let one = Array("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        let two = Array("GET /2 HTTP/1.1\r\nHost: b\r\n\r\n".utf8)
        var consumed = 0
        let first = try parser.parse((one + two).span.bytes, consumed: &consumed)
        #expect(first?.target.text == "/1")
        #expect(consumed == one.count)
        let second = try parser.parse(two.span.bytes, consumed: &consumed)
        #expect(second?.target.text == "/2")
        #expect(second?.fields == ["Host": "b"])
        #expect(consumed == two.count)
    }

    @Test(arguments: [
        ("X: a", "a"), ("X:a", "a"), ("X: \t a b\t ", "a b"), ("X:", ""), ("X:  ", ""), ("X: a: b", "a: b"),
        ("X: é", "Ã©"),
    ])
    func whitespaceAroundAValueIsNotPartOfIt(line: String, value: String) {
        let parsed = parseRequest("GET / HTTP/1.1\r\nHost: a\r\n\(line)\r\n\r\n")
        #expect(parsed.head?.fields.first("x") == value)
    }

    @Test func obsTextIsKeptByteForByte() throws {
        let line = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8)
        let bytes = line + Array(0x80...0xFF) + Array("\r\n\r\n".utf8)
        let head = try #require(parseRequest(bytes).head)
        #expect(head.fields.first("X")?.unicodeScalars.map(\.value) == Array(0x80...0xFF))
        #expect(try HeadSerializer.serialize(head) == bytes)
    }

    // RFC 9112 §2.2, §5, §5.1, §5.2; RFC 9110 §5.1, §5.5
    @Test(
        arguments: [
            ("Host: a\nX: b\r\n", .bareLineFeed),
            ("Host: a\r\n\n", .bareLineFeed),
            ("\nHost: a\r\n", .bareLineFeed),
            ("Host: a\r\nX: a\rb\r\n", .bareCarriageReturn),
            ("Host: a\r\nX: a\r\r\n", .bareCarriageReturn),
            ("Host: a\r\n\rX: a\r\n", .bareCarriageReturn),
            ("Host: a\r\nX: a\0b\r\n", .nulByte),
            ("Host: a\r\n\0: b\r\n", .nulByte),
            (" Host: a\r\n", .whitespaceBeforeFirstField),
            ("\tHost: a\r\n", .whitespaceBeforeFirstField),
            ("Host: a\r\n b\r\n", .obsoleteLineFolding),
            ("Host: a\r\n\tb: c\r\n", .obsoleteLineFolding),
            ("Host: a\r\nX\r\n", .missingColon),
            ("Host: a\r\n: b\r\n", .emptyFieldName),
            ("Host : a\r\n", .spaceBeforeColon),
            ("Host: a\r\nX\t: b\r\n", .spaceBeforeColon),
            ("Host: a\r\nX Y: b\r\n", .invalidFieldName),
            ("Host: a\r\nX(: b\r\n", .invalidFieldName),
            ("Host: a\r\né: b\r\n", .invalidFieldName),
            ("Host: a\r\nX\u{1}: b\r\n", .invalidFieldName),
            ("Host: a\r\nX: \u{1}\r\n", .invalidFieldValue),
            ("Host: a\r\nX: a\u{7F}b\r\n", .invalidFieldValue),
            ("Host: a\r\nX: a\u{B}b\r\n", .invalidFieldValue),
        ] as [(String, HTTPError)])
    func aFieldLineThatBreaksARuleIsRefused(lines: String, rule: HTTPError) {
        #expect(fault("GET / HTTP/1.1\r\n\(lines)\r\n") == rule)
    }

    @Test(arguments: [" ", "\r\n", "\n", "\0", "{}"]) func whatComesBeforeTheRequestLineIsRefused(prefix: String) {
        #expect(fault("\(prefix)GET / HTTP/1.1\r\nHost: a\r\n\r\n") != nil)
    }

    @Test func aFaultIsToldBeforeTheHeadIsComplete() {
        #expect(fault("GET / HTTP/1.0\r\n") == .minorVersionNotSupported)
        #expect(fault("GET / HTTP/1.1\r\nHost : a\r\n") == .spaceBeforeColon)
    }

    @Test(arguments: heads) func everySplitInTwoGivesTheSameResult(head: String) {
        let bytes = Array(head.utf8)
        let whole = parseRequest(bytes)
        for cut in 0...bytes.count {
            #expect(parseRequest(bytes, cuts: [cut]) == whole, "cut at \(cut)")
        }
    }

    @Test(arguments: heads) func bytesOneByOneGiveTheSameResult(head: String) {
        let bytes = Array(head.utf8)
        #expect(parseRequest(bytes, cuts: Array(bytes.indices)) == parseRequest(bytes))
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>) func limitsBreakAtTheSameByteHoweverTheHeadIsSplit(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = Array("GET /path HTTP/1.1\r\nHost: example.com\r\nX: 1\r\nY: 2\r\nZ: 3\r\n\r\n".utf8)
        for _ in 0..<60 {
            let limits = HTTPLimits(
                maxHeadBytes: .random(in: 1...80, using: &random),
                maxStartLineBytes: .random(in: 1...30, using: &random),
                maxFieldLineBytes: .random(in: 1...25, using: &random), maxFields: .random(in: 0...5, using: &random))
            let whole = parseRequest(bytes, limits: limits)
            let cuts = (0..<4).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
            #expect(parseRequest(bytes, cuts: cuts, limits: limits) == whole, "\(limits) cut at \(cuts)")
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>) func anyBytesGiveAHeadOrARuleAndNeverTrap(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("GET /%4 HTTP/1.1\r\n\r\n: \t\0,;=?#@[]Hosta0\u{7F}é".utf8)
        for _ in 0..<200 {
            var bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8.prefix(.random(in: 0...25, using: &random)))
            bytes += (0..<Int.random(in: 0...40, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0
            }
            let cut = Int.random(in: 0...bytes.count, using: &random)
            #expect(parseRequest(bytes, cuts: [cut]) == parseRequest(bytes))
            #expect(parseResponse(bytes, cuts: [cut]) == parseResponse(bytes))
        }
    }

    private static let heads = [
        "GET /v3/ws?a=1&b HTTP/1.1\r\nHost: example.com:443\r\nUpgrade: websocket\r\n\r\nGET",
        "GET / HTTP/1.1\r\nHost: a\r\nX: b\nY: c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n",
    ]
}
