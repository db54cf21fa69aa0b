import HTTP
import StandIn
import Testing

@testable import HTTP2

@Suite struct HTTP2SettingsTests {
    /// RFC 9113 §6.5.2 counts 32 bytes for each field beyond its text: who keeps to what is advertised is never refused less.
    @Test func theAdvertisedListIsNoSmallerThanTheLimit() {
        let settings = HTTP2Settings(head: HTTPLimits(maxHeadBytes: 1000, maxFields: 10))
        #expect(settings.maxHeaderListSize == 1320)
        #expect(HTTP2Settings(head: HTTPLimits(maxHeadBytes: .max, maxFields: .max)).maxHeaderListSize > 0)
    }

    @Test func whatIsSetIsWhatIsSaid() {
        let pair = Pair(
            HTTP2Settings(
                maxConcurrentStreams: 7, streamWindowBytes: 1 << 17, connectionWindowBytes: 1 << 21,
                head: HTTPLimits(maxHeadBytes: 1000, maxFields: 10)))
        pair.carryToClient()
        let frames = pair.sentFrames
        #expect(frames.map(\.type) == [4, 8])
        #expect(
            frames[0].payload == [
                0, 3, 0, 0, 0, 7, 0, 4, 0, 2, 0, 0, 0, 6, 0, 0, 5, 40, 0, 8, 0, 0, 0, 1, 0, 9, 0, 0, 0, 1,
            ])
        // From the 65,535 bytes every connection begins with.
        #expect(frames[1].payload == [0, 0x1F, 0, 1])
    }
}
