import Timing

/// How much audio a client has sent, readable at any moment of its session.
///
/// It is told once for each read that brought audio, and only keeps what it is told: what that amounts to is worked out
/// when somebody asks.
struct AudioClock: Equatable {
    /// Payload bytes of binary messages.
    private(set) var bytes: UInt64 = 0
    private var firstAt: Instant?
    private var lastAt: Instant?

    /// What audio of a session is measured by.
    enum Measure: Equatable {
        /// Its bytes; never 0 a second.
        case bytes(perSecond: UInt64)
        /// The time from the first audio message to the last. Compressed audio keeps its own pace, and reading it would cost
        /// more than relaying it does.
        case time
    }

    /// So many bytes in all have come, the last of them at `now`.
    mutating func advance(to bytes: UInt64, at now: Instant) {
        guard bytes != self.bytes else { return }
        self.bytes = bytes
        if firstAt == nil { firstAt = now }
        lastAt = now
    }

    /// What the audio so far lasts.
    func duration(by measure: Measure) -> Duration {
        switch measure {
        case .bytes(let perSecond): duration(perSecond)
        case .time: firstAt.flatMap { lastAt?.duration(since: $0) } ?? .zero
        }
    }

    private func duration(_ bytesPerSecond: UInt64) -> Duration {
        guard bytesPerSecond > 0 else { return .zero }
        let (seconds, rest) = bytes.quotientAndRemainder(dividingBy: bytesPerSecond)
        // The rest is less than a second, so the quotient is less than 10⁹ whatever the rate.
        let nanoseconds = bytesPerSecond.dividingFullWidth(rest.multipliedFullWidth(by: 1_000_000_000)).quotient
        return .seconds(Int64(clamping: seconds)) + .nanoseconds(Int64(clamping: nanoseconds))
    }
}

extension Provider {
    /// What audio sent in a format is measured by; nil where that cannot be known.
    func measure(of format: AudioFormat) -> AudioClock.Measure? {
        let bytesPerSecond = speaksAssemblyAI ? format.bytesPerSecond : audioBytesPerSecond
        return bytesPerSecond.map { .bytes(perSecond: $0) } ?? (speaksAssemblyAI ? .time : nil)
    }
}

extension Session {
    /// What the client's audio is measured by where it goes now; nil where that cannot be known.
    var audioMeasure: AudioClock.Measure? {
        request.flatMap { provider.measure(of: $0.audio) }
    }

    /// The audio that a provider was sent so far, as the client sent it; nil where none was reached or it cannot be known.
    package var audio: Duration? {
        guard facts.zone != nil else { return nil }
        return audioMeasure.map { audioClock.duration(by: $0) }
    }
}
