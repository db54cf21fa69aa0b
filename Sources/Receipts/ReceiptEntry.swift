import JSON
import Policy

/// What one line of a receipt log says.
package enum ReceiptEntry: Equatable, Sendable {
    /// The receipt of a session or of a refusal.
    case receipt(Receipt)
    /// A session is about to be opened upstream.
    case opened(Opening)
    /// A relay begins to write.
    case started(Start)
    /// All lines before this one are vouched for by a signature.
    case checkpoint(Checkpoint)
    /// The lines above this one, up to the last whole one, were torn when their writer ended in the middle of a write.
    case recovered(Torn)
    /// So many refusals went unrecorded because the log could not be written for too long.
    case lost(Int, time: String)

    /// The line's kind, as it stands in it.
    package enum Kind: String, CaseIterable, Sendable {
        case session
        case refusal
        case opened
        case checkpoint
        case started
        case recovered
        case lost
    }

    /// A session that is about to be opened: should its relay die, this line says where its audio may have gone.
    package struct Opening: Equatable, Sendable {
        /// When; RFC 3339, UTC, milliseconds.
        package let time: String
        /// The session's id.
        package let session: String
        /// Whom the client belongs to.
        package let tenant: TenantName
        /// The endpoint's zone.
        package let zone: Zone
        /// The endpoint's URL.
        package let endpoint: String
        /// Where the relay stands.
        package let site: Site
        /// The version of the policy that granted it.
        package let policy: String

        package init(
            time: String, session: String, tenant: TenantName, zone: Zone, endpoint: String, site: Site, policy: String
        ) {
            self.time = time
            self.session = session
            self.tenant = tenant
            self.zone = zone
            self.endpoint = endpoint
            self.site = site
            self.policy = policy
        }
    }

    /// A relay that begins to write.
    package struct Start: Equatable, Sendable {
        /// When; RFC 3339, UTC, milliseconds.
        package let time: String
        /// Where it stands.
        package let site: Site
        /// The program and its version.
        package let program: String
        /// The version of its policy.
        package let policy: String
        /// The id of the public key that verifies its checkpoints; nil when it signs none.
        package let key: String?

        package init(time: String, site: Site, program: String, policy: String, key: String?) {
            self.time = time
            self.site = site
            self.program = program
            self.policy = policy
            self.key = key
        }
    }

    /// A signature over the line it stands in, and by the hash in it over all lines before.
    package struct Checkpoint: Equatable, Sendable {
        /// When; RFC 3339, UTC, milliseconds.
        package let time: String
        /// Whether the relay ended in order, so that nothing is to follow but another start.
        package let isClosing: Bool

        package init(time: String, isClosing: Bool = false) {
            self.time = time
            self.isClosing = isClosing
        }
    }

    /// Bytes that are no line, and stay where they are.
    package struct Torn: Equatable, Sendable {
        /// When they were found; RFC 3339, UTC, milliseconds.
        package let time: String
        /// How many, the line feed that was put behind them not counted.
        package let bytes: Int
        /// Their SHA-256, in hex.
        package let hash: String

        package init(time: String, bytes: Int, hash: String) {
            self.time = time
            self.bytes = bytes
            self.hash = hash
        }
    }

    /// Its line's kind.
    package var kind: Kind {
        switch self {
        case .receipt(let receipt): receipt.isRefusal ? .refusal : .session
        case .opened: .opened
        case .checkpoint: .checkpoint
        case .started: .started
        case .recovered: .recovered
        case .lost: .lost
        }
    }
}

// MARK: - Members

extension ReceiptEntry {
    /// Adds what it says. Of a checkpoint, all but the key and the signature.
    func write(to line: inout JSONObjectWriter) {
        switch self {
        case .receipt(let receipt): receipt.write(to: &line)
        case .opened(let opening): opening.write(to: &line)
        case .started(let start): start.write(to: &line)
        case .checkpoint(let checkpoint):
            line.member("time", checkpoint.time)
            if checkpoint.isClosing { line.member("closing", true) }
        case .recovered(let torn):
            line.member("time", torn.time)
            line.member("bytes", torn.bytes)
            line.member("sha256", torn.hash)
        case .lost(let count, let time):
            line.member("time", time)
            line.member("count", count)
        }
    }
}

extension ReceiptEntry.Opening {
    fileprivate func write(to line: inout JSONObjectWriter) {
        line.member("session", session)
        line.member("time", time)
        line.member("tenant", tenant.text)
        line.member("zone", zone.name)
        line.member("endpoint", endpoint)
        line.member("site", site.name)
        if let zone = site.zone { line.member("site_zone", zone.name) }
        line.member("policy", policy)
    }
}

extension ReceiptEntry.Start {
    fileprivate func write(to line: inout JSONObjectWriter) {
        line.member("time", time)
        line.member("site", site.name)
        if let zone = site.zone { line.member("site_zone", zone.name) }
        line.member("program", program)
        line.member("policy", policy)
        if let key { line.member("key", key) }
    }
}
