import CNGHTTP2
import HTTP
import Testing

@testable import HTTP2

@Suite struct ResponseFieldsTests {
    @Test func namesAreSmallAndTheStatusIsFirst() {
        #expect(
            fields(ResponseHead(status: 404, fields: ["Content-Type": "a/b", "X-\u{e4}": "\u{e4}"])) == [
                ":status: 404", "content-type: a/b", "x-\u{e4}: \u{e4}",
            ])
    }

    // RFC 9113 §8.2.2
    @Test func fieldsOfConnectionsAreLeftOut() {
        let head = ResponseHead(
            status: 426,
            fields: [
                "Connection": "Upgrade, close", "Upgrade": "websocket", "Keep-Alive": "1", "Proxy-Connection": "x",
                "Transfer-Encoding": "chunked", "Sec-WebSocket-Version": "13",
            ])
        #expect(fields(head) == [":status: 426", "sec-websocket-version: 13"])
    }

    private func fields(_ head: ResponseHead) -> [String] {
        var fields = ResponseFields(head)
        return fields.withFields { fields in
            fields.map { field in
                let name = String(decoding: UnsafeBufferPointer(start: field.name, count: field.namelen), as: UTF8.self)
                let value = String(latin1: UnsafeBufferPointer(start: field.value, count: field.valuelen))
                return "\(name): \(value)"
            }
        }
    }
}
