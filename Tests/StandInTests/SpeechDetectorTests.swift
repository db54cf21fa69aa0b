import RelayTestKit
import StandIn
import Testing

@Suite struct SpeechDetectorTests {
    @Test func aTurnEndsWithTheSilenceAfterIt() {
        var detector = Self.detector()
        let turns = finals(detector.receive(Sound.sentence(words: 4, pause: 1300)))
        #expect(turns.count == 1)
        #expect(turns[0].map(\.start) == [0, 300, 600, 900])
        #expect(turns[0].map(\.end) == [200, 500, 800, 1100])
    }

    @Test func withoutSilenceATurnStaysOpenUntilItIsFlushed() {
        var detector = Self.detector()
        #expect(finals(detector.receive(Sound.sentence(words: 2, pause: 0))).isEmpty)
        #expect(finals(detector.flush()).map(\.count) == [2])
        #expect(detector.flush().isEmpty)
    }

    @Test func enoughSpeechMakesTheShorterSilenceSuffice() {
        var short = Self.detector()
        #expect(finals(short.receive(Sound.sentence(words: 4, pause: 600))).isEmpty)
        var long = Self.detector()
        #expect(finals(long.receive(Sound.sentence(words: 6, pause: 600))).count == 1)
    }

    @Test func longSpeechIsCutIntoWords() {
        var detector = Self.detector()
        _ = detector.receive(Sound.speech(milliseconds: 1500))
        #expect(finals(detector.flush()).map { $0.map(\.end) } == [[600, 1200, 1500]])
    }

    @Test func eachWordIsHeardAsSoonAsItIsOver() {
        var detector = Self.detector()
        let events = detector.receive(Sound.sentence(words: 3, pause: 1300))
        #expect(events.compactMap(heardCount) == [1, 2, 3])
    }

    @Test func silenceIsToldOnceASecond() {
        var detector = Self.detector()
        #expect(
            detector.receive(Sound.silence(milliseconds: 2500)) == [
                .silence(start: 0, end: 1000), .silence(start: 1000, end: 2000),
            ])
    }

    @Test func theSameAudioGivesTheSameEventsInAnyCut() {
        let audio = Sound.sentence(words: 5, pause: 1300) + Sound.sentence(words: 3, pause: 0, pitch: 60) + [1]
        var whole = Self.detector()
        let expected = whole.receive(audio) + whole.flush()
        #expect(finals(expected).count == 2)
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for longest in [1, 3, 319, 1600, 5000] {
            var detector = Self.detector()
            var events = audio.split(longest: longest, using: &random).flatMap { detector.receive($0) }
            events += detector.flush()
            #expect(events == expected, "pieces up to \(longest), seed \(seed)")
        }
    }

    @Test(arguments: ["lost", "doubled", "swapped", "changed"])
    func damagedAudioShowsInTheTranscript(_ damage: String) {
        let chunks = stride(from: 0, to: DemoAudio.pcmBytes.count, by: 1600).map {
            Array(DemoAudio.pcmBytes[$0..<min($0 + 1600, DemoAudio.pcmBytes.count)])
        }
        var damaged = chunks
        switch damage {
        case "lost": damaged.remove(at: 60)
        case "doubled": damaged.insert(chunks[60], at: 60)
        case "swapped": damaged.swapAt(60, 61)
        default: damaged[60][7] ^= 1
        }
        #expect(Self.transcripts(damaged) != Self.transcripts(chunks))
    }

    @Test func theDemonstrationRecordingHasOneTurnASentence() {
        let turns = Self.turns([DemoAudio.pcmBytes])
        #expect(turns.count >= 3)
        #expect(turns.allSatisfy { $0.count > 2 })
    }

    @Test func mulawIsHeardAsWell() {
        var detector = SpeechDetector(
            encoding: .pcmMulaw, sampleRate: 8000, minTurnSilence: 400, maxTurnSilence: 1280, threshold: 0.2)
        let speech = [UInt8](repeating: 0x90, count: 8 * 300)
        let silence = [UInt8](repeating: 0xFF, count: 8 * 1300)
        #expect(finals(detector.receive(speech + silence)).map { $0.map(\.end) } == [[300]])
    }

    @Test func compressedAudioIsOneTurnThatHoldsItsDigest() {
        func word(_ audio: [[UInt8]]) -> [SpeechDetector.Event] {
            var detector = SpeechDetector(
                encoding: .opus, sampleRate: 16_000, minTurnSilence: 400, maxTurnSilence: 1280, threshold: 0.2)
            for message in audio { #expect(detector.receive(message).isEmpty) }
            return detector.flush()
        }
        #expect(word([[1, 2], [3]]) == word([[1], [2, 3]]))
        #expect(word([[1, 2, 3]]) != word([[1, 3, 2]]))
        #expect(word([]).isEmpty)
    }

    @Test func aHigherThresholdHearsLess() {
        var detector = Self.detector(threshold: 1)
        _ = detector.receive(Sound.speech(milliseconds: 500))
        #expect(detector.flush().isEmpty)
        #expect(detector.maxProbability == 1)
    }

    private static func detector(threshold: Double = 0.2) -> SpeechDetector {
        SpeechDetector(
            encoding: .pcmS16LE, sampleRate: 16_000, minTurnSilence: 500, maxTurnSilence: 1280, threshold: threshold)
    }

    private static func turns(_ chunks: [[UInt8]]) -> [[SpeechDetector.Word]] {
        var detector = detector()
        return finals(chunks.flatMap { detector.receive($0) } + detector.flush())
    }

    private static func transcripts(_ chunks: [[UInt8]]) -> [[String]] { turns(chunks).map { $0.map(\.text) } }
}

private func finals(_ events: [SpeechDetector.Event]) -> [[SpeechDetector.Word]] {
    events.compactMap { event in
        guard case .ended(let words) = event else { return nil }
        return words
    }
}

private func heardCount(_ event: SpeechDetector.Event) -> Int? {
    guard case .heard(let words) = event else { return nil }
    return words.count
}
