import Testing

@testable import Policy

@Suite struct OriginPatternTests {
    @Test(arguments: [
        ("https://app.acme.example", "https://app.acme.example", true),
        ("https://app.acme.example", "HTTPS://APP.acme.EXAMPLE", true),
        ("https://app.acme.example", "https://app.acme.example:443", true),
        ("https://app.acme.example:443", "https://app.acme.example", true),
        ("https://app.acme.example", "https://app.acme.example:8443", false),
        ("https://app.acme.example", "http://app.acme.example", false),
        ("https://app.acme.example", "http://app.acme.example:443", false),
        ("https://app.acme.example", "https://app.acme.example.evil.example", false),
        ("https://app.acme.example", "https://evil-app.acme.example", false),
        ("https://app.acme.example", "https://acme.example", false),
        ("https://app.acme.example", "https://app.acme.example/", false),
        ("https://app.acme.example", "https://user@app.acme.example", false),
        ("https://app.acme.example", "https://app.acme.example, https://x.example", false),
        ("https://app.acme.example", "https://app.acme.example.", false),
        ("https://app.acme.example", "https://app.acme.example@evil.example", false),
        ("https://app.acme.example", "https://evil.example\\@app.acme.example", false),
        ("https://app.acme.example", "https://app-acme.example", false),
        ("https://app.acme.example", "https://other.acme.example", false),
        ("https://app.acme.example", "wss://app.acme.example", false),
        ("https://app.acme.example", "https://app.acme.example:", false),
        ("https://app.acme.example", "null", false),
        ("https://app.acme.example", "", false),
        ("https://*.acme.example", "https://app.acme.example", true),
        ("https://*.acme.example", "https://a-b.ACME.example", true),
        ("https://*.acme.example", "https://acme.example", false),
        ("https://*.acme.example", "https://a.b.acme.example", false),
        ("https://*.acme.example", "https://.acme.example", false),
        ("https://*.acme.example", "https://evilacme.example", false),
        ("https://*.acme.example", "https://*.acme.example", false),
        ("https://*.acme.example:8443", "https://app.acme.example:8443", true),
        ("https://*.acme.example:8443", "https://app.acme.example", false),
        ("https://*.acme.example", "https://app.acme.example.", false),
        ("https://*.xn--bcher-kva.example", "https://app.XN--BCHER-KVA.example", true),
        ("https://*.xn--bcher-kva.example", "https://app.xn--bcher-kvb.example", false),
        ("http://localhost:3000", "http://localhost:3000", true),
        ("http://[::1]:3000", "http://[::1]:3000", true),
        ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example", true),
        ("https://xn--mnchen-3ya.example", "https://münchen.example", false),
        ("capacitor://localhost", "capacitor://localhost", true),
        ("capacitor://localhost", "capacitor://localhost:80", false),
    ])
    func schemeHostAndPortAreComparedWhole(pattern: String, origin: String, matches: Bool) throws {
        let pattern = try OriginPattern(pattern)
        #expect((Origin(origin).map(pattern.matches) ?? false) == matches)
    }

    @Test(
        arguments: [
            ("null", .null),
            ("*", .everything),
            ("app.acme.example", .malformed),
            ("https://", .malformed),
            ("https://a:b:c", .malformed),
            ("://a", .malformed),
            ("https://a/path", .host),
            ("https://app.*.example", .host),
            ("https://*app.acme.example", .host),
            ("https://*.*.acme.example", .host),
            ("https://münchen.example", .host),
            ("https://*.com", .wideWildcard),
        ] as [(String, OriginPatternError)])
    func aPatternThatWouldMeanTooMuchOrNothingIsRefused(text: String, error: OriginPatternError) {
        #expect(throws: error) { try OriginPattern(text) }
        #expect(!error.sentence.isEmpty)
    }

    @Test func theRelaysOwnOriginsFollowTheHostField() {
        #expect(
            Origin.own(secure: true, hostField: "STT.example.com:443") == [
                Origin("https://stt.example.com")!, Origin("wss://stt.example.com")!,
            ])
        #expect(
            Origin.own(secure: false, hostField: "localhost:9000").map(\.description) == [
                "http://localhost:9000", "ws://localhost:9000",
            ])
        #expect(Origin.own(secure: true, hostField: "a b").isEmpty)
        #expect(Origin.own(secure: true, hostField: "").isEmpty)
    }

    @Test func patternsPrintAsTheyAreWritten() throws {
        #expect(try OriginPattern("https://*.acme.example:443").description == "https://*.acme.example")
        #expect(try OriginPattern("http://localhost:3000").description == "http://localhost:3000")
    }
}
