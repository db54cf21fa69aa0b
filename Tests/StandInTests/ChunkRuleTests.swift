import StandIn
import Testing

@Suite struct ChunkRuleTests {
    @Test func messagesOf20MillisecondsBreakTheRuleWithThe49th() {
        var rule = ChunkRule(encoding: .pcmS16LE, sampleRate: 16_000)
        for _ in 1...48 { #expect(rule.check(chunk(milliseconds: 20)) == nil) }
        #expect(rule.check(chunk(milliseconds: 20)) == .inputDuration(20))
    }

    @Test(arguments: [(1000, false), (1001, true), (1200, true), (50, false)])
    func aLongMessageBreaksItAtOnce(_ milliseconds: Int, _ isFault: Bool) {
        var rule = ChunkRule(encoding: .pcmS16LE, sampleRate: 16_000)
        #expect((rule.check(chunk(milliseconds: milliseconds)) != nil) == isFault)
    }

    @Test func shortMessagesNowAndThenAreTolerated() {
        var rule = ChunkRule(encoding: .pcmS16LE, sampleRate: 16_000)
        for _ in 1...200 {
            #expect(rule.check(chunk(milliseconds: 20)) == nil)
            #expect(rule.check(chunk(milliseconds: 50)) == nil)
        }
    }

    @Test func itSaysWhatItSawInTheProvidersWords() {
        #expect(
            ProviderError.inputDuration(20).text
                == "Input Duration Error: Input Duration Violation: 20.0 ms. Expected between 50 and 1000 ms")
    }

    @Test func compressedMessagesHaveNoKnownLength() {
        var rule = ChunkRule(encoding: .opus, sampleRate: 16_000)
        for _ in 1...200 { #expect(rule.check([0xF8]) == nil) }
    }

    private func chunk(milliseconds: Int) -> [UInt8] { [UInt8](repeating: 0, count: 32 * milliseconds) }
}
