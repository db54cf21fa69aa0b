import JSON
import Policy

/// The audit record of one session or refusal: who, what was asked, what was decided and by which rules, where the audio
/// went, and how it ended.
///
/// No field of it can hold a payload, a key, a token, a credential or a query.
package struct Receipt: Equatable, Sendable {
    /// The session's id.
    package var session: String
    /// When the request came: RFC 3339, UTC, milliseconds.
    package var start: String
    /// When it was over; as `start`.
    package var end: String
    /// The client's IP address, by the word of balancers that are believed or the system's.
    package var client: String?
    /// Whom the client belongs to, once that was known.
    package var tenant: TenantName?
    /// What proved it.
    package var credential: Credential?
    /// What was asked for.
    package var request: Request
    /// The zone asked for.
    package var asked: Zone?
    /// The request's `Origin` as it came.
    package var origin: String?
    /// The zone that policy granted; nil when it granted none.
    package var granted: Zone?
    /// What the client was refused with, before or after a grant.
    package var refusal: Denial?
    /// Each rule that was looked at, in order.
    package var rules: [TrailStep]
    /// Where the relay stands.
    package var site: Site
    /// The version of the policy that decided.
    package var policy: String
    /// The version it was last judged under.
    package var lastPolicy: String
    /// Where the audio went; nil when no upstream was reached.
    package var upstream: Upstream?
    /// Endpoints that could not be used, in order.
    package var failedDials: [FailedDial]
    /// From the request to the end.
    package var milliseconds: Int
    /// From the request to the open upstream.
    package var dialMilliseconds: Int?
    /// What the client sent, as relayed.
    package var up: Traffic
    /// What the provider sent, as relayed.
    package var down: Traffic
    /// The audio the client sent; nil where it cannot be known.
    package var audioMilliseconds: Int?
    /// The provider's own count.
    package var billedSeconds: Int?
    /// Who told the provider to finish: `client` or `relay`.
    package var terminatedBy: String?
    /// Why it ended: the same word as in logs and metrics.
    package var ending: String
    /// The limit that refused or ended it, by its name.
    package var limit: String?
    /// The code of the Close frame that ended it, where a peer sent one.
    package var closeCode: Int?

    /// What a request may be for. A session needs no word in the line.
    package enum Request: String, Sendable {
        case session
        case token
    }

    /// What proved the tenant: never the credential itself.
    package struct Credential: Equatable, Sendable {
        /// Its kind, such as `key`.
        package let kind: String
        /// Its name in the policy.
        package let name: String
        /// The first digits of its hash.
        package let id: String

        package init(kind: String, name: String, id: String) {
            self.kind = kind
            self.name = name
            self.id = id
        }
    }

    /// What a client was refused with.
    package struct Denial: Equatable, Sendable {
        /// The refusal's name.
        package let name: String
        /// Why, for people.
        package let sentence: String

        package init(name: String, sentence: String) {
            self.name = name
            self.sentence = sentence
        }
    }

    /// The endpoint that heard the session.
    package struct Upstream: Equatable, Sendable {
        /// Its zone.
        package let zone: Zone
        /// Its URL, without any query.
        package let endpoint: String
        /// The address connected to.
        package var address: String?
        /// The SHA-256 of the certificate shown there, in hex.
        package var certificate: String?

        package init(zone: Zone, endpoint: String, address: String? = nil, certificate: String? = nil) {
            self.zone = zone
            self.endpoint = endpoint
            self.address = address
            self.certificate = certificate
        }
    }

    /// An endpoint that could not be used.
    package struct FailedDial: Equatable, Sendable {
        /// Its URL.
        package let endpoint: String
        /// What went wrong, from a closed list.
        package let kind: String

        package init(endpoint: String, kind: String) {
            self.endpoint = endpoint
            self.kind = kind
        }
    }

    /// What one direction brought.
    package struct Traffic: Equatable, Sendable {
        /// Data frames.
        package let frames: UInt64
        /// Payload bytes.
        package let bytes: UInt64

        package init(frames: UInt64, bytes: UInt64) {
            self.frames = frames
            self.bytes = bytes
        }
    }

    /// What is not given is not known.
    package init(
        session: String, start: String, end: String, client: String? = nil, tenant: TenantName? = nil,
        credential: Credential? = nil, request: Request = .session, asked: Zone? = nil, origin: String? = nil,
        granted: Zone? = nil,
        refusal: Denial? = nil,
        rules: [TrailStep] = [], site: Site, policy: String, lastPolicy: String? = nil, upstream: Upstream? = nil,
        failedDials: [FailedDial] = [], milliseconds: Int, dialMilliseconds: Int? = nil,
        up: Traffic = Traffic(frames: 0, bytes: 0), down: Traffic = Traffic(frames: 0, bytes: 0),
        audioMilliseconds: Int? = nil, billedSeconds: Int? = nil, terminatedBy: String? = nil, ending: String,
        limit: String? = nil, closeCode: Int? = nil
    ) {
        self.session = session
        self.start = start
        self.end = end
        self.client = client
        self.tenant = tenant
        self.credential = credential
        self.request = request
        self.asked = asked
        self.origin = origin
        self.granted = granted
        self.refusal = refusal
        self.rules = rules
        self.site = site
        self.policy = policy
        self.lastPolicy = lastPolicy ?? policy
        self.upstream = upstream
        self.failedDials = failedDials
        self.milliseconds = milliseconds
        self.dialMilliseconds = dialMilliseconds
        self.up = up
        self.down = down
        self.audioMilliseconds = audioMilliseconds
        self.billedSeconds = billedSeconds
        self.terminatedBy = terminatedBy
        self.ending = ending
        self.limit = limit
        self.closeCode = closeCode
    }

    /// Whether the client was refused before any upstream was reached.
    package var isRefusal: Bool { refusal != nil && upstream == nil }
}

// MARK: - Members

/// The one order of a receipt's members. What is not known is left out.
extension Receipt {
    func write(to line: inout JSONObjectWriter) {
        line.member("session", session)
        line.member("start", start)
        line.member("end", end)
        if let client { line.member("client", client) }
        if let tenant { line.member("tenant", tenant.text) }
        if let credential { line.member("credential", json: credential.object.json) }
        if request != .session { line.member("request", request.rawValue) }
        if let asked { line.member("asked", asked.name) }
        if let origin { line.member("origin", origin) }
        writeDecision(to: &line)
        line.member("site", site.name)
        if let zone = site.zone { line.member("site_zone", zone.name) }
        line.member("policy", policy)
        line.member("last_policy", lastPolicy)
        upstream?.write(to: &line)
        if !failedDials.isEmpty { line.member("failed_dials", json: JSONText.array(failedDials.map(\.object.json))) }
        writeMeasures(to: &line)
        if let terminatedBy { line.member("terminated_by", terminatedBy) }
        line.member("ending", ending)
        if let limit { line.member("limit", limit) }
        if let closeCode { line.member("close_code", closeCode) }
    }

    private func writeDecision(to line: inout JSONObjectWriter) {
        line.member("decision", granted == nil ? "refused" : "granted")
        if let granted { line.member("granted", granted.name) }
        if let refusal {
            line.member("refusal", refusal.name)
            line.member("sentence", refusal.sentence)
        }
        line.member("rules", json: JSONText.array(rules.map(\.object.json)))
    }

    private func writeMeasures(to line: inout JSONObjectWriter) {
        line.member("duration_ms", milliseconds)
        if let dialMilliseconds { line.member("dial_ms", dialMilliseconds) }
        line.member("frames_up", Int(clamping: up.frames))
        line.member("bytes_up", Int(clamping: up.bytes))
        line.member("frames_down", Int(clamping: down.frames))
        line.member("bytes_down", Int(clamping: down.bytes))
        if let audioMilliseconds { line.member("audio_ms", audioMilliseconds) }
        if let billedSeconds { line.member("billed_seconds", billedSeconds) }
    }
}

extension Receipt.Credential {
    fileprivate var object: JSONObjectWriter {
        var object = JSONObjectWriter()
        object.member("kind", kind)
        object.member("name", name)
        object.member("id", id)
        return object
    }
}

extension Receipt.Upstream {
    fileprivate func write(to line: inout JSONObjectWriter) {
        line.member("zone", zone.name)
        line.member("endpoint", endpoint)
        if let address { line.member("peer", address) }
        if let certificate { line.member("certificate_sha256", certificate) }
    }
}

extension Receipt.FailedDial {
    fileprivate var object: JSONObjectWriter {
        var object = JSONObjectWriter()
        object.member("endpoint", endpoint)
        object.member("kind", kind)
        return object
    }
}

extension TrailStep {
    fileprivate var object: JSONObjectWriter {
        var object = JSONObjectWriter()
        object.member("rule", rule.rawValue)
        object.member("finding", finding.rawValue)
        object.member("sentence", sentence)
        return object
    }
}
