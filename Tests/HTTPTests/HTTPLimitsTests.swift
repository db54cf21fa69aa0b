import HTTP
import Testing

@Suite struct HTTPLimitsTests {
    @Test func aLineMayFillTheWholeHeadUnlessALimitSaysOtherwise() {
        let limits = HTTPLimits(maxHeadBytes: 500)
        #expect(limits == HTTPLimits(maxHeadBytes: 500, maxStartLineBytes: 500, maxFieldLineBytes: 500, maxFields: 100))
    }

    @Test func aStartLineOfExactlyTheLimitPassesAndOneByteMoreDoesNot() {
        let head = "GET /path HTTP/1.1\r\nHost: a\r\n\r\n"
        let lineBytes = "GET /path HTTP/1.1\r\n".utf8.count
        #expect(fault(head, limits: HTTPLimits(maxStartLineBytes: lineBytes)) == nil)
        #expect(fault(head, limits: HTTPLimits(maxStartLineBytes: lineBytes - 1)) == .startLineTooLong)
    }

    @Test func aFieldLineOfExactlyTheLimitPassesAndOneByteMoreDoesNot() {
        let head = "GET / HTTP/1.1\r\nHost: abc\r\n\r\n"
        let lineBytes = "Host: abc\r\n".utf8.count
        #expect(fault(head, limits: HTTPLimits(maxFieldLineBytes: lineBytes)) == nil)
        #expect(fault(head, limits: HTTPLimits(maxFieldLineBytes: lineBytes - 1)) == .fieldLineTooLong)
    }

    @Test func aHeadOfExactlyTheLimitPassesAndOneByteMoreDoesNot() {
        let head = "GET / HTTP/1.1\r\nHost: abc\r\nX: y\r\n\r\n"
        #expect(fault(head, limits: HTTPLimits(maxHeadBytes: head.utf8.count)) == nil)
        #expect(fault(head, limits: HTTPLimits(maxHeadBytes: head.utf8.count - 1)) == .headTooLarge)
    }

    @Test func aStartLineLongerThanTheHeadMayBeIsToldAsTooLong() {
        #expect(fault("GET /1234567890 HTTP/1.1\r\n", limits: HTTPLimits(maxHeadBytes: 10)) == .startLineTooLong)
    }

    @Test func asManyFieldsAsTheLimitPassAndOneMoreDoesNot() {
        let fields = String(repeating: "X: y\r\n", count: 99)
        #expect(fault("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n") == nil)
        #expect(fault("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\(fields)\r\n") == .tooManyFields)
    }

    @Test func aRequestLineOf32kBPassesWhenConfigured() throws {
        let query = String(repeating: "k", count: 32_000)
        let request = "GET /v3/ws?\(query) HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(parseRequest(request, limits: HTTPLimits(maxHeadBytes: 64 * 1024)).head?.target.query == query)
        #expect(fault(request) == .startLineTooLong)
    }

    @Test func anEndlessLineIsRefusedBeforeItEnds() {
        #expect(fault(String(repeating: "A", count: 16 * 1024)) == nil)
        #expect(fault(String(repeating: "A", count: 16 * 1024 + 1)) == .startLineTooLong)
    }
}
