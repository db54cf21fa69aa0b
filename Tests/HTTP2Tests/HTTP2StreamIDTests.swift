import HTTP2
import Testing

@Suite struct HTTP2StreamIDTests {
    @Test func streamsAreInTheOrderTheyWereOpenedIn() {
        let (first, second) = (HTTP2StreamID(rawValue: 1), HTTP2StreamID(rawValue: 3))
        #expect(first < second)
        #expect("\(second)" == "3")
    }
}
