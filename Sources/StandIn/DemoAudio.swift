import CDemoAudio

/// Recorded speech to send: three sentences with pauses between, about twelve seconds.
package enum DemoAudio {
    /// In hertz; mono, signed 16-bit little-endian.
    package static let sampleRate = 16_000

    /// The recording as a WAV file.
    package static let wavBytes: [UInt8] = Array(
        UnsafeBufferPointer(start: cdemoaudio_speech(), count: cdemoaudio_speech_count()))

    /// The recording's samples alone, as `pcm_s16le` has them.
    package static let pcmBytes: [UInt8] = Array(dataChunk(of: wavBytes) ?? [])

    /// The content of a WAV file's `data` chunk; nil when it has none.
    ///
    /// ```
    ///  0      4      8      12    16     20
    ///  "RIFF" | size | "WAVE" | name | size | content | name | size | …
    /// ```
    static func dataChunk(of wav: [UInt8]) -> ArraySlice<UInt8>? {
        var rest = wav.dropFirst(12)
        while rest.count >= 8 {
            let size = rest.dropFirst(4).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            let content = rest.dropFirst(8).prefix(size)
            if rest.starts(with: "data".utf8) { return content }
            // Chunks start at even offsets.
            rest = rest.dropFirst(8).dropFirst(size + size % 2)
        }
        return nil
    }
}
