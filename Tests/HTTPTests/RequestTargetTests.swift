import HTTP
import RelayTestKit
import Testing

@Suite struct RequestTargetTests {
    @Test(
        arguments: [
            ("/", "/", nil), ("/v3/ws", "/v3/ws", nil), ("/v3/ws?", "/v3/ws", ""), ("/?a?b", "/", "a?b"),
            ("//v3/ws?a=1", "//v3/ws", "a=1"),
            ("/a;b=%2e", "/a;b=%2e", nil), (#"/?k=["a"]|{}^`\<>"#, "/", #"k=["a"]|{}^`\<>"#),
            ("/?/:@!$&'()*+,;=", "/", "/:@!$&'()*+,;="),
        ] as [(String, String, String?)])
    func aTargetKeepsEveryByte(text: String, path: String, query: String?) throws {
        let target = try RequestTarget(text)
        #expect(target.path == path)
        #expect(target.query == query)
        #expect(target.text == text)
    }

    // RFC 9112 §3.2
    @Test(
        arguments: [
            ("", .malformedRequestLine),
            ("*", .asteriskFormTarget),
            ("http://a/", .absoluteFormTarget),
            ("wss://a/v3/ws", .absoluteFormTarget),
            ("a:443", .authorityFormTarget),
            ("a", .authorityFormTarget),
            ("*/", .authorityFormTarget),
            ("?a", .authorityFormTarget),
            ("/#", .fragmentInTarget),
            ("/a?b#c", .fragmentInTarget),
            ("/a b", .invalidTargetCharacter),
            ("/?a b", .invalidTargetCharacter),
            ("/é", .invalidTargetCharacter),
            ("/?é", .invalidTargetCharacter),
            ("/\u{1}", .invalidTargetCharacter),
            ("/?\u{7F}", .invalidTargetCharacter),
            ("/?\r\nX: a", .invalidTargetCharacter),
            ("/?\0", .invalidTargetCharacter),
            ("/\\", .invalidTargetCharacter),
            ("/[a]", .invalidTargetCharacter),
            ("/\"", .invalidTargetCharacter),
            ("/%", .invalidPercentEscape),
            ("/%4", .invalidPercentEscape),
            ("/%4g", .invalidPercentEscape),
            ("/?a=%", .invalidPercentEscape),
            ("/?a=%-1", .invalidPercentEscape),
            ("/%?41", .invalidPercentEscape),
        ] as [(String, HTTPError)])
    func aTargetThatBreaksARuleIsRefused(text: String, rule: HTTPError) {
        #expect(throws: rule) { try RequestTarget(text) }
    }

    @Test(arguments: [
        ("/", []), ("/?", []), ("/?&&", []), ("/?a", ["a"]), ("/?a=1&b=&c&a=2", ["a", "b", "c", "a"]), ("/?=x", [""]),
        ("/?web%68ook%5Furl=x", ["webhook_url"]), ("/?a+b=1&a%2Bb=1", ["a b", "a+b"]), ("/?a=b=c", ["a"]),
        ("/?a%3Db=c", ["a=b"]), ("/?a%26b=c", ["a&b"]), ("/?a;b=c", ["a;b"]), ("/?a?b=c", ["a?b"]),
        ("/?a%2500=c", ["a%00"]),
    ])
    func theNamesOfAQueryAreThoseThatAnUpstreamReads(text: String, names: [String]) throws {
        #expect(try RequestTarget(text).parameterNames == names.map { Array($0.utf8) })
    }

    @Test func aNameThatIsNoTextIsKeptByteForByte() throws {
        #expect(try RequestTarget("/?%ff%00=1").parameterNames == [[0xff, 0]])
    }

    @Test(arguments: [
        ("/", [""]), ("/v3/ws", ["v3", "ws"]), ("//v3/ws", ["", "v3", "ws"]), ("/v3/ws/", ["v3", "ws", ""]),
        ("/a.b/...?%2e", ["a.b", "..."]),
    ])
    func aPathIsCutAtItsSlashes(text: String, segments: [String]) throws {
        #expect(try RequestTarget(text).segments() == segments)
    }

    @Test(arguments: [
        "/%2e%2e/x", "/v3%2fws", "/v3%2Fws", "/v3/w%73", "/v3/ws;a", "/;/v3/ws", "/./v3/ws", "/../v3", "/v3/..", "/.",
        "/v3/ws/.",
    ])
    func aPathThatTwoReadersMayReadDifferentlyIsNotRouted(text: String) throws {
        let target = try RequestTarget(text)
        #expect(throws: HTTPError.ambiguousPath) { try target.segments() }
    }

    @Test(arguments: [
        ("/", "a", []), ("/?a=1", "a", ["1"]), ("/?a=1&b=2&a=3", "a", ["1", "3"]), ("/?a", "a", [""]),
        ("/?a=", "a", [""]),
        ("/?a=b=c", "a", ["b=c"]), ("/?a=x+y%20z%2B", "a", ["x y z+"]), ("/?%61=1", "a", ["1"]), ("/?A=1", "a", []),
        ("/?=1", "", ["1"]),
        ("/?a=%C3%A9", "a", ["é"]), ("/?a=%FF", "a", ["\u{FFFD}"]), ("/?a+b=1", "a b", ["1"]), ("/?xa=1&ax=2", "a", []),
        ("/?a=1;b=2", "b", []),
        // U+212A is "K" to Unicode's equivalence, another name to an upstream.
        ("/?to%E2%84%AAen=1", "toKen", []),
    ])
    func aParameterIsReadDecoded(text: String, name: String, values: [String]) throws {
        #expect(try RequestTarget(text).parameter(name) == values)
    }

    @Test(arguments: [
        ("/v3/ws", "/v3/ws"),
        ("/v3/ws?", "/v3/ws?"),
        ("/v3/ws?token=x", "/v3/ws"),
        ("/v3/ws?token", "/v3/ws"),
        ("/v3/ws?token=x&token=y", "/v3/ws"),
        ("/v3/ws?a=1&token=x&b=2", "/v3/ws?a=1&b=2"),
        ("/v3/ws?token=x&a=1", "/v3/ws?a=1"),
        ("/v3/ws?a=1&token=x", "/v3/ws?a=1"),
        ("/v3/ws?%74oken=x&a", "/v3/ws?a"),
        ("/v3/ws?%74%6F%6b%65%6E&a", "/v3/ws?a"),
        ("/v3/ws?zone=eu&a=%5B%22a+b%22%5D", "/v3/ws?a=%5B%22a+b%22%5D"),
        ("/v3/ws?a&&token=x&&b&", "/v3/ws?a&&&b&"),
        ("/v3/ws?&token=x", "/v3/ws?"),
        ("/v3/ws?Token=x&tokens=y&=token&xtoken", "/v3/ws?Token=x&tokens=y&=token&xtoken"),
        ("/v3/ws?a=?token=x&b==&c=%41", "/v3/ws?a=?token=x&b==&c=%41"),
        ("/token=x?a=1", "/token=x?a=1"),
    ])
    func removingParametersLeavesEveryOtherByte(text: String, rest: String) throws {
        #expect(try RequestTarget(text).removing(parameters: ["token", "zone"]).text == rest)
    }

    @Test(arguments: [
        ("/", "/?a=x%20y%26"), ("/?", "/?a=x%20y%26"), ("/?b=1", "/?b=1&a=x%20y%26"),
        ("/?a=1&b=1&%61=2", "/?b=1&a=x%20y%26"),
    ])
    func settingAParameterLeavesExactlyOneOfItsName(text: String, result: String) throws {
        let target = try RequestTarget(text).setting("a", to: "x y&")
        #expect(target.text == result)
        #expect(target.parameter("a") == ["x y&"])
    }

    @Test func thePathIsReplacedAndTheQueryStays() throws {
        let target = try RequestTarget("/eu/v3/ws?a=%20")
        #expect(try target.replacingPath(with: "/v3/ws").text == "/v3/ws?a=%20")
        #expect(throws: HTTPError.invalidTargetCharacter) { try target.replacingPath(with: "/v3/ws?b") }
        #expect(throws: HTTPError.fragmentInTarget) { try target.replacingPath(with: "/#") }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>) func removingFromAnyQueryKeepsThePiecesOfOtherNames(seed: UInt64)
        throws
    {
        var random = SeededGenerator(seed: seed)
        let parts = ["a", "token", "%74oken", "=", "=", "&", "&", "&", "x", "%41", "+", "?"]
        for _ in 0..<100 {
            let query = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                parts.randomElement(using: &random) ?? ""
            }.joined()
            let rest = try RequestTarget("/?\(query)").removing(parameters: ["token"])
            #expect(rest.parameter("token") == [])
            #expect(try RequestTarget(rest.text) == rest)
            let others = query.split(separator: "&", omittingEmptySubsequences: false)
                .filter { !["token", "%74oken"].contains($0.prefix { $0 != "=" }) }
            #expect((rest.query ?? "") == others.joined(separator: "&"))
        }
    }
}
