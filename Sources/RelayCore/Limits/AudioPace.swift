import Timing

/// How fast the audio of one session may pass: in ten seconds, wherever they begin, no more than ten times its rate.
///
/// Half of that may come at once: what a client has kept through a short loss of its network, say. What comes beyond is
/// paced, so that a client that is too fast is held back often and shortly instead of seldom and for long. One that keeps to
/// the rate is hardly ever held.
///
/// Time is divided into half seconds; of the oldest one that is still within ten seconds, the share counts that is. A pure
/// value: time is an argument.
package struct AudioPace: Equatable, Sendable {
    /// Seconds of audio in a second.
    package let rate: Double
    /// Seconds of audio that passed, by half second: the one of number `n` at `n % count`.
    private var passed = [Double](repeating: 0, count: slots)
    private var latest: UInt64 = 0
    /// Audio noted so far, in seconds.
    private var noted = 0.0
    /// Until when what passed beyond the free half has taken, at the rate.
    private var pacedUntil = Instant(nanoseconds: 0)

    private static let window = 10.0
    private static let slotNanoseconds: UInt64 = 500_000_000
    /// Ten seconds, and the half second that is under way.
    private static let slots = 21
    /// How far ahead of its pace a client may be: the largest message of one that keeps to it, and its jitter.
    private static let lead = Duration.milliseconds(1250)
    /// Between two looks at a window that is full.
    private static let pause = Duration.milliseconds(100)

    /// What may happen next.
    package enum Step: Equatable, Sendable {
        /// So much audio may pass before anybody looks again.
        case pass(Duration)
        /// None, until then.
        case wait(until: Instant)
    }

    package init(rate: Double) {
        self.rate = rate
    }

    /// So much audio has passed since the session began.
    package mutating func note(_ audio: Duration, now: Instant) {
        let level = level(now)
        let more = max(0, audio.inSeconds - noted)
        noted = max(noted, audio.inSeconds)
        passed[place(of: latest)] += more
        let beyond = min(more, level + more - free)
        guard beyond > 0 else { return }
        pacedUntil = max(pacedUntil, now) + .seconds(min(beyond / rate, Self.window))
    }

    /// What may happen now.
    package mutating func step(now: Instant) -> Step {
        let level = level(now)
        let room = rate * Self.window - level
        guard room > 0 else { return .wait(until: now + Self.pause) }
        guard level < free || pacedUntil <= now + Self.lead else { return .wait(until: resumption) }
        return .pass(.seconds(min(room, slice)))
    }

    /// When a client that is too far ahead may go on: not at once when it may, for then it would be held again at once.
    private var resumption: Instant { pacedUntil + (.zero - Self.lead / 2) }

    /// Seconds of audio that may come at once.
    private var free: Double { rate * Self.window / 2 }

    /// Seconds of audio between two looks: short, because what passes between them counts for the moment of the second.
    private var slice: Double { min(rate, Self.window) / 4 }

    /// Seconds of audio within the last ten seconds.
    private mutating func level(_ now: Instant) -> Double {
        advance(to: now)
        let elapsed = now.nanoseconds < latest * Self.slotNanoseconds ? 0 : now.nanoseconds % Self.slotNanoseconds
        let oldest = passed[place(of: latest + 1)]
        return passed.reduce(0, +) - oldest * Double(elapsed) / Double(Self.slotNanoseconds)
    }

    private mutating func advance(to now: Instant) {
        let slot = now.nanoseconds / Self.slotNanoseconds
        guard slot > latest else { return }
        for stale in (latest + 1...slot).suffix(Self.slots) { passed[place(of: stale)] = 0 }
        latest = slot
    }

    private func place(of slot: UInt64) -> Int {
        Int(slot % UInt64(Self.slots))
    }
}

extension Duration {
    /// Seconds and their fractions.
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
