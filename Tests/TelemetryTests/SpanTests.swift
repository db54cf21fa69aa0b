import Telemetry
import Testing

@Suite struct SpanTests {
    @Test func noSpanEndsBeforeItBegins() {
        let span = Span(.relay, trace: [1], id: [2], parent: nil, from: 10, to: 5, [])
        #expect(span.start == 10 && span.end == 10)
    }
}
