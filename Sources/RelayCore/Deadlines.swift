import Policy
import Timing

/// The moments at which a session must look at itself again, beyond those its legs imply.
struct Deadlines {
    /// When the 101 went out.
    var openedAt: Instant?
    /// The longest the session may last.
    var sessionEnds: Instant?
    /// Whom the credential proves must be known by then.
    var identifyBy: Instant?
    /// An upstream must be open by then.
    var dialBy: Instant?
    /// When a data frame last passed, either way.
    var lastData = Instant(nanoseconds: 0)
    /// The provider's first word must be in by then.
    var beginBy: Instant?
    /// The client's audio came too fast, and is held back until then.
    var pacedUntil: Instant?
    /// The opening must be on record by then.
    var recordBy: Instant?
    /// The provider's last word must be in by then.
    var terminationBy: Instant?

    /// How long a peer may take to answer a Close frame. RFC 6455 §7.1.1 gives no figure; clients wait 2 to 10 s
    /// themselves, and nothing of the session hangs on the answer.
    static let closingHandshake = Duration.seconds(5)
}

extension Session {
    /// The next moment to send `.deadline`; nil when only peers can move the session on.
    ///
    /// It may move later without notice (traffic postpones pings and idleness): a timer that fires early is asked again.
    package var nextDeadline: Instant? {
        switch phase {
        case .awaiting, .closed: nil
        case .identifying: deadlines.identifyBy
        case .dialing, .relaying:
            earliest(
                deadlines.sessionEnds, answerBy, deadlines.recordBy, deadlines.pacedUntil,
                deadlines.lastData + settings.idle, client.closeBy, upstream.closeBy,
                legDeadline(client), legDeadline(upstream))
        case .closing: earliest(deadlines.terminationBy, client.closeBy, upstream.closeBy)
        }
    }

    /// Whether a leg was pinged and has been silent since. Once it is heard the next ping may be due before the answer was.
    package func awaitsPong(of leg: Leg) -> Bool {
        switch leg {
        case .client: client.pingedAt != nil
        case .upstream: upstream.pingedAt != nil
        }
    }

    /// What is due at `now` while both legs live, the gravest first; nil when nothing is.
    func dueEnding(now: Instant) -> Ending? {
        if isDue(deadlines.sessionEnds, now) { return .tooOld }
        if isDue(answerBy, now) { return .refused(.timeout) }
        for leg in [Leg.client, .upstream] where self[leg].isOpen {
            if isDue(self[leg].blockedSince.map { $0 + settings.stall }, now) { return .stalled(leg) }
            guard self[leg].isListenedTo else { continue }
            if isDue(self[leg].pingedAt.map { $0 + settings.pong }, now) { return .silent(leg) }
        }
        return isDue(deadlines.lastData + settings.idle, now) ? .idle : nil
    }

    /// When the patience with the provider is over: first for an open upstream, then for its first word.
    private var answerBy: Instant? {
        phase == .dialing ? deadlines.dialBy : deadlines.beginBy
    }

    /// Pings each open leg that has been silent for long enough.
    mutating func pingSilentLegs(now: Instant) -> [SessionAction] {
        var actions: [SessionAction] = []
        for leg in [Leg.client, .upstream] where self[leg].isListenedTo && self[leg].pingedAt == nil {
            guard isDue(self[leg].heardAt + settings.ping, now) else { continue }
            self[leg].pingedAt = now
            self[leg].owed.ping = true
            actions += payOwedFrames(to: leg)
        }
        return actions
    }

    private func legDeadline(_ leg: LegState) -> Instant? {
        guard leg.isOpen else { return nil }
        let pingOrPong = leg.pingedAt.map { $0 + settings.pong } ?? leg.heardAt + settings.ping
        return earliest(leg.isListenedTo ? pingOrPong : nil, leg.blockedSince.map { $0 + settings.stall })
    }

    func isDue(_ deadline: Instant?, _ now: Instant) -> Bool {
        deadline.map { $0 <= now } ?? false
    }
}

/// The earliest of those that are set.
private func earliest(_ deadlines: Instant?...) -> Instant? {
    deadlines.compactMap(\.self).min()
}
