import Testing

@testable import HTTP

@Suite struct HTTPVersionTests {
    @Test(
        arguments: [
            ("HTTP/1.1", .http11), ("HTTP/1.0", HTTPVersion(major: 1, minor: 0)),
            ("HTTP/9.9", HTTPVersion(major: 9, minor: 9)),
            ("http/1.1", nil), ("HTTP/1", nil), ("HTTP/1.10", nil), ("HTTP/11", nil), ("HTTP/a.1", nil),
            ("HTTP/1.", nil),
            ("", nil), ("HTTP/1,1", nil), ("HTTP 1.1", nil),
        ] as [(String, HTTPVersion?)])
    func aVersionIsTwoDigitsAfterAName(text: String, version: HTTPVersion?) {
        #expect(HTTPVersion(parsing: text.utf8) == version)
    }

    @Test func onlyHTTP11Passes() throws {
        try HTTPVersion.http11.requireHTTP11()
        #expect(throws: HTTPError.minorVersionNotSupported) { try HTTPVersion(major: 1, minor: 0).requireHTTP11() }
        #expect(throws: HTTPError.majorVersionNotSupported) { try HTTPVersion(major: 2, minor: 0).requireHTTP11() }
    }
}
