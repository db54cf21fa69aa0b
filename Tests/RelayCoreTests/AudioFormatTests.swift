import RelayCore
import Testing

@Suite struct AudioFormatTests {
    /// The provider's contract, sections 5.1 and 6.
    @Test(
        arguments: [
            (nil, nil, 32_000), (nil, "16000", 32_000), ("pcm_s16le", nil, 32_000), ("pcm_s16le", "8000", 16_000),
            ("pcm_s16le", "48000", 96_000), ("pcm_s16le", "96000", 192_000), ("pcm_mulaw", nil, 16_000),
            ("pcm_mulaw", "8000", 8_000), ("opus", nil, nil), ("ogg_opus", "16000", nil), ("aac", "48000", nil),
        ] as [(String?, String?, UInt64?)])
    func aFixedRateIsKnownFromTheQuery(encoding: String?, rate: String?, bytesPerSecond: UInt64?) {
        let format = AudioFormat(encodings: [encoding].compactMap(\.self), sampleRates: [rate].compactMap(\.self))
        #expect(format.bytesPerSecond == bytesPerSecond)
    }

    @Test(arguments: ["flac", "", "PCM_S16LE", "pcm_s16le ", "pcm_s24le"])
    func anEncodingThatTheProviderDoesNotKnowHasNoFixedRate(encoding: String) {
        #expect(AudioFormat(encodings: [encoding]).bytesPerSecond == nil)
    }

    @Test(arguments: ["7999", "96001", "0", "-16000", "16e3", "16000.0", "", "18446744073709551616"])
    func aRateThatTheProviderDoesNotTakeIsNone(rate: String) {
        #expect(AudioFormat(sampleRates: [rate]).bytesPerSecond == nil)
    }

    @Test func whatIsSaidTwiceIsNotBelieved() {
        #expect(AudioFormat(encodings: ["pcm_s16le", "pcm_mulaw"]).bytesPerSecond == nil)
        #expect(AudioFormat(encodings: ["pcm_s16le"], sampleRates: ["96000", "8000"]).bytesPerSecond == nil)
    }

    @Test func whatPolicyForcesReplacesWhatTheClientSaid() {
        var format = AudioFormat(encodings: ["opus"], sampleRates: ["8000"])
        format.encoding = AudioFormat.Encoding("pcm_mulaw")
        #expect(format.bytesPerSecond == 8_000)
        format.sampleRate = 16_000
        #expect(format.bytesPerSecond == 16_000)
    }
}
