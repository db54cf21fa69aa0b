import Policy
import Timing

/// How much audio a session may still pass before it must ask: what it has drawn of its tenant's day, and how fast it may
/// come.
///
/// It is looked at when a mark is reached that was set the time before, and never frame by frame.
struct AudioAllowance {
    /// Audio counts against the tenant's day.
    private var isMetered = false
    /// Nil: it may come as fast as it does.
    private(set) var pace: AudioPace?
    /// Drawn so far.
    private(set) var drawn = Duration.zero
    /// The day of the last draw.
    private(set) var day: UTCDay?
    /// A draw has been asked for and not been answered.
    var isDrawing = false
    /// The client was held back because it was too fast.
    var wasPaced = false

    /// The longest stretch between two looks.
    static let longestStretch = AudioAccount.slice

    /// From now on these limits hold. What was drawn and what has passed stays.
    mutating func change(to limits: TenantLimits) {
        isMetered = limits.audioPerDay != nil
        if pace?.rate != limits.audioRate { pace = limits.audioRate.map { AudioPace(rate: $0) } }
    }

    /// Whether anybody has to look.
    var isBounded: Bool { isMetered || pace != nil }

    /// What may happen when so much audio has passed.
    mutating func step(after used: Duration, isPaced: Bool, now: Instant) -> Step {
        if isMetered, used >= drawn { return .draw }
        let left = isMetered ? drawn - used : Self.longestStretch
        guard isPaced, pace != nil else { return .pass(min(left, Self.longestStretch)) }
        pace?.note(used, now: now)
        switch pace?.step(now: now) {
        case .pass(let stretch): return .pass(min(left, stretch))
        case .wait(let end): return .wait(until: end)
        case nil: return .pass(left)
        }
    }

    mutating func add(_ slice: Duration, on day: UTCDay) {
        drawn += slice
        self.day = day
    }

    enum Step: Equatable {
        /// So much may pass before the next look.
        case pass(Duration)
        /// Nothing may, until then.
        case wait(until: Instant)
        /// More must be drawn first.
        case draw
    }
}

extension Session {
    /// Applies what policy bounds a tenant's sessions by.
    mutating func applyLimits() {
        guard let tenant = facts.tenant, let limits = policy.tenants[tenant]?.limits else { return }
        allowance.change(to: limits)
        lookAtAudioAgain()
        deadlines.sessionEnds = deadlines.openedAt.map { $0 + longest(within: limits) }
    }

    /// The next audio is looked at, whatever was allowed before.
    mutating func lookAtAudioAgain() {
        (up.audioMark, audioDue) = allowance.isBounded ? (1, Instant(nanoseconds: 0)) : (.max, nil)
    }

    /// The longest that this session may last.
    private func longest(within limits: TenantLimits) -> Duration {
        min(settings.session, bounds.session ?? settings.session, limits.session ?? settings.session)
    }

    /// Whether the client's audio has come to where it must be looked at.
    func mustSettleAudio(_ now: Instant) -> Bool {
        up.audioBytes >= up.audioMark || audioDue.map { $0 <= now && audioClock.bytes > 0 } ?? false
    }

    /// Looks at what the client has sent: lets more of it pass, holds it back for a while, or asks for more of its day.
    mutating func settleAudio(_ now: Instant) -> [SessionAction] {
        (up.audioMark, audioDue, deadlines.pacedUntil) = (.max, nil, nil)
        guard !allowance.isDrawing else { return [] }
        // What cannot be measured cannot be bounded; `check` says so.
        guard allowance.isBounded, let measure = audioMeasure else { return release(.client, from: .audio, now) }
        let isPaced = measure != .time
        switch allowance.step(after: audioClock.duration(by: measure), isPaced: isPaced, now: now) {
        case .draw:
            allowance.isDrawing = true
            return [.drawAudio]
        case .wait(let end):
            deadlines.pacedUntil = end
            allowance.wasPaced = true
            return hold(.client, for: .audio)
        case .pass(let stretch):
            mark(stretch, by: measure, now)
            return release(.client, from: .audio, now)
        }
    }

    /// An answer to `drawAudio`, or the news that it is worth asking again.
    mutating func audioDrawn(_ draw: AudioDraw, _ now: Instant) -> Reaction {
        guard allowance.isDrawing else { return Reaction() }
        switch draw {
        case .granted(let slice, let day):
            allowance.isDrawing = false
            allowance.add(slice, on: day)
            return Reaction(settleAudio(now))
        case .later:
            return Reaction(hold(.client, for: .audio))
        case .usedUp:
            allowance.isDrawing = false
            return end(.quotaReached(.audioHours), now)
        }
    }

    private mutating func mark(_ stretch: Duration, by measure: AudioClock.Measure, _ now: Instant) {
        switch measure {
        case .bytes(let perSecond): up.audioMark = up.audioBytes &+ stretch.audioBytes(perSecond: perSecond)
        case .time: audioDue = now + stretch
        }
    }

    /// Whether it waits for audio that it has asked for.
    package var awaitsAudio: Bool { allowance.isDrawing }

    /// What its tenant's account must hear when the session is over; nil: it drew nothing.
    package var audioSettlement: (drawn: Duration, used: Duration, day: UTCDay)? {
        allowance.day.map { (allowance.drawn, audio ?? .zero, $0) }
    }
}

extension Duration {
    /// How many bytes last at least so long; one at least. For stretches between two looks.
    fileprivate func audioBytes(perSecond: UInt64) -> UInt64 {
        let nanoseconds = UInt64(max(0, min(self, AudioAllowance.longestStretch).wholeNanoseconds))
        let (product, overflow) = nanoseconds.multipliedReportingOverflow(by: perSecond)
        guard !overflow else { return perSecond }
        return max(1, product / 1_000_000_000 &+ (product % 1_000_000_000 == 0 ? 0 : 1))
    }
}
