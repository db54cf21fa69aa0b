import Testing

@testable import StandIn

@Suite struct ServerMessageTests {
    @Test func beginHasEightSettingsAndItsTypeFirst() {
        let message = ServerMessage.begin(
            id: "0b6f", expiresAt: 1_795_360_603, SessionParameters(["speech_model": "universal-3-5-pro"]),
            apiVersion: "2025-05-12")
        #expect(
            message.text
                == #"{"type":"Begin","id":"0b6f","expires_at":1795360603,"configuration":{"model":"universal-3-5-pro","#
                + #""mode":"balanced","api_version":"2025-05-12","speaker_labels":false,"redact_pii":false,"#
                + #""filter_profanity":false,"domain":null,"voice_focus":null}}"#)
    }

    @Test func aPartialHasItsTypeLast() {
        #expect(
            ServerMessage.turn(turn(isEnd: false)).text
                == #"{"turn_order":3,"turn_is_formatted":true,"end_of_turn":false,"transcript":"Bell tide","#
                + #""end_of_turn_confidence":0,"words":["#
                + #"{"start":0,"end":428,"text":"Bell","confidence":0.921402,"word_is_final":false},"#
                + #"{"start":442,"end":799,"text":"tide","confidence":0.99711,"word_is_final":false}],"#
                + #""utterance":"","type":"Turn"}"#)
    }

    @Test func aFinalEndsWithAFullStopAndRepeatsItselfAsUtterance() {
        let json = ServerMessage.turn(turn(isEnd: true)).json
        #expect(json["transcript"] == "Bell tide.")
        #expect(json["utterance"] == "Bell tide.")
        #expect(json["end_of_turn_confidence"] == 1)
        #expect(json["words"]?.items?.last?["word_is_final"] == true)
    }

    @Test func redactionTakesThePlaceOfEveryWord() {
        var turn = turn(isEnd: true)
        turn.redaction = "####"
        let json = ServerMessage.turn(turn).json
        #expect(json["transcript"] == "#### ####")
        #expect(json["words"]?.items?.first?["text"] == "####")
    }

    @Test func speakerAndLanguageAreTheirOwnMembers() {
        var turn = turn(isEnd: true)
        turn.speaker = "A"
        turn.languageCode = "en"
        let json = ServerMessage.turn(turn).json
        #expect(json["speaker_label"] == "A")
        #expect(json["language_code"] == "en")
        #expect(json["words"]?.items?.first?["speaker"] == "A")
        turn.isEnd = false
        #expect(ServerMessage.turn(turn).json["language_code"] == nil)
    }

    @Test(arguments: [
        (
            ServerMessage.speechStarted(timestamp: 0, confidence: 0.9593),
            #"{"type":"SpeechStarted","timestamp":0,"confidence":0.9593}"#
        ),
        (.silence(start: 4000, end: 5000), #"{"type":"Silence","start_ms":4000,"end_ms":5000}"#),
        (
            .heartbeat(audio: .milliseconds(9888), session: .milliseconds(9888), maxProbability: 1),
            #"{"type":"Heartbeat","total_audio_received_ms":9888,"total_duration_ms":9888,"#
                + #""realtime_factor":1.0,"max_speech_probability":1.0}"#
        ),
        (.warning(code: 3001, "careful"), #"{"type":"Warning","warning_code":3001,"warning":"careful"}"#),
        (
            .error(.sessionExpired),
            #"{"type":"Error","error_code":3008,"error":"Session Expired: Maximum session duration exceeded"}"#
        ),
        (
            .termination(audioSeconds: 69, sessionSeconds: 73),
            #"{"type":"Termination","audio_duration_seconds":69,"session_duration_seconds":73}"#
        ),
    ])
    func theOthersAreAsTheProviderWritesThem(_ message: ServerMessage, _ text: String) {
        #expect(message.text == text)
    }

    private func turn(isEnd: Bool) -> ServerMessage.Turn {
        ServerMessage.Turn(
            order: 3, isFormatted: true, isEnd: isEnd,
            words: [
                .init(start: 0, end: 428, text: "bell", confidence: 0.921402),
                .init(start: 442, end: 799, text: "tide", confidence: 0.99711),
            ], redaction: nil, languageCode: nil, speaker: nil)
    }
}
