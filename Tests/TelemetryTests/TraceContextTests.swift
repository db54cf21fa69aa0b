import Telemetry
import Testing

@Suite struct TraceContextTests {
    private static let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func theExampleOfTheRecommendationIsRead() throws {
        let context = try #require(TraceContext(traceparent: [Self.good]))
        #expect(context.trace.first == 0x4B && context.trace.last == 0x36 && context.trace.count == 16)
        #expect(context.parent == [0x00, 0xF0, 0x67, 0xAA, 0x0B, 0xA9, 0x02, 0xB7])
        #expect(context.isSampled)
        #expect(TraceContext(traceparent: [Self.good.dropLast(2) + "00"])?.isSampled == false)
        #expect(TraceContext(traceparent: [Self.good.dropLast(2) + "fe"])?.isSampled == false)
    }

    @Test(arguments: [
        "", "00", "not a traceparent", good + "-", good + "0", String(good.dropLast()), good.uppercased(),
        "ff" + good.dropFirst(2), "0" + good, " " + good,
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0ü",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
    ])
    func whatIsNoProperParentIsNone(text: String) {
        #expect(TraceContext(traceparent: [text]) == nil)
    }

    @Test func aLaterVersionMayHoldMore() {
        let later = "01" + Self.good.dropFirst(2)
        #expect(TraceContext(traceparent: [later]) != nil)
        #expect(TraceContext(traceparent: [later + "-what-comes"]) != nil)
    }

    @Test func ofTwoParentsNoneIsBelieved() {
        #expect(TraceContext(traceparent: [Self.good, Self.good]) == nil)
        #expect(TraceContext(traceparent: []) == nil)
    }

    @Test func aSpanIsNamedAsItWouldBeRead() throws {
        let context = try #require(TraceContext(traceparent: [Self.good]))
        #expect(TraceContext.traceparent(trace: context.trace, span: context.parent) == Self.good)
    }
}
