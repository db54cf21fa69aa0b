/// Hears speech in the audio it receives: words by their energy, turns by the silence after them.
///
/// It recognises nothing. Each word's text is drawn from a small list by a hash over all audio received up to that
/// word, so the transcript is a digest: audio that is lost, doubled or swapped on its way changes every later word.
/// The audio is judged in frames of 10 ms, so the same audio gives the same turns in any cut into messages.
package struct SpeechDetector {
    /// Milliseconds of one frame.
    static let frameLength = 10
    /// A gap this long, in frames, ends a word.
    static let wordGap = 5
    /// A shorter run, in frames, is a click and not a word.
    static let shortestWord = 3
    /// A run of speech is cut into words of at most so many frames.
    static let longestWord = 60
    /// After this many frames of words the shorter silence ends the turn: the provider's "confident".
    static let confidentSpeech = 100
    /// The mean amplitude that counts as certain speech: about -30 dB of full scale.
    static let certainAmplitude = 1000.0

    /// A word that was heard, its place in milliseconds of session audio.
    package struct Word: Equatable, Sendable {
        /// Where it begins, in milliseconds of session audio.
        package var start: Int
        /// Where it ends, in milliseconds of session audio.
        package var end: Int
        /// In small letters.
        package var text: String
        /// 0 to 1, with six digits at most.
        package var confidence: Double
    }

    /// What the audio brought.
    package enum Event: Equatable, Sendable {
        /// The open turn has one word more; all its words so far.
        case heard([Word])
        /// The turn is over; all its words.
        case ended([Word])
        /// A second of silence, in milliseconds of session audio.
        case silence(start: Int, end: Int)
    }

    /// Milliseconds of silence that end a turn which has enough speech to be confident about.
    package var minTurnSilence: Int
    /// Milliseconds of silence that end any turn.
    package var maxTurnSilence: Int
    /// The probability from which a frame is speech, 0 to 1.
    package var threshold: Double

    /// The highest speech probability of any frame so far.
    package private(set) var maxProbability = 0.0

    private let encoding: AudioEncoding
    private let samplesPerFrame: Int
    private var frame = FrameInProgress()
    private var frames = 0
    private var hash = AudioHash()
    private var words: [Word] = []
    private var openWord: (start: Int, lastSpeech: Int)?
    private var silentFrames = 0
    private var unheardBytes = 0

    /// A detector at the start of a session. `sampleRate` is in hertz; silences are in milliseconds.
    package init(
        encoding: AudioEncoding, sampleRate: Int, minTurnSilence: Int, maxTurnSilence: Int, threshold: Double
    ) {
        self.encoding = encoding
        samplesPerFrame = max(1, sampleRate * Self.frameLength / 1000)
        self.minTurnSilence = minTurnSilence
        self.maxTurnSilence = maxTurnSilence
        self.threshold = threshold
    }

    /// Hears the next bytes of audio.
    package mutating func receive(_ audio: [UInt8]) -> [Event] {
        guard let bytesPerSample = encoding.bytesPerSample else {
            unheardBytes += audio.count
            hash.add(audio)
            return []
        }
        var events: [Event] = []
        for byte in audio {
            hash.add(byte)
            frame.add(byte, encoding)
            if frame.bytes == samplesPerFrame * bytesPerSample { endFrame(&events) }
        }
        return events
    }

    /// Ends the open turn now, as `ForceEndpoint` and `Terminate` do; no turn when none is open.
    package mutating func flush() -> [Event] {
        guard encoding.bytesPerSample != nil else { return flushUnheard() }
        var events: [Event] = []
        if frame.bytes > 0 { endFrame(&events) }
        if let word = openWord { close(word, &events) }
        if !words.isEmpty { endTurn(&events) }
        return events
    }

    private mutating func endFrame(_ events: inout [Event]) {
        let probability = min(1, frame.meanAmplitude / Self.certainAmplitude)
        maxProbability = max(maxProbability, probability)
        frame = FrameInProgress()
        frames += 1
        if probability > threshold { hearSpeech(&events) } else { hearSilence(&events) }
    }

    private mutating func hearSpeech(_ events: inout [Event]) {
        silentFrames = 0
        let word = (start: openWord?.start ?? frames - 1, lastSpeech: frames)
        openWord = word
        if frames - word.start >= Self.longestWord { close(word, &events) }
    }

    private mutating func hearSilence(_ events: inout [Event]) {
        silentFrames += 1
        if let word = openWord, frames - word.lastSpeech >= Self.wordGap { close(word, &events) }
        if openWord == nil, !words.isEmpty, silentFrames * Self.frameLength >= silenceEndingTurn { endTurn(&events) }
        let second = 1000 / Self.frameLength
        if silentFrames.isMultiple(of: second) {
            let end = frames * Self.frameLength
            events.append(.silence(start: end - 1000, end: end))
        }
    }

    private mutating func close(_ word: (start: Int, lastSpeech: Int), _ events: inout [Event]) {
        openWord = nil
        guard word.lastSpeech - word.start >= Self.shortestWord else { return }
        words.append(
            hash.word(start: word.start * Self.frameLength, end: word.lastSpeech * Self.frameLength))
        events.append(.heard(words))
    }

    private mutating func endTurn(_ events: inout [Event]) {
        events.append(.ended(words))
        words = []
    }

    private var silenceEndingTurn: Int {
        let speech = words.reduce(0) { $0 + $1.end - $1.start }
        let isConfident = speech >= Self.confidentSpeech * Self.frameLength
        return isConfident ? min(minTurnSilence, maxTurnSilence) : maxTurnSilence
    }

    /// Compressed audio is not decoded: all of it is one turn of one word, its text the digest.
    private mutating func flushUnheard() -> [Event] {
        guard unheardBytes > 0 else { return [] }
        unheardBytes = 0
        return [.ended([hash.word(start: 0, end: 0)])]
    }
}

/// The bytes of a frame that is not full yet.
private struct FrameInProgress {
    var bytes = 0
    private var samples = 0
    private var sum = 0
    private var lowByte: UInt8 = 0

    var meanAmplitude: Double { samples == 0 ? 0 : Double(sum) / Double(samples) }

    mutating func add(_ byte: UInt8, _ encoding: AudioEncoding) {
        bytes += 1
        if encoding == .pcmMulaw {
            addSample(Self.amplitude(mulaw: byte))
        } else if bytes.isMultiple(of: 2) {
            addSample(Int(Int16(bitPattern: UInt16(byte) << 8 | UInt16(lowByte)).magnitude))
        }
        lowByte = byte
    }

    private mutating func addSample(_ amplitude: Int) {
        samples += 1
        sum += amplitude
    }

    /// ITU-T G.711: inverted bits; three of exponent, four of mantissa, a bias of 33 in 14-bit steps.
    private static func amplitude(mulaw byte: UInt8) -> Int {
        let bits = ~byte
        let exponent = Int(bits >> 4 & 7)
        let mantissa = Int(bits & 15)
        return ((mantissa << 3 + 0x84) << exponent) - 0x84
    }
}

/// A running hash of all audio (FNV-1a, 64 bits), and the words it draws.
private struct AudioHash {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x100_0000_01B3
    }

    mutating func add(_ bytes: [UInt8]) {
        for byte in bytes { add(byte) }
    }

    func word(start: Int, end: Int) -> SpeechDetector.Word {
        // The upper bits of FNV-1a are the mixed ones.
        let text = Self.vocabulary[Int(state >> 40 % UInt64(Self.vocabulary.count))]
        let confidence = Double(900_000 + state >> 16 % 100_000) / 1_000_000
        return SpeechDetector.Word(start: start, end: end, text: text, confidence: confidence)
    }

    private static let vocabulary = [
        "anchor", "bay", "beach", "bell", "boat", "bridge", "buoy", "cable", "calm", "canal", "captain", "cargo",
        "channel", "chart", "cliff", "coast", "compass", "coral", "crane", "crew", "current", "deck", "depth", "dock",
        "drift", "ebb", "ferry", "fleet", "flood", "foam", "fog", "gale", "gate", "gull", "harbour", "helm", "island",
        "jetty", "keel", "lagoon", "ledge", "lighthouse", "lock", "mast", "mooring", "north", "oar", "ocean", "pier",
        "pilot", "port", "quay", "reef", "river", "rope", "rudder", "sail", "sand", "shore", "signal", "spray",
        "storm", "tide", "wave",
    ]
}
