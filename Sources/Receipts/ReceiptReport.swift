import Policy

/// What a receipt log adds up to: sessions, bytes and audio by tenant, zone and day, and the receipts that break a policy.
package struct ReceiptReport {
    /// The sums, by what they are of.
    package private(set) var sums: [Group: Sums] = [:]
    /// The receipts that break the policy, in the order of the log.
    package private(set) var breaches: [Breach] = []
    /// Receipts whose audio was judged.
    package private(set) var judged = 0

    private let policy: PolicySnapshot?
    private let days: Days

    /// What sums are of.
    package struct Group: Hashable, Comparable, Sendable {
        /// Empty: not known.
        package let tenant: String
        /// The zone that heard the audio; empty: none.
        package let zone: String
        /// UTC, `YYYY-MM-DD`.
        package let day: String

        package static func < (left: Group, right: Group) -> Bool {
            (left.tenant, left.zone, left.day) < (right.tenant, right.zone, right.day)
        }
    }

    /// Sums of one group.
    package struct Sums: Equatable, Sendable {
        /// Sessions with a receipt.
        package var sessions = 0
        /// Refusals.
        package var refusals = 0
        /// Sessions that were opened and have no receipt.
        package var unfinished = 0
        /// Payload bytes of the clients.
        package var bytesUp = 0
        /// Payload bytes of the provider.
        package var bytesDown = 0
        /// Audio of the clients, as far as it is known.
        package var audioMilliseconds = 0
        /// The provider's own count.
        package var billedSeconds = 0
    }

    /// A receipt that breaks the policy.
    package struct Breach: Equatable, Sendable {
        /// Where it stands.
        package let place: ReceiptPlace
        /// The session's id.
        package let session: String
        /// The tenant's name.
        package let tenant: String
        /// The zone that heard the audio.
        package let zone: String
        /// Why it should not have.
        package let sentence: String
    }

    /// The days reported on, both included; `nil`: without end. UTC, `YYYY-MM-DD`.
    package struct Days: Equatable, Sendable {
        private let from: String?
        private let to: String?

        /// `nil` when a text is no date.
        package init?(from: String? = nil, to: String? = nil) {
            guard [from, to].allSatisfy({ $0.map(Days.isDate) ?? true }) else { return nil }
            self.from = from
            self.to = to
        }

        func hold(_ day: String) -> Bool {
            from.map { $0 <= day } ?? true && to.map { day <= $0 } ?? true
        }

        private static func isDate(_ text: String) -> Bool {
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            let numbers = parts.compactMap { Int($0) }
            return parts.map(\.utf8.count) == [4, 2, 2] && numbers.count == 3 && (1...12).contains(numbers[1])
                && (1...31).contains(numbers[2])
        }
    }

    /// - Parameter policy: what receipts are judged by; `nil`: they are not.
    package init(under policy: PolicySnapshot? = nil, days: Days) {
        self.policy = policy
        self.days = days
    }

    /// Adds a line that stands where it belongs. Only receipts count.
    package mutating func add(_ line: ReceiptLine, at place: ReceiptPlace) {
        guard line.kind == .session || line.kind == .refusal, let start = line.string("start") else { return }
        let session = AuditedSession(line, at: place, time: start)
        guard days.hold(session.day) else { return }
        var sums = self.sums[session.group] ?? Sums()
        if line.kind == .session { sums.sessions += 1 } else { sums.refusals += 1 }
        sums.bytesUp.add(line.integer("bytes_up"))
        sums.bytesDown.add(line.integer("bytes_down"))
        sums.audioMilliseconds.add(line.integer("audio_ms"))
        sums.billedSeconds.add(line.integer("billed_seconds"))
        self.sums[session.group] = sums
        judge(session)
    }

    /// Adds the sessions that have no receipt. Call it last.
    package mutating func add(_ unfinished: [UnfinishedSession]) {
        for session in unfinished.map(AuditedSession.init) where days.hold(session.day) {
            sums[session.group, default: Sums()].unfinished += 1
            judge(session)
        }
    }

    /// Where no audio went there is nothing to break.
    private mutating func judge(_ session: AuditedSession) {
        guard let policy, let zone = session.zone else { return }
        judged += 1
        guard let sentence = session.breach(of: policy, in: zone) else { return }
        breaches.append(
            Breach(
                place: session.place, session: session.id, tenant: session.tenant, zone: zone, sentence: sentence))
    }
}

/// What a line says of one session, in its own words.
private struct AuditedSession {
    let place: ReceiptPlace
    let id: String
    let day: String
    let tenant: String
    let zone: String?
    let endpoint: String
    let site: Site

    init(_ line: ReceiptLine, at place: ReceiptPlace, time: String) {
        self.place = place
        id = line.string("session") ?? ""
        day = String(time.prefix(10))
        tenant = line.string("tenant") ?? ""
        zone = line.string("zone")
        endpoint = line.string("endpoint") ?? ""
        site = line.site
    }

    init(_ session: UnfinishedSession) {
        place = session.place
        id = session.session
        day = String(session.time.prefix(10))
        tenant = session.tenant
        zone = session.zone
        endpoint = session.endpoint
        site = session.site
    }

    var group: ReceiptReport.Group { ReceiptReport.Group(tenant: tenant, zone: zone ?? "", day: day) }

    /// Why the policy would not have let it be; `nil`: it would.
    func breach(of policy: PolicySnapshot, in zone: String) -> String? {
        guard let name = TenantName(tenant) else { return "It names no tenant." }
        guard let zone = Zone(zone) else { return "\(zone) can be no zone." }
        return refusal(ofAudioOf: name, in: zone, at: endpoint, by: site, under: policy)?.sentence
    }
}

extension Int {
    /// Sums of a log must not trap, whatever its numbers are.
    fileprivate mutating func add(_ number: Int?) {
        let (sum, isOver) = addingReportingOverflow(Swift.max(0, number ?? 0))
        self = isOver ? .max : sum
    }
}
