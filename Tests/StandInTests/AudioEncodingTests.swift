import StandIn
import Testing

@Suite struct AudioEncodingTests {
    @Test(
        arguments: [
            ("pcm_s16le", 2), ("pcm_mulaw", 1), ("opus", nil), ("ogg_opus", nil), ("aac", nil),
        ] as [(String, Int?)])
    func encodingsHaveTheProvidersNamesAndTheirSampleSizes(_ name: String, _ bytes: Int?) throws {
        #expect(try #require(AudioEncoding(rawValue: name)).bytesPerSample == bytes)
    }
}
