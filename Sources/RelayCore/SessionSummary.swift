import Policy
import Timing

/// The facts of one session or refusal, as known at its end.
package struct SessionSummary: Equatable, Sendable {
    /// The session's id.
    package var id: String
    /// Whom the client belongs to, once that was known.
    package var tenant: TenantName?
    /// What proved the tenant.
    package var proof: CredentialProof?
    /// Where the client was, as far as balancers before the relay are believed.
    package var client: IPAddress?
    /// The request's `Origin`, as it came.
    package var origin: String?
    /// The zone the client asked for.
    package var asked: Zone?
    /// The zone that policy granted; nil when it granted none.
    package var granted: Zone?
    /// The zone that heard the session; nil when none was reached.
    package var zone: Zone?
    /// What was dialled; nil when none was reached.
    package var endpoint: Endpoint?
    /// Who answered there.
    package var peer: UpstreamPeer?
    /// The endpoints that could not be used, in the order they were dialled.
    package var failedDials: [FailedDial]
    /// Where this process stood when it was decided.
    package var site: Site
    /// The version of the policy it was decided under.
    package var policy: String
    /// The version of the policy it was last judged under.
    package var lastPolicy: String
    /// The rules that led to the decision.
    package var trail: [TrailStep]
    /// Why it ended.
    package var ending: Ending
    /// What the client was refused with, if it was.
    package var refusal: Refusal?
    /// From the request to the end.
    package var duration: Duration
    /// From the request to the open upstream; nil when none was.
    package var dialTime: Duration?
    /// What the client sent, as relayed.
    package var up: Meter
    /// What the provider sent, as relayed.
    package var down: Meter
    /// The audio that the zone heard, as the client sent it; nil where none was reached or it cannot be known.
    package var audio: Duration?
    /// The client was held back because its audio came too fast.
    package var wasPaced = false
    /// Who told the provider to finish.
    package var terminatedBy: Leg?
    /// The provider's own count of billed seconds, where it gave one.
    package var billedSeconds: Int?
    /// It was a token that was asked for, and refused: never a session.
    package var isForToken = false

    /// The limit that refused the session or ended it.
    package var limit: Limit? { refusal?.limit ?? ending.limit }
}

extension SessionSummary {
    /// The facts of a request for a session token that was refused. What was known of who asked is the caller's to add.
    package init(ofTokenRefused refusal: Refusal, id: String, under policy: PolicySnapshot, after duration: Duration) {
        self.init(
            id: id, failedDials: [], site: policy.site, policy: policy.version, lastPolicy: policy.version, trail: [],
            ending: .refused(refusal.name), refusal: refusal, duration: duration, up: Meter(), down: Meter(),
            isForToken: true)
    }
}
