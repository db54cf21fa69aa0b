import JSON
import Policy
import RelayCore

/// A refusal of late, with the rules that led to it. It has no member that could hold a credential, a query or a payload.
struct RecentRefusal: Sendable {
    /// When, in Unix time.
    let time: Double
    let kind: Kind
    let session: String
    let tenant: TenantName?
    let proof: CredentialProof?
    let asked: Zone?
    /// What heard it before it was refused.
    let zone: Zone?
    let origin: String?
    let refusal: Refusal
    let policy: String
    let trail: [TrailStep]
    let failedDials: [FailedDial]

    /// What was refused.
    enum Kind: String, Sendable {
        case session
        /// A request for a session token.
        case token
    }

    /// Of what is over; nil when it was not refused.
    init?(_ summary: SessionSummary, at time: Double, kind: Kind = .session) {
        guard let refusal = summary.refusal else { return nil }
        self.time = time
        self.kind = kind
        self.refusal = refusal
        (session, tenant, proof, origin) = (summary.id, summary.tenant, summary.proof, summary.origin)
        (asked, zone, policy) = (summary.asked, summary.zone, summary.lastPolicy)
        (trail, failedDials) = (summary.trail, summary.failedDials)
    }

    var json: [UInt8] {
        var object = JSONObjectWriter()
        object.member("time", WallClock.timestamp(at: time))
        object.member("kind", kind.rawValue)
        object.member("session", session)
        if let tenant { object.member("tenant", tenant.text) }
        if let proof { object.member("credential", json: proof.json) }
        if let asked { object.member("asked", asked.name) }
        if let zone { object.member("zone", zone.name) }
        // As long as it came, it could fill what is kept of others.
        if let origin { object.member("origin", String(origin.prefix(Self.maxOriginCharacters))) }
        object.member("refusal", refusal.name.rawValue)
        object.member("sentence", refusal.sentence)
        object.member("policy", policy)
        object.member("rules", json: JSONText.array(trail.map(\.json)))
        if !failedDials.isEmpty { object.member("failed_dials", json: JSONText.array(failedDials.map(\.json))) }
        return object.json
    }

    private static let maxOriginCharacters = 256
}

/// The refusals of late of one loop, as many as it keeps; a newer one takes the place of the oldest.
struct RecentRefusals {
    private var ring: [RecentRefusal] = []
    private var next = 0

    /// Each takes one or two kilobytes.
    static let capacity = 256

    mutating func add(_ refusal: RecentRefusal) {
        if ring.count < Self.capacity {
            ring.append(refusal)
        } else {
            ring[next] = refusal
        }
        next = (next + 1) % Self.capacity
    }

    /// In no order.
    var all: [RecentRefusal] { ring }
}

extension TrailStep {
    /// The rule, what it found and why.
    var json: [UInt8] {
        var object = JSONObjectWriter()
        object.member("rule", rule.rawValue)
        object.member("statement", rule.statement)
        object.member("finding", finding.rawValue)
        object.member("sentence", sentence)
        return object.json
    }
}

extension FailedDial {
    fileprivate var json: [UInt8] {
        var object = JSONObjectWriter()
        object.member("endpoint", endpoint.description)
        object.member("kind", failure.name)
        return object.json
    }
}

extension CredentialProof {
    /// Its kind and name; never the credential.
    var json: [UInt8] {
        var object = JSONObjectWriter()
        object.member("kind", kind.rawValue)
        object.member("name", name)
        object.member("id", id)
        return object.json
    }
}
