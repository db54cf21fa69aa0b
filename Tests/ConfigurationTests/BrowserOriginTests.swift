import Policy
import Testing

@testable import Configuration

@Suite struct BrowserOriginTests {
    /// What Chromium sends for a page at such an address.
    @Test(arguments: [
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://Bücher.Example", "https://xn--bcher-kva.example"),
        ("https://bu\u{308}cher.example", "https://xn--bcher-kva.example"),
        ("https://bücher.example:8443", "https://xn--bcher-kva.example:8443"),
        ("https://*.bücher.example", "https://*.xn--bcher-kva.example"),
        ("https://*.bücher.example:8443", "https://*.xn--bcher-kva.example:8443"),
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("https://app.例え.テスト", "https://app.xn--r8jz45g.xn--zckzah"),
        ("https://☃.example", "https://xn--n3h.example"),
        ("https://bücher。example", "https://xn--bcher-kva.example"),
        ("https://аpple.example", "https://xn--pple-43d.example"),
    ])
    func anotherScriptBecomesWhatBrowsersSend(written: String, sent: String) throws {
        #expect(try OriginPattern(BrowserOrigin.of(written)).description == sent)
    }

    @Test(arguments: [
        "https://app.example", "https://*.app.example:1", "https://xn--bcher-kva.example", "null", "*", "app.example",
        "",
    ])
    func asciiStaysAsItIs(text: String) {
        #expect(BrowserOrigin.of(text) == text)
    }

    @Test(arguments: [
        "https://-ü-.example", "https://ü\u{200d}.example", "https://ü .example", "https://ü.example/path",
        "bücher.example",
        "https://user@bücher.example", "https://ü*.example", "https://", "https://\u{ad}", "https://*.é",
    ])
    func whatNoBrowserSendsIsNoOrigin(text: String) {
        #expect(throws: OriginPatternError.self) { try OriginPattern(BrowserOrigin.of(text)) }
    }
}
