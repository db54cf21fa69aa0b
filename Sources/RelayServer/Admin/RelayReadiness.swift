import JSON
import Policy

/// Whether new clients should be sent here, and if not, why.
///
/// That the self-test has passed is no question here: there is no snapshot to serve by, and so no relay, unless it has.
struct RelayReadiness: Equatable {
    /// Sentences for people; none: ready.
    let reasons: [String]
    /// The policy in force.
    let policy: String

    init(_ state: RelayStatus.State) {
        policy = state.policy.version
        var reasons: [String] = []
        if state.isDraining { reasons.append("The relay is shutting down.") }
        if state.receipts?().isRefusing == true {
            reasons.append("Receipts cannot be written, and new sessions are refused meanwhile.")
        }
        if let isUsable = state.isUsable {
            for zone in Self.missedZones(of: state.policy, isUsable) {
                reasons.append("Zone \(zone) is needed and none of its endpoints can be used.")
            }
        }
        self.reasons = reasons
    }

    var isReady: Bool { reasons.isEmpty }

    var json: [UInt8] {
        var object = JSONObjectWriter()
        object.member("ready", isReady)
        object.member("policy", policy)
        object.member("reasons", json: reasonsJSON)
        return object.json
    }

    /// An array of sentences.
    var reasonsJSON: [UInt8] { JSONText.array(reasons.map { Array(JSONText.quoted($0).utf8) }) }

    /// The unusable zones that some tenant needs: one to whom policy leaves no other. A zone that is down while everybody who
    /// uses it has another one is not a reason to send all clients away.
    private static func missedZones(of policy: PolicySnapshot, _ isUsable: (Endpoint) -> Bool) -> [Zone] {
        let down = policy.zones.filter { !$0.endpoints.contains(where: isUsable) }.map(\.zone)
        guard !down.isEmpty else { return [] }
        let stranded = policy.tenants.values.map { tenant in policy.definedZones.filter(tenant.residency.admits) }
            .filter { $0.allSatisfy(down.contains) }
        return down.filter { zone in stranded.contains { $0.contains(zone) } }
    }
}
