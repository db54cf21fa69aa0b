import Policy

/// What a receipt log turned out to be.
package struct ReceiptVerdict: Equatable, Sendable {
    /// What is wrong, in the order it showed; the first is exact, the others may be its consequences. At most `maxFaults`.
    package private(set) var faults: [ReceiptFault] = []
    /// How many faults there are.
    package private(set) var faultCount = 0
    /// Files read.
    package internal(set) var files = 0
    /// Lines read.
    package internal(set) var lines = 0
    /// The first line's number: 0, or else the lines before it were not given.
    package internal(set) var first: Int?
    /// The last line's number.
    package internal(set) var last: Int?
    /// The last line's hash: it stands for the whole log.
    package internal(set) var lastHash: String?
    /// Receipts of sessions.
    package internal(set) var sessions = 0
    /// Receipts of refusals.
    package internal(set) var refusals = 0
    /// Checkpoints; if keys were given, those whose signature is good.
    package internal(set) var checkpoints = 0
    /// Whether signatures were looked at.
    package internal(set) var signaturesChecked = false
    /// Lines behind the last checkpoint: chained, but not signed.
    package internal(set) var unsigned = 0
    /// Whether the log ends as its relay ended it. If not, the relay runs, or died, or lines are gone from the end.
    package internal(set) var isClosed = false
    /// Where the log ends in a line that was cut off: what a writer leaves that ended in the middle of a write.
    package internal(set) var tornTail: ReceiptPlace?
    /// Torn lines that the line below vouches for.
    package internal(set) var recovered = 0
    /// Refusals that the log says were not recorded.
    package internal(set) var lost = 0
    /// How often another log began.
    package internal(set) var newLogs = 0
    /// Sessions that were opened and have no receipt, by their id.
    package internal(set) var unfinished: [String: UnfinishedSession] = [:]

    /// Enough for people; a log that was cut to pieces must not fill memory.
    package static let maxFaults = 100

    /// Whether the log is as it was written, as far as it goes.
    package var isWhole: Bool { faultCount == 0 }

    /// Where the fault added last stands in `faults`; nil when it was not kept.
    var lastIndex: Int? { faultCount == faults.count ? faults.indices.last : nil }

    mutating func add(_ fault: ReceiptFault) {
        faultCount += 1
        if faults.count < Self.maxFaults { faults.append(fault) }
    }

    /// Says something else, now that more is known: of the fault at `index`, or else of the line itself.
    mutating func revise(_ fault: ReceiptFault, insteadOf index: Int? = nil) {
        guard let index = index ?? faults.lastIndex(where: { $0.place == fault.place }) else { return add(fault) }
        if faults.indices.contains(index) { faults[index] = fault }
    }
}

/// A session that was opened and has no receipt: its relay died, and its audio may have been heard.
package struct UnfinishedSession: Equatable, Sendable {
    /// Where its opening stands.
    package let place: ReceiptPlace
    /// Its id.
    package let session: String
    /// When it was opened.
    package let time: String
    /// Whom its client belonged to.
    package let tenant: String
    /// The zone of the endpoint.
    package let zone: String
    /// The endpoint that was dialled last.
    package let endpoint: String
    /// Where the relay stood.
    package let site: Site

    init?(_ line: ReceiptLine, at place: ReceiptPlace) {
        guard let session = line.string("session"), let time = line.string("time"),
            let tenant = line.string("tenant"), let zone = line.string("zone"), let endpoint = line.string("endpoint")
        else { return nil }
        self.place = place
        self.session = session
        self.time = time
        self.tenant = tenant
        self.zone = zone
        self.endpoint = endpoint
        site = line.site
    }
}
