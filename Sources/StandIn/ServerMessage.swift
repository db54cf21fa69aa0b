import Timing

/// The provider's messages (provider contract §8): what they hold, and their members' order.
package enum ServerMessage: Equatable, Sendable {
    /// `expiresAt` is in Unix seconds.
    case begin(id: String, expiresAt: Int64, SessionParameters, apiVersion: String)
    /// `timestamp` is in milliseconds of session audio.
    case speechStarted(timestamp: Int, confidence: Double)
    case turn(Turn)
    case speakerRevision([Turn])
    case silence(start: Int, end: Int)
    case heartbeat(audio: Duration, session: Duration, maxProbability: Double)
    case warning(code: Int, String)
    case error(ProviderError)
    case termination(audioSeconds: Int, sessionSeconds: Int)

    /// A partial or final turn.
    package struct Turn: Equatable, Sendable {
        /// 0 for the first turn of the session.
        package var order: Int
        /// Whether the text has capitals and full stops.
        package var isFormatted: Bool
        /// Whether this is the final of its turn.
        package var isEnd: Bool
        /// All words of the turn so far.
        package var words: [SpeechDetector.Word]
        /// What takes the place of every word when personal data is redacted.
        package var redaction: String?
        /// Given with finals when language detection is on.
        package var languageCode: String?
        /// Given when speakers are told apart.
        package var speaker: String?
    }

    /// The message as the provider writes it.
    package var json: JSONValue {
        switch self {
        case .begin(let id, let expiresAt, let parameters, let apiVersion):
            [
                "type": "Begin", "id": .string(id), "expires_at": JSONValue(expiresAt),
                "configuration": Self.configuration(parameters, apiVersion),
            ]
        case .speechStarted(let timestamp, let confidence):
            ["type": "SpeechStarted", "timestamp": JSONValue(timestamp), "confidence": .number(confidence)]
        case .turn(let turn):
            turn.json
        case .speakerRevision(let turns):
            ["type": "SpeakerRevision", "revisions": .array(turns.map(\.revision))]
        case .silence(let start, let end):
            ["type": "Silence", "start_ms": JSONValue(start), "end_ms": JSONValue(end)]
        case .heartbeat(let audio, let session, let probability):
            [
                "type": "Heartbeat", "total_audio_received_ms": JSONValue(audio.wholeMilliseconds),
                "total_duration_ms": JSONValue(session.wholeMilliseconds),
                "realtime_factor": .number(session > .zero ? audio / session : 0),
                "max_speech_probability": .number(probability),
            ]
        case .warning(let code, let text):
            ["type": "Warning", "warning_code": JSONValue(code), "warning": .string(text)]
        case .error(let error):
            ["type": "Error", "error_code": JSONValue(error.code), "error": .string(error.text)]
        case .termination(let audioSeconds, let sessionSeconds):
            [
                "type": "Termination", "audio_duration_seconds": JSONValue(audioSeconds),
                "session_duration_seconds": JSONValue(sessionSeconds),
            ]
        }
    }

    /// The message as JSON text.
    package var text: String { json.text }

    /// Provider contract §8.1: these eight members and no others.
    private static func configuration(_ parameters: SessionParameters, _ apiVersion: String) -> JSONValue {
        [
            "model": .string(parameters.model), "mode": JSONValue(parameters.mode), "api_version": .string(apiVersion),
            "speaker_labels": .bool(parameters.flag("speaker_labels")),
            "redact_pii": .bool(parameters.flag("redact_pii")),
            "filter_profanity": .bool(parameters.flag("filter_profanity")),
            "domain": JSONValue(parameters.text("domain")), "voice_focus": JSONValue(parameters.text("voice_focus")),
        ]
    }
}

extension ServerMessage.Turn {
    /// What was said: capital and full stop when formatted, the digest of the audio either way.
    package var transcript: String { spokenTexts.joined(separator: " ") }

    /// Provider contract §8.3: `type` stands last.
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("turn_order", JSONValue(order)), .init("turn_is_formatted", .bool(isFormatted)),
            .init("end_of_turn", .bool(isEnd)), .init("transcript", .string(transcript)),
            .init("end_of_turn_confidence", isEnd ? 1 : 0), .init("words", wordList),
            .init("utterance", .string(isEnd ? transcript : "")),
        ]
        if isEnd, let languageCode {
            members.append(.init("language_code", .string(languageCode)))
            members.append(.init("language_confidence", 0.9931))
        }
        if let speaker { members.append(.init("speaker_label", .string(speaker))) }
        members.append(.init("type", "Turn"))
        return .object(members)
    }

    fileprivate var revision: JSONValue {
        ["turn_order": JSONValue(order), "speaker_label": JSONValue(speaker), "words": wordList]
    }

    private var wordList: JSONValue {
        .array(
            zip(words, spokenTexts).map { word, text in
                var members: [JSONValue.Member] = [
                    .init("start", JSONValue(word.start)), .init("end", JSONValue(word.end)),
                    .init("text", .string(text)),
                    .init("confidence", .number(word.confidence)),
                ]
                if let speaker { members.append(.init("speaker", .string(speaker))) }
                members.append(.init("word_is_final", .bool(isEnd)))
                return .object(members)
            })
    }

    private var spokenTexts: [String] {
        if let redaction { return words.map { _ in redaction } }
        var texts = words.map(\.text)
        guard isFormatted, let first = texts.first else { return texts }
        texts[0] = first.prefix(1).uppercased() + first.dropFirst()
        if isEnd { texts[texts.count - 1] += "." }
        return texts
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int64 { wholeNanoseconds / 1_000_000 }
}
