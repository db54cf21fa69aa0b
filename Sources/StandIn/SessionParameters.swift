/// The settings of one session: what the query gave and `UpdateConfiguration` changed, defaults for the rest
/// (provider contract §5). Holds valid values only; `ParameterRules` sees to that.
package struct SessionParameters: Equatable, Sendable {
    private var values: [String: JSONValue]

    /// Settings as given, already valid.
    package init(_ values: [String: JSONValue] = [:]) {
        self.values = values
    }

    /// Takes over the given settings and keeps the others.
    package mutating func update(_ changes: [String: JSONValue]) {
        values.merge(changes) { _, new in new }
    }

    /// How audio comes.
    package var encoding: AudioEncoding {
        values["encoding"]?.string.flatMap { AudioEncoding(rawValue: $0) } ?? .pcmS16LE
    }

    /// In hertz.
    package var sampleRate: Int { integer("sample_rate") ?? 16_000 }

    /// The speech model's name.
    package var model: String { values["speech_model"]?.string ?? "universal-3-6-pro" }

    /// Whether the model is of the Universal-3 family; the older ones differ in turns and formatting.
    package var isUniversal3: Bool { !model.hasPrefix("universal-streaming") && model != "whisper-rt" }

    /// The preset of the turn timings; nil for the older family.
    package var mode: String? { isUniversal3 ? values["mode"]?.string ?? "balanced" : nil }

    /// In milliseconds. Provider contract §5.3: clamped, not refused.
    package var minTurnSilence: Int {
        let given = integer("min_turn_silence") ?? integer("min_end_of_turn_silence_when_confident")
        return given.map { min(max($0, 50), 10_000) } ?? presetSilences.min
    }

    /// In milliseconds.
    package var maxTurnSilence: Int { integer("max_turn_silence") ?? presetSilences.max }

    /// The speech probability a frame must pass, 0 to 1.
    package var vadThreshold: Double {
        values["vad_threshold"]?.number ?? (!isUniversal3 ? 0.4 : flag("speaker_labels") ? 0.5 : 0.2)
    }

    /// Whether turns are told before they end; never when they must be redacted first.
    package var includesPartials: Bool { !flag("redact_pii") && flag("include_partial_turns", default: true) }

    /// In seconds; nil when the client set none.
    package var inactivityTimeout: Int? { integer("inactivity_timeout") }

    /// The text of a setting, or nil.
    package func text(_ name: String) -> String? { values[name]?.string }

    /// A setting that is on or off.
    package func flag(_ name: String, default standard: Bool = false) -> Bool { values[name]?.bool ?? standard }

    private func integer(_ name: String) -> Int? {
        values[name]?.integer.map { Int(clamping: $0) }
    }

    private var presetSilences: (min: Int, max: Int) {
        switch mode {
        case nil: (400, 1280)
        case "min_latency": (128, 640)
        case "max_accuracy": (512, 2560)
        default: (128, 1280)
        }
    }
}
