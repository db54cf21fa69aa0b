import HTTP
import Testing

@Suite struct RequestHeadTests {
    // RFC 9112 §3
    @Test(
        arguments: [
            ("GET /", .malformedRequestLine),
            ("GET", .malformedRequestLine),
            ("", .malformedRequestLine),
            ("GET  / HTTP/1.1", .malformedRequestLine),
            ("GET / HTTP/1.1 ", .malformedRequestLine),
            ("GET / HTTP/1.1 x", .malformedRequestLine),
            ("GET\t/\tHTTP/1.1", .malformedRequestLine),
            ("GET / http/1.1", .malformedRequestLine),
            ("GET / HTTP/1.1.1", .malformedRequestLine),
            ("GET  HTTP/1.1", .malformedRequestLine),
            (" / HTTP/1.1", .invalidMethod),
            ("G@T / HTTP/1.1", .invalidMethod),
            ("GÉT / HTTP/1.1", .invalidMethod),
            ("GET / HTTP/1.0", .minorVersionNotSupported),
            ("GET / HTTP/1.2", .minorVersionNotSupported),
            ("GET / HTTP/0.9", .majorVersionNotSupported),
            ("GET / HTTP/2.0", .majorVersionNotSupported),
            ("PRI * HTTP/2.0", .majorVersionNotSupported),
            ("GET * HTTP/1.1", .asteriskFormTarget),
            ("CONNECT example.com:443 HTTP/1.1", .authorityFormTarget),
            ("GET http://example.com/ HTTP/1.1", .absoluteFormTarget),
        ] as [(String, HTTPError)])
    func aRequestLineThatBreaksARuleIsRefused(line: String, rule: HTTPError) {
        #expect(fault("\(line)\r\nHost: a\r\n\r\n") == rule)
    }

    @Test(arguments: ["GET", "POST", "get", "X-METHOD!"]) func anyTokenIsAMethod(method: String) {
        #expect(parseRequest("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n").head?.method == method)
    }

    // RFC 9112 §3.2
    @Test(
        arguments: [
            ("", .hostMissing),
            ("Host: a\r\nHost: a\r\n", .hostRepeated),
            ("Host: a\r\nhost: b\r\n", .hostRepeated),
            ("Host:\r\n", .hostInvalid),
            ("Host: a b\r\n", .hostInvalid),
            ("Host: user@a\r\n", .hostInvalid),
            ("Host: a/b\r\n", .hostInvalid),
        ] as [(String, HTTPError)])
    func aRequestHasExactlyOneValidHost(fields: String, rule: HTTPError) {
        #expect(fault("GET / HTTP/1.1\r\n\(fields)\r\n") == rule)
    }

    @Test func theHostIsGivenInItsParts() throws {
        let head = RequestHead(method: "GET", target: try RequestTarget("/"), fields: ["Host": "EU.example.com:8443"])
        #expect(head.host?.name == "eu.example.com")
        #expect(head.host?.port == 8443)
        #expect(RequestHead(method: "GET", target: head.target).host == nil)
    }
}
