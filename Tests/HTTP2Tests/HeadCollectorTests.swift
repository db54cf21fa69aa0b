import HTTP
import Testing

@testable import HTTP2

@Suite struct HeadCollectorTests {
    private let request = [(":method", "GET"), (":scheme", "https"), (":path", "/v3/ws?a=b"), (":authority", "a:8443")]

    @Test func fieldsBecomeAHead() throws {
        var collector = HeadCollector(limits: HTTPLimits())
        for (name, value) in request + [("x-a", "1"), ("x-a", "2")] { #expect(add(name, value, to: &collector)) }
        let head = try collector.head()
        #expect(head.method == "GET")
        #expect(head.target.text == "/v3/ws?a=b")
        #expect(head.fields == ["Host": "a:8443", "x-a": "1", "x-a": "2"])
    }

    @Test func bytesThatAreNoTextComeThroughAsTheyAre() throws {
        var collector = HeadCollector(limits: HTTPLimits())
        for (name, value) in request { add(name, value, to: &collector) }
        _ = Array("x".utf8).withUnsafeBufferPointer { name in
            [0x80, 0xFF].withUnsafeBufferPointer { collector.add(name, $0) }
        }
        #expect(try collector.head().fields.first("x")?.latin1Bytes == [0x80, 0xFF])
    }

    /// A field counts as HTTP/1.1 writes it: `name: value` and a line end.
    @Test func aHeadIsAsLargeAsOverHTTP11() throws {
        let size = request.reduce(0) { $0 + $1.0.utf8.count + $1.1.utf8.count + 4 }
        for (limit, error) in [(size, nil), (size - 1, .headTooLarge)] as [(Int, HTTPError?)] {
            var collector = HeadCollector(limits: HTTPLimits(maxHeadBytes: limit))
            for (name, value) in request { add(name, value, to: &collector) }
            #expect(collector.error == error)
        }
    }

    @Test(
        arguments: [
            (HTTPLimits(maxStartLineBytes: 18), .startLineTooLong),
            (HTTPLimits(maxFieldLineBytes: 19), .fieldLineTooLong),
            (HTTPLimits(maxHeadBytes: 40), .headTooLarge), (HTTPLimits(maxFields: 2), .tooManyFields),
        ] as [(HTTPLimits, HTTPError)])
    func theFirstLimitThatBreaksIsTold(limits: HTTPLimits, error: HTTPError) {
        var collector = HeadCollector(limits: limits)
        for (name, value) in request + [("a", ""), ("b", ""), ("c", "")] { add(name, value, to: &collector) }
        #expect(collector.error == error)
        #expect(throws: error) { try collector.head() }
        #expect(!add("d", "", to: &collector))
    }

    @discardableResult
    private func add(_ name: String, _ value: String, to collector: inout HeadCollector) -> Bool {
        Array(name.utf8).withUnsafeBufferPointer { name in
            Array(value.utf8).withUnsafeBufferPointer { collector.add(name, $0) }
        }
    }
}
