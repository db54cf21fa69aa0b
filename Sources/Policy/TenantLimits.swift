/// What one tenant may use. `nil`: no bound beyond the relay's own.
package struct TenantLimits: Equatable, Sendable {
    /// Sessions at once.
    package var sessions: Int?
    /// Sessions begun in any minute.
    package var newSessionsPerMinute: Int?
    /// Times real time, averaged over ten seconds.
    package var audioRate: Double?
    /// Hours of audio in a day, UTC.
    package var audioHoursPerDay: Double?
    /// How long one session may last.
    package var session: Duration?

    package init(
        sessions: Int? = nil, newSessionsPerMinute: Int? = nil, audioRate: Double? = nil,
        audioHoursPerDay: Double? = nil,
        session: Duration? = nil
    ) {
        self.sessions = sessions
        self.newSessionsPerMinute = newSessionsPerMinute
        self.audioRate = audioRate
        self.audioHoursPerDay = audioHoursPerDay
        self.session = session
    }

    /// The audio of a day; a thousand years, if it is more.
    package var audioPerDay: Duration? {
        audioHoursPerDay.map { .milliseconds(Int64(max(1, (min($0, 8_766_000) * 3_600_000).rounded()))) }
    }
}

// MARK: For people

extension TenantLimits {
    /// What there is no more of when a tenant's limit is reached: completes "A limit is reached: …".
    package func what(_ limit: Limit, of tenant: TenantName) -> String {
        switch limit {
        case .sessions: "\(sessions ?? 0) sessions of tenant \(tenant)"
        case .newSessions: "\(newSessionsPerMinute ?? 0) new sessions of tenant \(tenant) in a minute"
        case .audioHours: "the audio of tenant \(tenant) for today, UTC"
        default: limit.rawValue
        }
    }

    /// Each bound that there is, in the order of the policy file: what it bounds and how.
    package var bounds: [(limit: Limit, text: String)] {
        let all: [(Limit, String?)] = [
            (.sessions, sessions.map { "\($0) \($0 == 1 ? "session" : "sessions") at once" }),
            (.newSessions, newSessionsPerMinute.map { "\($0) new in a minute" }),
            (.audioRate, audioRate.map { "audio at \(Self.plain($0)) times real time" }),
            (.audioHours, audioHoursPerDay.map { "\(Self.plain($0)) hours of audio a day (UTC)" }),
            (.sessionTime, session.map { "\(Self.plain($0)) a session" }),
        ]
        return all.compactMap { limit, text in text.map { (limit, $0) } }
    }

    /// Each bound that another set of limits has differently: what it is here, and what it is there; `nil`: there is none.
    package func changes(to other: TenantLimits) -> [(limit: Limit, before: String?, after: String?)] {
        let before = Dictionary(uniqueKeysWithValues: bounds.map { ($0.limit, $0.text) })
        let after = Dictionary(uniqueKeysWithValues: other.bounds.map { ($0.limit, $0.text) })
        return Limit.allCases.filter { before[$0] != after[$0] }.map { ($0, before[$0], after[$0]) }
    }

    /// `1.5`, and `2` for 2.0.
    private static func plain(_ number: Double) -> String {
        Int(exactly: number).map { "\($0)" } ?? "\(number)"
    }

    /// In the largest unit of the policy file that divides it.
    private static func plain(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if attoseconds != 0 { return "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000) ms" }
        for (unit, name) in [(3600, "h"), (60, "min")] as [(Int64, String)] where seconds % unit == 0 {
            return "\(seconds / unit) \(name)"
        }
        return "\(seconds) s"
    }
}
