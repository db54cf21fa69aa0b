import JSON
import Telemetry
import Testing

@Suite struct SpanTextTests {
    private static func span(_ name: Span.Name, parent: [UInt8]? = nil, hasFailed: Bool = false) -> Span {
        Span(
            name, trace: Array(0..<16), id: Array(0xF0...0xF7), parent: parent,
            from: 1_700_000_000_000_000_000, to: 1_700_000_001_500_000_000, hasFailed: hasFailed,
            [.zone("eu"), nil, .framesUp(7)])
    }

    @Test func spansAreWrittenAsCollectorsReadThem() {
        let json = String(
            decoding: SpanText.json(
                of: [Self.span(.dial, parent: [1, 2, 3, 4, 5, 6, 7, 8], hasFailed: true)], site: "s\"1", version: "9"),
            as: UTF8.self)
        #expect(
            json == """
                {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"tidegate"}},\
                {"key":"service.version","value":{"stringValue":"9"}},{"key":"tidegate.site","value":{"stringValue":"s\\"1"}}]},\
                "scopeSpans":[{"scope":{"name":"tidegate","version":"9"},"spans":[{"traceId":"000102030405060708090a0b0c0d0e0f",\
                "spanId":"f0f1f2f3f4f5f6f7","parentSpanId":"0102030405060708","name":"dial","kind":3,\
                "startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000001500000000",\
                "attributes":[{"key":"tidegate.zone","value":{"stringValue":"eu"}},\
                {"key":"tidegate.frames_up","value":{"intValue":"7"}}],"status":{"code":2}}]}]}]}
                """)
    }

    @Test func whatIsNotThereIsLeftOut() {
        let json = String(
            decoding: SpanText.json(of: [Self.span(.session), Self.span(.relay)], site: "s", version: "9"),
            as: UTF8.self)
        #expect(!json.contains("parentSpanId"))
        #expect(json.contains(#""status":{}"#))
        #expect(json.contains(#""name":"session","kind":2"#) && json.contains(#""name":"relay","kind":1"#))
    }
}
