import Policy
import Testing

@testable import Configuration

@Suite struct ScalarsTests {
    @Test(
        arguments: [
            ("500ms", .milliseconds(500)), ("30s", .seconds(30)), ("5m", .seconds(300)), ("3h", .seconds(10_800)),
            ("0", .zero),
            ("0s", .zero), ("5", nil), ("", nil), ("s", nil), ("-5s", nil), ("1.5s", nil), ("5 s", nil), ("5sec", nil),
            ("1d", nil),
            ("99999999999999999999h", nil), ("9223372036854775807h", nil),
        ] as [(String, Duration?)])
    func durationsAreAWholeNumberAndAUnit(text: String, duration: Duration?) {
        #expect(Scalars.duration(text) == duration)
    }

    @Test(
        arguments: [
            ("64KiB", 65_536), ("1MiB", 1_048_576), ("1GiB", 1 << 30), ("100", 100), ("64KB", nil), ("KiB", nil),
            ("-1KiB", nil),
            ("9223372036854775807GiB", nil), ("", nil),
        ] as [(String, Int?)])
    func sizesAreBytesOrBinaryUnits(text: String, size: Int?) {
        #expect(Scalars.size(text) == size)
    }

    @Test(
        arguments: [
            ("https://a.example", true), ("https://a.example:8443/x?y=z", true), ("https://[::1]/", true),
            ("http://a.example", false), ("https://", false), ("https:///x", false), ("https://u@a.example/", false),
            ("https://a.example/#x", false), ("https://a.example/ x", false), ("https://a.example/\u{e9}", false),
        ])
    func aSecureURLNamesAHost(text: String, isOne: Bool) {
        #expect(Scalars.isSecureURL(text) == isOne)
    }

    @Test func aWebAddressHasAHostAndPerhapsTLS() {
        for (text, host, isSecure) in [
            ("https://a.example/v1/traces", "a.example", true), ("http://A.example:4318/v1/traces", "a.example", false),
            ("http://127.0.0.1:4318/x?y", "127.0.0.1", false), ("https://[::1]?x", "[::1]", true),
        ] {
            let found = Scalars.webHost(text)
            #expect(found?.host == host && found?.isSecure == isSecure, "\(text)")
        }
        for text in [
            "", "a.example", "ftp://a.example", "http://", "http:///x", "http://u@a.example", "http://a.example/#x",
            "httpss://a", "http://a.example/ x", "https://a:99999",
        ] {
            #expect(Scalars.webHost(text) == nil, "\(text)")
        }
    }

    @Test(
        arguments: [
            ("1.5", 1.5), ("500", 500), ("0", 0), (".5", nil), ("1.", nil), ("1e9", nil), ("nan", nil), ("-1", nil),
        ] as [(String, Double?)])
    func decimalsAreDigitsAndOnePoint(text: String, value: Double?) {
        #expect(Scalars.decimal(text) == value)
    }

    @Test(
        arguments: [
            ("0.0.0.0:8443", "0.0.0.0:8443"), ("[::]:8443", "[::]:8443"), ("localhost:0", "127.0.0.1:0"),
            ("stt.example.com:8443", nil), ("0.0.0.0", nil), (":8443", nil), ("0.0.0.0:65536", nil),
        ] as [(String, String?)])
    func listenersHaveALiteralAddressAndAPort(text: String, address: String?) {
        #expect(Scalars.listenAddress(text)?.description == address)
    }
}
