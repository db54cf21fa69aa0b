/// What the provider accepts as a setting, by name (provider contract §5): one table for the query and for
/// `UpdateConfiguration`. Names that are not in it are ignored, as the provider does.
package enum ParameterRules {
    /// The names that mean something.
    package static let names: [String] = table.keys.sorted()

    /// The settings of a query, decoded names and values in their order.
    /// - Throws: the first fault, code 3006.
    package static func check(query: [(name: String, value: String)]) throws(ProviderError) -> SessionParameters {
        var values: [String: JSONValue] = [:]
        for (name, text) in query {
            guard let kind = table[name] else { continue }
            values[name] = try kind.value(of: text, for: name)
        }
        if values["voice_focus_threshold"] != nil, values["voice_focus"] == nil {
            throw .invalid("voice_focus_threshold", "Value error, voice_focus_threshold requires voice_focus")
        }
        return SessionParameters(values)
    }

    /// The changes that an `UpdateConfiguration` message asks for.
    /// - Throws: the first fault, code 3006.
    package static func check(update message: JSONValue) throws(ProviderError) -> [String: JSONValue] {
        guard case .object(let members) = message else { return [:] }
        var changes: [String: JSONValue] = [:]
        for member in members where updatable.contains(member.name) {
            guard let kind = table[member.name] else { continue }
            try kind.check(member.value, for: member.name)
            changes[member.name] = member.value
        }
        return changes
    }

    /// Provider contract §7.
    private static let updatable: Set<String> = [
        "min_turn_silence", "max_turn_silence", "keyterms_prompt", "end_of_turn_confidence_threshold", "format_turns",
        "mode", "prompt", "continuous_partials", "vad_threshold", "interruption_delay", "agent_context",
        "language_codes", "session_heartbeat", "filter_profanity", "acknowledge_silence",
    ]

    private static let table: [String: ParameterKind] = [
        // §5.1 Audio
        "sample_rate": .integer(8_000...96_000, unit: " Hz"),
        "encoding": .choice("Encoding", AudioEncoding.allCases.map(\.rawValue)),
        // §5.2 Model
        "speech_model": .choice(
            "SpeechModel",
            [
                "universal-3-6-pro", "universal-3-5-pro", "universal-streaming-english",
                "universal-streaming-multilingual", "u3-rt-pro", "whisper-rt", "universal-3-6", "u3-rt-pro-beta-1",
                "u3-rt-agent", "universal-3-7-preview", "_universal-3-5-notetaker",
            ]),
        "mode": .choice("Mode", ["min_latency", "balanced", "max_accuracy"]),
        "domain": .choice("Domain", ["medical-v1"]),
        "language_codes": .list(
            max: 10,
            of: [
                "en", "es", "de", "fr", "it", "pt", "tr", "nl", "sv", "no", "da", "fi", "hi", "vi", "ar", "he", "ja",
                "ur", "zh", "ru", "ko", "ca", "gl", "ro", "et", "fa", "yue", "af", "mr", "zu", "xh", "nn", "multi",
            ]),
        "language_detection": .flag,
        // §5.3 Turns and voice activity
        "format_turns": .flag,
        "min_turn_silence": .integer(0...Int64.max),
        "max_turn_silence": .integer(0...Int64.max),
        "min_end_of_turn_silence_when_confident": .integer(0...Int64.max),
        "end_of_turn_confidence_threshold": .number(0...1),
        "vad_threshold": .number(0...1),
        "interruption_delay": .integer(0...1000),
        "continuous_partials": .flag,
        "include_partial_turns": .flag,
        "turn_left_pad_ms": .integer(0...Int64.max),
        "acknowledge_silence": .flag,
        // §5.4 Context, speakers, privacy
        "prompt": .text(max: 1750),
        "keyterms_prompt": .list(max: 100, of: nil),
        "agent_context": .text(max: 1750),
        "previous_context_n_turns": .integer(0...100),
        "voice_focus": .choice("VoiceFocus", ["near-field", "far-field"]),
        "voice_focus_threshold": .number(0...1),
        "noise_suppression_model": .choice("VoiceFocus", ["near-field", "far-field"]),
        "noise_suppression_threshold": .number(0...1),
        "speaker_labels": .flag,
        "max_speakers": .integer(1...10),
        "speaker_labels_revision_interval_ms": .interval(least: 120_000),
        "redact_pii": .flag,
        "redact_pii_sub": .choice("RedactPIISub", ["hash", "entity_name"]),
        "filter_profanity": .flag,
        "customer_support_audio_capture": .flag,
        "_customer_support_audio_capture": .flag,
        // §5.5 Session
        "inactivity_timeout": .integer(5...3600, unit: " seconds"),
        "session_heartbeat": .flag,
    ]
}

/// The kinds of values a setting can have.
private enum ParameterKind {
    case flag
    case integer(ClosedRange<Int64>, unit: String = "")
    /// Zero, or at least so much.
    case interval(least: Int64)
    case number(ClosedRange<Double>)
    case choice(_ type: String, [String])
    /// At most so many characters.
    case text(max: Int)
    /// A list of texts, of the given ones or of any.
    case list(max: Int, of: [String]?)

    /// The value that a query's text stands for.
    func value(of text: String, for name: String) throws(ProviderError) -> JSONValue {
        let value: JSONValue
        switch self {
        case .flag: value = Self.truths[text.lowercased()].map { .bool($0) } ?? .string(text)
        case .integer, .interval: value = Int64(text).map { .integer($0) } ?? .string(text)
        case .number: value = Double(text).map { .number($0) } ?? .string(text)
        case .choice, .text: value = .string(text)
        case .list: value = (try? JSONValue(parsing: text)) ?? .string(text)
        }
        try check(value, for: name)
        return value
    }

    /// Checks a value, whichever way it came.
    func check(_ value: JSONValue, for name: String) throws(ProviderError) {
        switch self {
        case .flag:
            guard value.bool != nil else { throw .invalid(name, "Input should be a valid boolean") }
        case .integer(let range, let unit):
            try checkInteger(value, in: range, unit: unit, for: name)
        case .interval(let least):
            guard value.integer == 0 || (value.integer ?? 0) >= least else {
                throw .invalid(name, "Value error, \(name) must be 0 or at least \(grouped(least))")
            }
        case .number(let range):
            guard let number = value.number else { throw .invalid(name, "Input should be a valid number") }
            guard range.contains(number) else {
                throw .invalid(
                    name, "Value error, \(name) must be between \(range.lowerBound) and \(range.upperBound)")
            }
        case .choice(let type, let choices):
            let text = value.string ?? value.text
            guard choices.contains(text) else { throw .invalid(name, "'\(text)' is not a valid \(type)") }
        case .text(let max):
            guard let text = value.string else { throw .invalid(name, "Input should be a valid string") }
            guard text.unicodeScalars.count <= max else {
                throw .invalid(name, "Value error, Max \(max) characters")
            }
        case .list(let max, let choices):
            try checkList(value, max: max, of: choices, for: name)
        }
    }

    private func checkInteger(
        _ value: JSONValue, in range: ClosedRange<Int64>, unit: String, for name: String
    ) throws(ProviderError) {
        guard let number = value.integer else { throw .invalid(name, "Input should be a valid integer") }
        guard number >= range.lowerBound else {
            throw .invalid(name, "Value error, \(name) must be at least \(grouped(range.lowerBound))\(unit)")
        }
        guard number <= range.upperBound else {
            throw .invalid(name, "Value error, \(name) must be at most \(grouped(range.upperBound))\(unit)")
        }
    }

    private func checkList(_ value: JSONValue, max: Int, of choices: [String]?, for name: String) throws(ProviderError)
    {
        guard let items = value.items else { throw .invalid(name, "Input should be a valid list") }
        guard items.count <= max else { throw .invalid(name, "Value error, Max \(max) items") }
        for item in items {
            guard let text = item.string else { throw .invalid(name, "Input should be a valid string") }
            guard choices?.contains(text) ?? true else {
                throw .invalid(name, "Value error, '\(text)' is not a valid language code")
            }
        }
    }

    /// Thousands as the provider writes them: `8,000`.
    private func grouped(_ number: Int64) -> String {
        let digits = Array(String(number))
        let groups = stride(from: digits.count, to: 0, by: -3).map { String(digits[Swift.max(0, $0 - 3)..<$0]) }
        return groups.reversed().joined(separator: ",")
    }

    /// What both JavaScript and Python send, and what the provider's validator takes besides.
    private static let truths = [
        "true": true, "1": true, "yes": true, "on": true, "t": true, "y": true,
        "false": false, "0": false, "no": false, "off": false, "f": false, "n": false,
    ]
}

extension ProviderError {
    fileprivate static func invalid(_ name: String, _ fault: String) -> ProviderError {
        .userInput("Invalid '\(name)': \(fault)")
    }
}
