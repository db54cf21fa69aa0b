import Timing

/// What is known of one endpoint's health from the dials of all sessions: after several failures in a row it is left alone
/// for a while, then one dial tries it, and what becomes of that decides.
///
/// ```
///            threshold failures in a row             the pause is over, one asks
///   closed ──────────────────────────────▶ open ─────────────────────────────────▶ half-open
///     ▲                                     ▲                                          │
///     │ any success                         └───── the trial fails: twice the pause ───┤
///     └────────────────────────────────────────────────── the trial succeeds ──────────┘
/// ```
///
/// A pure state machine: time and chance are arguments. Whoever shares it guards it.
package struct Breaker: Equatable, Sendable {
    /// When a breaker opens, and for how long.
    package struct Rules: Equatable, Sendable {
        /// Failures in a row that open it; at least one.
        package var threshold: Int
        /// The first pause.
        package var pause: Duration
        /// The longest pause; each failed trial doubles the one before up to here.
        package var longestPause: Duration

        /// Five failures are no accident. A second is what an official client waits before it comes back, and after half a
        /// minute an endpoint that is well again should be in use again.
        package init(threshold: Int = 5, pause: Duration = .seconds(1), longestPause: Duration = .seconds(30)) {
            self.threshold = threshold
            self.pause = pause
            self.longestPause = longestPause
        }
    }

    /// Whether the endpoint is dialled.
    package enum State: String, CaseIterable, Sendable {
        case closed
        /// Known to be down.
        case open
        /// One dial is trying it.
        case halfOpen = "half-open"
    }

    /// What a dial may do.
    package enum Admission: Equatable, Sendable {
        case dial
        /// As `dial`; the endpoint was down, and this dial says whether it still is.
        case trial
        /// Known to be down; worth asking again after this time.
        case wait(Duration)
    }

    /// What became of a dial.
    package enum Outcome: Sendable {
        /// The endpoint answered.
        case answered
        /// It could not be used.
        case failed
        /// The dial was given up for reasons that are not the endpoint's.
        case abandoned
    }

    /// Where it stands.
    package private(set) var state = State.closed
    private let rules: Rules
    private var failures = 0
    /// How often it has opened without closing.
    private var openings = 0
    private var reopensAt = Instant(nanoseconds: 0)

    package init(_ rules: Rules = Rules()) {
        self.rules = rules
    }

    /// How long the endpoint is still left alone; nil when a dial may go there.
    package func patience(now: Instant) -> Duration? {
        switch state {
        case .closed: nil
        case .open: reopensAt > now ? reopensAt.duration(since: now) : nil
        // The trial will tell soon, one way or the other.
        case .halfOpen: rules.pause
        }
    }

    /// Asks whether to dial. A dial that is admitted reports its outcome, once.
    package mutating func admit(now: Instant) -> Admission {
        if let patience = patience(now: now) { return .wait(patience) }
        guard state == .open else { return .dial }
        state = .halfOpen
        return .trial
    }

    /// Takes a dial's outcome.
    ///
    /// - Parameters:
    ///   - isTrial: whether it was admitted as `.trial`.
    ///   - jitter: 0…1; the pause is between half and all of its length, so that relays do not come back together.
    package mutating func note(_ outcome: Outcome, isTrial: Bool, now: Instant, jitter: Double) {
        switch outcome {
        case .answered: close()
        case .failed where state == .closed:
            failures += 1
            if failures >= rules.threshold { open(now, jitter) }
        // Of dials that began before it opened there is nothing new to learn.
        case .failed: if isTrial { open(now, jitter) }
        case .abandoned:
            guard isTrial, state == .halfOpen else { return }
            (state, reopensAt) = (.open, now)
        }
    }

    private mutating func close() {
        state = .closed
        (failures, openings) = (0, 0)
    }

    private mutating func open(_ now: Instant, _ jitter: Double) {
        let pause = min(rules.longestPause, rules.pause * (1 << min(openings, Self.maxDoublings)))
        openings += 1
        state = .open
        reopensAt = now + pause / 2 + pause / 2 * min(max(jitter, 0), 1)
    }

    /// Enough to reach any cap, and far from an overflow.
    private static let maxDoublings = 20
}
