import HTTP
import Testing

@Suite struct HeadSerializerTests {
    @Test func aRequestIsWrittenInItsOrder() throws {
        let head = RequestHead(
            method: "GET", target: try RequestTarget("/v3/ws?a=%20"), fields: ["Host": "a", "X": "", "x": "\u{E9}"])
        let expected =
            Array("GET /v3/ws?a=%20 HTTP/1.1\r\nHost: a\r\nX: \r\nx: ".utf8) + [0xE9] + Array("\r\n\r\n".utf8)
        #expect(try HeadSerializer.serialize(head) == expected)
        #expect(parseRequest(expected) == .complete(head, rest: []))
    }

    @Test func aResponseIsWrittenInItsOrder() throws {
        let head = ResponseHead(status: 101, fields: ["Upgrade": "websocket"])
        let expected = Array("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n".utf8)
        #expect(try HeadSerializer.serialize(head) == expected)
        #expect(parseResponse(expected) == .complete(head, rest: []))
    }

    @Test func theSpaceBeforeAnEmptyReasonStays() throws {
        let bytes = try HeadSerializer.serialize(ResponseHead(status: 299))
        #expect(bytes == Array("HTTP/1.1 299 \r\n\r\n".utf8))
    }

    @Test(arguments: ["\r", "\n", "\r\n", "\0", "\u{1}", "\u{7F}", "a\r\nX: b", "€"])
    func noTextBecomesALineOfItsOwn(text: String) throws {
        let target = try RequestTarget("/")
        #expect(throws: HTTPError.invalidFieldValue) {
            try HeadSerializer.serialize(RequestHead(method: "GET", target: target, fields: ["X": text]))
        }
        #expect(throws: HTTPError.invalidFieldName) {
            try HeadSerializer.serialize(RequestHead(method: "GET", target: target, fields: [text: "a"]))
        }
        #expect(throws: HTTPError.invalidMethod) {
            try HeadSerializer.serialize(RequestHead(method: text, target: target))
        }
        #expect(throws: HTTPError.invalidFieldValue) {
            try HeadSerializer.serialize(ResponseHead(status: 200, reason: text))
        }
    }

    @Test(arguments: ["", " ", "a b", "a:", ":"]) func aNameThatIsNoTokenIsRefused(name: String) {
        #expect(throws: HTTPError.invalidFieldName) {
            try HeadSerializer.serialize(ResponseHead(status: 200, fields: [name: "a"]))
        }
    }

    @Test(arguments: [-1, 0, 99, 600, 1000]) func aStatusOutsideTheRangeIsRefused(status: Int) {
        #expect(throws: HTTPError.malformedStatusLine) { try HeadSerializer.serialize(ResponseHead(status: status)) }
    }
}
