import StandIn
import Testing

@Suite struct SessionParametersTests {
    @Test func whatIsNotGivenHasTheProvidersDefaults() {
        let parameters = SessionParameters()
        #expect(parameters.encoding == .pcmS16LE)
        #expect(parameters.sampleRate == 16_000)
        #expect(parameters.mode == "balanced")
        #expect(parameters.isUniversal3)
        #expect(parameters.vadThreshold == 0.2)
        #expect(parameters.includesPartials)
        #expect(parameters.inactivityTimeout == nil)
    }

    @Test(
        arguments: [
            ([:], 128, 1280),
            (["mode": "min_latency"], 128, 640),
            (["mode": "max_accuracy"], 512, 2560),
            (["speech_model": "universal-streaming-english", "mode": "min_latency"], 400, 1280),
            (["min_turn_silence": 1, "max_turn_silence": 300], 50, 300),
            (["min_turn_silence": 20_000], 10_000, 1280),
            (["min_end_of_turn_silence_when_confident": 700], 700, 1280),
        ] as [([String: JSONValue], Int, Int)])
    func silencesFollowTheModeUnlessGiven(_ values: [String: JSONValue], _ min: Int, _ max: Int) {
        let parameters = SessionParameters(values)
        #expect(parameters.minTurnSilence == min)
        #expect(parameters.maxTurnSilence == max)
    }

    @Test(arguments: [
        ("universal-3-6-pro", true), ("u3-rt-pro", true), ("universal-streaming-multilingual", false),
        ("whisper-rt", false),
    ])
    func theOlderFamilyHasNoMode(_ model: String, _ isUniversal3: Bool) {
        let parameters = SessionParameters(["speech_model": .string(model)])
        #expect(parameters.isUniversal3 == isUniversal3)
        #expect((parameters.mode != nil) == isUniversal3)
    }

    @Test func redactionKeepsPartialsBack() {
        #expect(!SessionParameters(["redact_pii": true]).includesPartials)
        #expect(!SessionParameters(["include_partial_turns": false]).includesPartials)
    }

    @Test func anUpdateChangesOnlyWhatItNames() {
        var parameters = SessionParameters(["mode": "min_latency", "vad_threshold": 0.7])
        parameters.update(["vad_threshold": 1])
        #expect(parameters.vadThreshold == 1)
        #expect(parameters.mode == "min_latency")
    }
}
