import HTTP
import Testing

@Suite struct BodyLengthTests {
    // RFC 9112 §6, RFC 9110 §8.6
    @Test(
        arguments: [
            ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", .contentLengthWithTransferEncoding),
            ("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", .contentLengthWithTransferEncoding),
            ("Content-Length: 5\r\nContent-Length: 5\r\n", .contentLengthRepeated),
            ("Content-Length: 5\r\nContent-Length: 6\r\n", .contentLengthRepeated),
            ("Content-Length: 5, 5\r\n", .contentLengthRepeated),
            ("Content-Length: \r\n", .contentLengthInvalid),
            ("Content-Length: -1\r\n", .contentLengthInvalid),
            ("Content-Length: +1\r\n", .contentLengthInvalid),
            ("Content-Length: 0x10\r\n", .contentLengthInvalid),
            ("Content-Length: 1 2\r\n", .contentLengthInvalid),
            ("Content-Length: 18446744073709551616\r\n", .contentLengthInvalid),
            ("Content-Length: 99999999999999999999999999\r\n", .contentLengthInvalid),
            ("Transfer-Encoding: gzip\r\n", .transferCodingNotImplemented),
            ("Transfer-Encoding: gzip, chunked\r\n", .transferCodingNotImplemented),
            ("Transfer-Encoding: chunked, chunked\r\n", .transferCodingNotImplemented),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", .transferCodingNotImplemented),
            ("Transfer-Encoding: xchunked\r\n", .transferCodingNotImplemented),
            ("Transfer-Encoding: chunked;a=b\r\n", .transferCodingNotImplemented),
            ("Transfer-Encoding:\r\n", .transferCodingNotImplemented),
        ] as [(String, HTTPError)])
    func aMessageWhoseEndIsInDoubtIsRefused(fields: String, rule: HTTPError) {
        #expect(fault("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n") == rule)
        #expect(parseResponse(Array("HTTP/1.1 200 OK\r\n\(fields)\r\n".utf8)) == .failed(rule))
    }

    @Test(
        arguments: [
            ([:], nil), (["Content-Length": "0"], 0), (["content-length": "0042"], 42),
            (["Content-Length": "18446744073709551615"], .max), (["Transfer-Encoding": "Chunked"], nil),
        ] as [(HeaderFields, UInt64?)])
    func aLengthIsADecimalNumber(fields: HeaderFields, length: UInt64?) throws {
        #expect(try fields.contentLength() == length)
    }
}
