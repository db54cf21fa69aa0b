/// What a request says of the audio its client will send: the query parameters `encoding` and `sample_rate`, and what the
/// provider takes where they say nothing (the provider's contract, section 5.1).
///
/// Policy may force either, so both can be replaced.
package struct AudioFormat: Equatable, Sendable {
    /// How the audio is written.
    package var encoding: Encoding
    /// In hertz; nil where the request names none that the provider would take.
    package var sampleRate: UInt64?

    /// How audio is written; always mono.
    package enum Encoding: Equatable, Sendable {
        /// Signed 16-bit samples.
        case pcmS16LE
        /// G.711 µ-law, one byte a sample.
        case pcmMulaw
        /// Opus, AAC, and whatever else has no fixed number of bytes a second.
        case compressed
    }

    /// The rates the provider takes; it refuses a session with any other.
    package static let sampleRates: ClosedRange<UInt64> = 8_000...96_000

    /// - Parameters:
    ///   - encodings: every value the request gives to `encoding`. Of several, one could be measured here and another be
    ///     believed elsewhere: they count as compressed.
    ///   - sampleRates: every value it gives to `sample_rate`.
    package init(encodings: [String] = [], sampleRates: [String] = []) {
        encoding = encodings.count > 1 ? .compressed : Encoding(encodings.first)
        sampleRate = sampleRates.count > 1 ? nil : Self.rate(sampleRates.first)
    }

    /// Nil where only a clock can measure the audio.
    package var bytesPerSecond: UInt64? {
        switch encoding {
        case .pcmS16LE: sampleRate.map { $0 * 2 }
        case .pcmMulaw: sampleRate
        case .compressed: nil
        }
    }

    private static func rate(_ text: String?) -> UInt64? {
        guard let text else { return 16_000 }
        return UInt64(text).flatMap { sampleRates.contains($0) ? $0 : nil }
    }
}

extension AudioFormat.Encoding {
    /// As the parameter `encoding` names it; nil is the parameter left out.
    package init(_ name: String?) {
        switch name {
        case nil, "pcm_s16le": self = .pcmS16LE
        case "pcm_mulaw": self = .pcmMulaw
        default: self = .compressed
        }
    }
}
