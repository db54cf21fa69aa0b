import HTTP
import Testing

@Suite struct ResponseHeadTests {
    // RFC 9112 §4
    @Test(arguments: [
        ("HTTP/1.1 200 OK", 200, "OK"), ("HTTP/1.1 200 ", 200, ""), ("HTTP/1.1 599 Very  odd", 599, "Very  odd"),
        ("HTTP/1.1 100 Continue", 100, "Continue"), ("HTTP/1.1 200 \u{F6}", 200, "\u{C3}\u{B6}"),
    ])
    func aStatusLineIsRead(line: String, status: Int, reason: String) {
        let head = parseResponse(Array("\(line)\r\n\r\n".utf8)).head
        #expect(head == ResponseHead(status: status, reason: reason))
    }

    @Test(
        arguments: [
            ("HTTP/1.1 200", .malformedStatusLine),
            ("HTTP/1.1  200 OK", .malformedStatusLine),
            ("HTTP/1.1 20 OK", .malformedStatusLine),
            ("HTTP/1.1 2000 OK", .malformedStatusLine),
            ("HTTP/1.1 +20 OK", .malformedStatusLine),
            ("HTTP/1.1 099 OK", .malformedStatusLine),
            ("HTTP/1.1 600 OK", .malformedStatusLine),
            ("HTTP/1.1 200 O\u{1}K", .malformedStatusLine),
            ("ICY 200 OK", .malformedStatusLine),
            ("", .malformedStatusLine),
            ("HTTP/1.0 101 OK", .minorVersionNotSupported),
            ("HTTP/2.0 101 OK", .majorVersionNotSupported),
        ] as [(String, HTTPError)])
    func aStatusLineThatBreaksARuleIsRefused(line: String, rule: HTTPError) {
        #expect(parseResponse(Array("\(line)\r\n\r\n".utf8)) == .failed(rule))
    }

    @Test func aResponseNeedsNoHost() {
        #expect(parseResponse(Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)).head == ResponseHead(status: 204))
    }

    @Test func everySplitInTwoGivesTheSameResult() {
        let bytes = Array("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\u{1}".utf8)
        for cut in 0...bytes.count {
            #expect(parseResponse(bytes, cuts: [cut]) == parseResponse(bytes), "cut at \(cut)")
        }
    }

    @Test func aStatusBringsItsRegisteredReason() {
        #expect(ResponseHead(status: 426).reason == "Upgrade Required")
        #expect(ResponseHead(status: 299).reason == "")
        #expect(ResponseHead(status: 426, reason: "No").reason == "No")
    }
}
