import Timing

/// What one relay has of one tenant whose limits several relays share: how many sessions, and who waits for a place.
///
/// It is told whole and never as a change, so a report that is lost, repeated or answered too late does no harm: the next
/// one is true again. One report at a time is under way, and those who come meanwhile go with the next.
///
/// A pure value: time is an argument.
package struct TenantShare: Equatable, Sendable {
    /// Sessions that have a place here.
    package private(set) var held = 0
    /// Those who want one, in the order in which they came.
    private var waiting: [String] = []
    private var underWay: Report?
    /// The last report that was answered.
    private var known: (report: Report, held: Int)?

    /// What is told at once.
    package struct Report: Equatable, Sendable {
        /// Sessions that have a place.
        package let held: Int
        /// Those who want one, by the names of their sessions.
        package let newcomers: [String]
        /// When it left.
        package let sentAt: Instant
    }

    /// Who goes with one report at most.
    package static let maxNewcomers = 256

    /// Nothing is held.
    package init() {}

    package static func == (left: TenantShare, right: TenantShare) -> Bool {
        left.held == right.held && left.waiting == right.waiting && left.underWay == right.underWay
            && left.known?.report == right.known?.report && left.known?.held == right.known?.held
    }

    /// A session has a place without having asked for one.
    package mutating func enter() {
        held += 1
    }

    /// A session that had a place is over.
    package mutating func leave() {
        held = max(0, held - 1)
    }

    /// A session wants a place.
    package mutating func wait(_ session: String) {
        waiting.append(session)
    }

    /// What is to be told now; nil: nothing is, or a report is under way. Whoever takes it calls `answered` or `failed` once.
    ///
    /// - Parameter isDue: there is something else to tell, or it is time to be heard of again.
    package mutating func nextReport(isDue: Bool, now: Instant) -> Report? {
        guard underWay == nil, isDue || !waiting.isEmpty || hasPlacesToGiveBack else { return nil }
        let report = Report(held: held, newcomers: Array(waiting.prefix(Self.maxNewcomers)), sentAt: now)
        waiting.removeFirst(report.newcomers.count)
        underWay = report
        return report
    }

    /// The report under way was answered: so many of its newcomers have a place. Returns who has one, and who has none.
    package mutating func answered(places: Int) -> (admitted: ArraySlice<String>, refused: ArraySlice<String>) {
        guard let report = underWay.take() else { return ([], []) }
        let places = min(max(0, places), report.newcomers.count)
        held += places
        known = (report, report.held + places)
        return (report.newcomers[..<places], report.newcomers[places...])
    }

    /// Nothing can be told. Returns all who wait.
    package mutating func failed() -> [String] {
        defer { (underWay, waiting) = (nil, []) }
        return (underWay?.newcomers ?? []) + waiting
    }

    /// Nobody is to be asked any more: all who wait, and with whom no report is under way, have a place. Returns them.
    package mutating func admitAll() -> [String] {
        defer { waiting = [] }
        held += waiting.count
        return waiting
    }

    /// Since when others know of what is held here: nobody can have been told of it later than this left.
    package var knownSince: Instant? { known?.report.sentAt }

    /// Whether there is nothing to be told of it any more.
    package var isEmpty: Bool { held == 0 && waiting.isEmpty && underWay == nil && !hasPlacesToGiveBack }

    private var hasPlacesToGiveBack: Bool { known.map { $0.held > held } ?? false }
}
