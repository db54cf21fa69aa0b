/// The provider's rule on the length of audio messages (provider contract §6): 50 to 1000 ms each.
///
/// Too long is told at once. Too short is told once about a second of short messages came in a row, so a short last
/// one is tolerated. Known for PCM only: the durations of other encodings' messages are not the provider's to see.
package struct ChunkRule {
    /// The shortest and the longest message, in milliseconds.
    package static let allowed = 50.0...1000.0
    /// Milliseconds of audio in short messages that are let pass: 49 of 20 ms broke the rule at 977 ms.
    package static let shortAudioLimit = 977.0

    private let bytesPerSecond: Double?
    private var shortMessages = 0
    private var shortAudio = 0.0

    /// A rule that has seen nothing. `sampleRate` is in hertz.
    package init(encoding: AudioEncoding, sampleRate: Int) {
        bytesPerSecond = encoding.bytesPerSample.map { Double($0 * sampleRate) }
    }

    /// Looks at the next message and returns the fault when it breaks the rule.
    package mutating func check(_ message: [UInt8]) -> ProviderError? {
        guard let bytesPerSecond, bytesPerSecond > 0 else { return nil }
        let length = Double(message.count) * 1000 / bytesPerSecond
        if length > Self.allowed.upperBound { return .inputDuration(length) }
        guard length < Self.allowed.lowerBound else {
            shortMessages = 0
            shortAudio = 0
            return nil
        }
        shortMessages += 1
        shortAudio += length
        return shortAudio >= Self.shortAudioLimit ? .inputDuration(shortAudio / Double(shortMessages)) : nil
    }
}
