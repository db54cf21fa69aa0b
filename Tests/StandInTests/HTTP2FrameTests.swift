import StandIn
import Testing

@Suite struct HTTP2FrameTests {
    // RFC 9113 §4.1
    @Test func aFrameIsItsHeadAndItsPayload() {
        #expect(HTTP2Frame.frame(.data, flags: 1, stream: 0x0102_0304, [9, 8]) == [0, 0, 2, 0, 1, 1, 2, 3, 4, 9, 8])
        #expect(HTTP2Frame.frame(type: 0xEE, [UInt8](repeating: 0, count: 0x1_0203)).prefix(5) == [1, 2, 3, 0xEE, 0])
    }

    @Test func theOrdinaryOnesAreWhatTheRFCSays() {
        #expect(HTTP2Frame.settings([(4, 65_536)]) == [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0])
        #expect(HTTP2Frame.reset(3) == [0, 0, 4, 3, 0, 0, 0, 0, 3, 0, 0, 0, 8])
        #expect(HTTP2Frame.windowUpdate(0, by: 1) == [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    }

    // RFC 7541 §6.2.2, §5.1
    @Test func fieldsAreLiteral() {
        #expect(HTTP2Frame.block([("ab", "c")]) == [0, 2, 97, 98, 1, 99])
        let block = HTTP2Frame.block([("a", String(repeating: "b", count: 1337))])
        #expect(Array(block[3...5]) == [127, 186, 9])
    }
}
