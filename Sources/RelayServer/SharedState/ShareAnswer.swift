import Policy
import Redis
import RelayCore
import Timing

/// What `SharedScripts.share` answers.
struct ShareAnswer: Equatable {
    /// How many newcomers have a place.
    let places: Int
    /// What kept the others from one.
    let limit: Limit?
    /// When they may come back.
    let wait: Duration
    let day: UTCDay
    /// What this relay may use of the day's audio, all that it has used before included.
    let ownAudio: Duration
    /// What all others have for themselves.
    let othersAudio: Duration

    /// Nil when it is something else: a server that lies, or a command that came too late.
    init?(_ reply: RedisReply) {
        guard let items = reply.items, items.count == 6, let places = items[0].integer, let limit = items[1].text,
            let wait = items[2].integer, let day = items[3].integer, let own = items[4].integer,
            let others = items[5].integer, places >= 0, wait >= 0, day >= 0, own >= 0, others >= 0
        else { return nil }
        self.places = places
        self.limit = Limit(rawValue: limit)
        self.wait = .milliseconds(wait)
        self.day = UTCDay(number: day)
        ownAudio = .microseconds(own)
        othersAudio = .microseconds(others)
    }

    /// Why a newcomer has no place.
    func refusal(of tenant: TenantName, within limits: TenantLimits?) -> Admission {
        let what =
            limit.flatMap { $0 == .sharedState ? nil : limits?.what($0, of: tenant) }
            ?? "the shared state begins anew, and waits for all relays to say what they hold"
        return .over(limit ?? .sharedState, what: what, retryAfter: wait)
    }
}

extension Admission {
    /// The shared state does not answer.
    static let sharedStateAway = Admission.over(
        .sharedState, what: "the shared state does not answer", retryAfter: .seconds(5))
}

extension TenantLimits {
    /// Whether a place for a session is something that all relays together have.
    var isShared: Bool { sessions != nil || newSessionsPerMinute != nil || audioHoursPerDay != nil }
}

extension Duration {
    /// Whole microseconds, rounded down.
    var microseconds: Int {
        Int(clamping: wholeNanoseconds / 1000)
    }
}

extension Int? {
    /// As scripts take a bound: -1 is none.
    var word: String { map { "\($0)" } ?? "-1" }
}
