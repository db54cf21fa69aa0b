import StandIn
import Testing

@Suite struct ParameterRulesTests {
    /// Texts seen at the provider, and the same form for the rest of contract §5.
    @Test(arguments: [
        ("sample_rate", "7000", "Invalid 'sample_rate': Value error, sample_rate must be at least 8,000 Hz"),
        ("sample_rate", "96001", "Invalid 'sample_rate': Value error, sample_rate must be at most 96,000 Hz"),
        ("sample_rate", "x", "Invalid 'sample_rate': Input should be a valid integer"),
        ("encoding", "flac", "Invalid 'encoding': 'flac' is not a valid Encoding"),
        ("speech_model", "u3-pro", "Invalid 'speech_model': 'u3-pro' is not a valid SpeechModel"),
        ("mode", "fast", "Invalid 'mode': 'fast' is not a valid Mode"),
        ("language_codes", #"["en","xx"]"#, "Invalid 'language_codes': Value error, 'xx' is not a valid language code"),
        ("language_codes", "en", "Invalid 'language_codes': Input should be a valid list"),
        ("format_turns", "maybe", "Invalid 'format_turns': Input should be a valid boolean"),
        ("vad_threshold", "1.1", "Invalid 'vad_threshold': Value error, vad_threshold must be between 0.0 and 1.0"),
        ("vad_threshold", "loud", "Invalid 'vad_threshold': Input should be a valid number"),
        (
            "interruption_delay", "1001",
            "Invalid 'interruption_delay': Value error, interruption_delay must be at most 1,000"
        ),
        ("max_speakers", "11", "Invalid 'max_speakers': Value error, max_speakers must be at most 10"),
        (
            "speaker_labels_revision_interval_ms", "1000",
            "Invalid 'speaker_labels_revision_interval_ms': Value error, "
                + "speaker_labels_revision_interval_ms must be 0 or at least 120,000"
        ),
        (
            "inactivity_timeout", "4",
            "Invalid 'inactivity_timeout': Value error, inactivity_timeout must be at least 5 seconds"
        ),
        (
            "voice_focus_threshold", "0.5",
            "Invalid 'voice_focus_threshold': Value error, voice_focus_threshold requires voice_focus"
        ),
    ])
    func aBadValueIsToldByItsName(_ name: String, _ value: String, _ fault: String) {
        #expect(throws: ProviderError(code: 3006, text: "User Input Validation Error: " + fault)) {
            try ParameterRules.check(query: [(name, value)])
        }
    }

    @Test(arguments: [
        ("prompt", 1750, "Value error, Max 1750 characters"),
        ("agent_context", 1750, "Value error, Max 1750 characters"),
    ])
    func longTextIsRefused(_ name: String, _ max: Int, _ fault: String) throws {
        _ = try ParameterRules.check(query: [(name, String(repeating: "ü", count: max))])
        #expect(throws: ProviderError.self) {
            try ParameterRules.check(query: [(name, String(repeating: "ü", count: max + 1))])
        }
    }

    @Test func moreThanAHundredKeyTermsAreRefused() throws {
        func terms(_ count: Int) -> String { JSONValue.array((0..<count).map { .string("term \($0)") }).text }
        _ = try ParameterRules.check(query: [("keyterms_prompt", terms(100))])
        #expect(
            throws: ProviderError(
                code: 3006, text: "User Input Validation Error: Invalid 'keyterms_prompt': Value error, Max 100 items")
        ) { try ParameterRules.check(query: [("keyterms_prompt", terms(101))]) }
    }

    /// What the official clients were seen to send.
    @Test(arguments: [
        [("vad_threshold", "0.3"), ("format_turns", "True"), ("keyterms_prompt", #"["a b", "\u00fcn\u00ef"]"#)],
        [("language_codes", #"["en", "es"]"#), ("inactivity_timeout", "30"), ("speaker_labels", "False")],
        [("redact_pii", "True"), ("redact_pii_policies", #"["person_name"]"#), ("llm_gateway", "{")],
        [("encoding", "opus"), ("speech_model", "_universal-3-5-notetaker"), ("continuous_partials", "true")],
        [
            ("voice_focus", "near-field"), ("voice_focus_threshold", "0.5"),
            ("speaker_labels_revision_interval_ms", "0"),
        ],
        [("min_turn_silence", "1"), ("max_turn_silence", "100000"), ("formatted_finals", "true")],
        [("smaple_rate", "nonsense")],
    ])
    func goodValuesAndUnknownNamesPass(_ query: [(name: String, value: String)]) throws {
        _ = try ParameterRules.check(query: query)
    }

    @Test func anUpdateTakesOnlyWhatMayChange() throws {
        let changes = try ParameterRules.check(update: [
            "type": "UpdateConfiguration", "min_turn_silence": 200, "sample_rate": 8000, "prompt": "x",
        ])
        #expect(changes == ["min_turn_silence": 200, "prompt": "x"])
    }

    @Test(
        arguments: [
            ["min_turn_silence": "long"], ["keyterms_prompt": "x"], ["vad_threshold": 2.0], ["format_turns": 1],
            ["mode": 5], ["language_codes": ["en", 5]], ["agent_context": 1],
        ] as [JSONValue])
    func aBadUpdateIsRefused(_ message: JSONValue) {
        #expect(throws: ProviderError.self) { try ParameterRules.check(update: message) }
    }
}
