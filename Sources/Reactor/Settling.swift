import Timing

/// When changes that come in a row are told, as one: editors and deployments touch several files, or one several times.
struct Settling {
    /// Nothing more has come for so long.
    static let quiet = Duration.milliseconds(50)
    /// Whoever changes files without a pause is told about after so long all the same.
    static let longest = Duration.milliseconds(300)

    private var first: Instant?
    private var last: Instant?

    /// Something has changed.
    mutating func note(at now: Instant) {
        first = first ?? now
        last = now
    }

    /// When what was noted is to be told; `nil`: there is nothing.
    var due: Instant? {
        guard let first, let last else { return nil }
        return min(last + Settling.quiet, first + Settling.longest)
    }

    /// Whether it is time to tell; what was noted is then forgotten.
    mutating func take(at now: Instant) -> Bool {
        guard let due, now >= due else { return false }
        self = Settling()
        return true
    }
}
