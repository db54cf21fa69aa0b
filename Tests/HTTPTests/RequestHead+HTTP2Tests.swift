import HTTP
import Testing

@Suite struct RequestHeadHTTP2Tests {
    private var get: PseudoFields {
        var pseudo = PseudoFields()
        (pseudo.method, pseudo.scheme, pseudo.authority, pseudo.path) = (
            "GET", "https", "EU.example.com:8443", "/a?b=c"
        )
        return pseudo
    }

    // RFC 9113 §8.3.1
    @Test func theAuthorityIsTheOneHostAndThePathTheTarget() throws {
        let head = try RequestHead(get, ["host": "eu.example.com:8443", "x": "y"])
        #expect(head.method == "GET")
        #expect(head.version == .http2)
        #expect(head.protocol == nil)
        #expect(head.target == (try RequestTarget("/a?b=c")))
        #expect(head.fields == ["Host": "EU.example.com:8443", "x": "y"])
        #expect(head.host?.name == "eu.example.com")
    }

    @Test func aHostDoesWhereThereIsNoAuthority() throws {
        var pseudo = get
        pseudo.authority = nil
        #expect(try RequestHead(pseudo, ["host": "a"]).host?.name == "a")
        #expect(throws: HTTPError.hostMissing) { try RequestHead(pseudo, [:]) }
        #expect(throws: HTTPError.hostRepeated) { try RequestHead(pseudo, ["host": "a", "host": "a"]) }
    }

    // RFC 8441 §4
    @Test func anExtendedCONNECTKeepsItsProtocol() throws {
        var pseudo = get
        (pseudo.method, pseudo.protocol) = ("CONNECT", "websocket")
        let head = try RequestHead(pseudo, [:])
        #expect(head.method == "CONNECT")
        #expect(head.protocol == "websocket")
    }

    // RFC 9113 §8.2.3
    @Test func cookiesThatCameOneByOneAreOneFieldAgain() throws {
        let head = try RequestHead(get, ["cookie": "a=b", "x": "y", "cookie": "c=d"])
        #expect(head.fields == ["Host": "EU.example.com:8443", "x": "y", "Cookie": "a=b; c=d"])
    }

    @Test(
        arguments: [
            (":method", nil, .invalidMethod), (":method", "G T", .invalidMethod), (":method", "", .invalidMethod),
            (":path", nil, .authorityFormTarget), (":scheme", nil, .authorityFormTarget),
            (":scheme", "ftp", .schemeNotHTTP), (":scheme", "", .schemeNotHTTP), (":path", "*", .asteriskFormTarget),
            (":path", "http://a/", .absoluteFormTarget), (":path", "/a#b", .fragmentInTarget),
            (":authority", "user@a", .hostInvalid), (":authority", "", .hostInvalid),
            (":protocol", "websocket", .invalidMethod),
        ] as [(String, String?, HTTPError)])
    func aHeadThatBreaksARuleIsRefused(field: String, value: String?, rule: HTTPError) {
        var pseudo = get
        switch field {
        case ":method": pseudo.method = value
        case ":scheme": pseudo.scheme = value
        case ":authority": pseudo.authority = value
        case ":path": pseudo.path = value
        default: pseudo.protocol = value
        }
        let broken = pseudo
        #expect(throws: rule) { try RequestHead(broken, [:]) }
    }

    @Test func anotherHostThanTheAuthorityIsRefused() {
        #expect(throws: HTTPError.hostRepeated) { try RequestHead(get, ["host": "b"]) }
    }

    // RFC 9110 §8.6
    @Test func twoLengthsAreRefused() {
        #expect(throws: HTTPError.contentLengthRepeated) {
            try RequestHead(get, ["content-length": "1", "content-length": "1"])
        }
    }
}
