/// The audio of one tenant on one day, against its bound, as the sessions of one process use it.
///
/// A session draws a slice before it uses it, and settles at its end. So nothing is counted frame by frame, what is drawn is
/// never more than the bound admits, and nobody goes on for longer than the audio that was under way when nothing was left.
///
/// A pure value: the day is an argument.
package struct AudioAccount: Equatable, Sendable {
    private(set) var day = UTCDay(number: 0)
    /// Used on that day, or drawn and not settled yet.
    private(set) var spent = Duration.zero
    /// Where several relays share the bound: what this one may spend of it.
    private(set) var share = Duration.zero

    /// What one session draws at once, as a rule.
    package static let slice = Duration.seconds(10)
    /// What is not divided any further.
    static let smallestSlice = Duration.milliseconds(250)

    /// Nothing is used.
    package init() {}

    /// What may still be drawn.
    package mutating func left(of bound: Duration, on day: UTCDay) -> Duration {
        turn(to: day)
        return max(.zero, bound - spent)
    }

    /// Draws a slice: half of what each session's share of the rest is, so that those who ask later find something. Nil when
    /// nothing is left.
    ///
    /// - Parameter sessions: those who may ask.
    package mutating func draw(of bound: Duration, among sessions: Int, on day: UTCDay) -> Duration? {
        let left = left(of: bound, on: day)
        guard left > .zero else { return nil }
        let share = left / (2 * max(1, sessions))
        let slice = min(left, max(Self.smallestSlice, min(Self.slice, share)))
        spent += slice
        return slice
    }

    /// A session is over that has used so much of all that it drew, or a little more.
    ///
    /// - Parameter day: of its last draw. What was drawn on a day that is over is that day's.
    package mutating func settle(drawn: Duration, used: Duration, on day: UTCDay) {
        guard day == self.day else { return }
        spent = max(.zero, spent + used - drawn)
    }

    /// Spends no more until it is given a share.
    package mutating func hold() -> (spent: Duration, day: UTCDay) {
        share = spent
        return (spent, day)
    }

    /// So much of the bound is this relay's, of this day or of a later one.
    package mutating func take(_ share: Duration, on day: UTCDay) {
        turn(to: day)
        self.share = share
    }

    /// A clock that is set back does not give a day again.
    private mutating func turn(to day: UTCDay) {
        guard day > self.day else { return }
        (self.day, spent) = (day, .zero)
    }
}

/// What comes of asking for audio.
package enum AudioDraw: Equatable, Sendable {
    /// So much may pass, and counts for this day.
    case granted(Duration, UTCDay)
    /// It is not known yet. Whoever asked is told when it is worth asking again.
    case later
    /// The day's audio is used up.
    case usedUp
}
