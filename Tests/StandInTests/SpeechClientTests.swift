import HTTP
import StandIn
import Testing
import WebSocket

@Suite struct SpeechClientTests {
    @Test func theSameSpeechGivesTheSameTranscriptInAnyChunks() throws {
        let bed = try TestBed(isSecure: true)
        var outcomes: [SpeechClient.Outcome] = []
        for length in [50, 70, 1000] {
            var speech = SpeechClient()
            speech.isPaced = false
            speech.chunkLength = length
            outcomes.append(speech.stream(over: bed.client("sample_rate=16000")))
        }
        for outcome in outcomes {
            #expect(outcome.isOpen && outcome.begin != nil && outcome.error == nil)
            #expect(outcome.termination?["audio_duration_seconds"] == 11)
            #expect(outcome.close == ClosePayload(code: .normal, reason: "Session Ended"))
            #expect(outcome.end == "closed" && outcome.partialCount > 10)
            #expect(outcome.transcripts.count >= 3 && outcome.finals == outcomes[0].finals)
        }
    }

    @Test func pacedSpeechTakesItsTime() throws {
        let bed = try TestBed()
        let speech = SpeechClient(Sound.sentence(words: 1, pause: 0))
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = speech.stream(over: bed.client())
        #expect(clock.now - start >= .milliseconds(300))
        #expect(outcome.finals.count == 1)
    }

    @Test func aRefusalIsAnOutcome() throws {
        let bed = try TestBed()
        let refused = SpeechClient().stream(over: bed.client("standin_fault=http:503"))
        #expect(refused.refusal?.status == 503 && !refused.isOpen)
        let failed = SpeechClient().stream(over: bed.client(fields: [:]))
        #expect(failed.error?["error_code"] == 1008 && failed.close?.code == .policyViolation)
    }
}
