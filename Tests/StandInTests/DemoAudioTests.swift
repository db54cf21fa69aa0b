import Testing

@testable import StandIn

@Suite struct DemoAudioTests {
    @Test func itIsTenSecondsOfSpeechAsTheProviderTakesIt() {
        let seconds = Double(DemoAudio.pcmBytes.count) / Double(2 * DemoAudio.sampleRate)
        #expect((8.0...12.0).contains(seconds))
        #expect(DemoAudio.wavBytes.count <= 400_000)
        #expect(DemoAudio.wavBytes.starts(with: "RIFF".utf8))
    }

    @Test func theDataChunkIsFoundBehindOthers() {
        let head = Array("RIFF\0\0\0\0WAVE".utf8)
        let odd: [UInt8] = Array("LIST".utf8) + [3, 0, 0, 0, 9, 9, 9, 0]
        let data: [UInt8] = Array("data".utf8) + [2, 0, 0, 0, 5, 6, 7]
        #expect(DemoAudio.dataChunk(of: head + odd + data).map { Array($0) } == [5, 6])
        #expect(DemoAudio.dataChunk(of: head + odd) == nil)
        #expect(DemoAudio.dataChunk(of: [1, 2, 3]) == nil)
    }
}
