import Foundation
import Policy

/// What a new policy would change, as it is printed: for programs as it stands, for people as `text`.
struct DifferenceReport: Encodable {
    let before: String
    let after: String
    let tenants: [TenantEntry]
    let keys: [KeyEntry]
    /// The live sessions it would end; left out when no relay was asked.
    let sessions: [SessionEntry]?

    struct SessionEntry: Encodable {
        let id: String
        let tenant: String
        let zone: String
        let refusal: String
        let sentence: String
    }

    struct TenantEntry: Encodable {
        let tenant: String
        let change: String
        let members: [String]
        let requests: [RequestEntry]
        let parameters: [ParameterEntry]
        let limits: [LimitEntry]
    }

    struct LimitEntry: Encodable {
        let limit: String
        let before: String?
        let after: String?
    }

    struct ParameterEntry: Encodable {
        let names: [String]
        let before: String
        let after: String
    }

    struct KeyEntry: Encodable {
        let key: String
        let before: String?
        let after: String?
        let requests: [RequestEntry]
    }

    struct RequestEntry: Encodable {
        let asked: String?
        let origins: [String]
        let before: VerdictEntry
        let after: VerdictEntry
    }

    struct VerdictEntry: Encodable {
        let zone: String?
        let endpoints: [String]?
        let refusal: String?
        let site: String?
        let rule: Int
        let sentence: String
    }

    /// - Parameter sessions: those of a running relay; `nil`: none was asked.
    init(
        _ difference: PolicyDifference, from old: PolicySnapshot, to new: PolicySnapshot, sessions: [LiveSession]? = nil
    ) {
        before = old.version
        after = new.version
        tenants = difference.tenants.map(TenantEntry.init)
        keys = difference.keys.map(KeyEntry.init)
        self.sessions = sessions?.compactMap { session in
            session.refusal(from: old, to: new).map { SessionEntry(session, $0) }
        }
    }

    func json() throws -> String {
        try ReadableJSON.text(of: self)
    }
}

extension DifferenceReport.SessionEntry {
    fileprivate init(_ session: LiveSession, _ refusal: Refusal) {
        id = session.id
        tenant = session.tenant.text
        zone = session.zone.name
        self.refusal = refusal.name.rawValue
        sentence = refusal.sentence
    }
}

extension DifferenceReport.TenantEntry {
    fileprivate init(_ change: PolicyDifference.TenantChange) {
        tenant = change.name.text
        self.change = change.kind.rawValue
        members = change.members
        requests = change.requests.map(DifferenceReport.RequestEntry.init)
        parameters = change.parameters.map(DifferenceReport.ParameterEntry.init)
        limits = change.limits.map {
            DifferenceReport.LimitEntry(limit: $0.limit.rawValue, before: $0.before, after: $0.after)
        }
    }
}

extension DifferenceReport.ParameterEntry {
    fileprivate init(_ change: PolicyDifference.ParameterChange) {
        names = change.names.map { $0?.description ?? "any other" }
        before = change.before.word
        // A value may be a secret, and is not told.
        if case (.set, .set) = (change.before, change.after) {
            after = "set to another value"
        } else {
            after = change.after.word
        }
    }
}

extension SessionParameters.Fate {
    fileprivate var word: String {
        switch self {
        case .passes: "passed on"
        case .set: "set by policy"
        case .refused(.relay), .refused(.tenant): "refused"
        case .refused(.egress): "refused, because data could leave"
        }
    }
}

extension DifferenceReport.KeyEntry {
    fileprivate init(_ change: PolicyDifference.KeyChange) {
        key = change.name
        before = change.before?.text
        after = change.after?.text
        requests = change.requests.map(DifferenceReport.RequestEntry.init)
    }
}

extension DifferenceReport.RequestEntry {
    fileprivate init(_ change: PolicyDifference.RequestChange) {
        asked = change.asked?.name
        origins = change.origins.map { origin in
            switch origin {
            case .none: "none"
            case .listed(let pattern): "\(pattern)"
            case .foreign: "any other"
            }
        }
        before = DifferenceReport.VerdictEntry(change.before)
        after = DifferenceReport.VerdictEntry(change.after)
    }
}

extension DifferenceReport.VerdictEntry {
    fileprivate init(_ verdict: PolicyDifference.Verdict) {
        rule = verdict.rule.rawValue
        sentence = verdict.sentence
        switch verdict.outcome {
        case .granted(let zone, let endpoints):
            (self.zone, self.endpoints) = (zone.name, endpoints.map { "\($0.zone) \($0)" })
            (refusal, site) = (nil, nil)
        case .refused(let name, let site):
            (zone, endpoints) = (nil, nil)
            (refusal, self.site) = (name.rawValue, site)
        }
    }
}
