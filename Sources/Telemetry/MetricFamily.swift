/// What is counted: a closed list, and the labels of each. No label can hold what a peer wrote: their values are zones,
/// endpoints, issuers and policy versions of the configuration, and names from closed lists.
package struct MetricFamily: Hashable, Sendable {
    /// As it is exposed, its unit at the end.
    package let name: String
    /// One sentence for people.
    package let help: String
    /// What its values mean.
    package let kind: Kind
    /// The names of its labels, in the order their values are given.
    package let labels: [String]
    /// A histogram's upper bounds, ascending, without infinity.
    package let bounds: [Double]

    /// What the values of a family mean.
    package enum Kind: String, Sendable {
        /// Only grows, until the process ends.
        case counter
        /// Goes up and down.
        case gauge
        /// Observations, by size.
        case histogram
    }

    private init(_ name: String, _ kind: Kind, _ labels: [String], bounds: [Double] = [], _ help: String) {
        self.name = "tidegate_" + name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.bounds = bounds
    }

    package static func == (left: MetricFamily, right: MetricFamily) -> Bool { left.name == right.name }

    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension MetricFamily {
    /// Every family, in the order of exposition.
    package static let all: [MetricFamily] = [
        .build, .policy, .sessionsOpen, .sessions, .refusals, .refusalsLimited, .tokensMinted, .dialFailures,
        .failovers,
        .dialSeconds,
        .frames, .bytes,
        .audioSeconds, .policyEnds, .keysRefused, .verificationFailures, .reloads, .lastReload, .receiptsWritten,
        .receiptsWaiting,
        .receiptsUnwritable,
        .endpointUsable, .keySetFetches,
    ]

    /// 1, with the program's version.
    package static let build = MetricFamily("build_info", .gauge, ["version"], "The program's version; always 1.")
    /// 1, with the policy's version.
    package static let policy = MetricFamily(
        "policy_info", .gauge, ["version"], "The version of the policy in force; always 1.")
    /// Sessions whose upstream is open.
    package static let sessionsOpen = MetricFamily("sessions_open", .gauge, ["zone"], "Sessions open now.")
    /// Sessions that ended. The zone is `none` where none was reached.
    package static let sessions = MetricFamily(
        "sessions_total", .counter, ["zone", "ending"], "Sessions that ended, by zone and the reason.")
    /// Requests and sessions refused.
    package static let refusals = MetricFamily(
        "refusals_total", .counter, ["refusal"], "Requests and sessions refused, by the refusal's name.")
    /// Session tokens minted. The zone is `none` where a token is bound to none.
    package static let tokensMinted = MetricFamily(
        "tokens_minted_total", .counter, ["zone"], "Session tokens minted, by the zone they are bound to.")
    /// Refusals told as `limit` alone.
    package static let refusalsLimited = MetricFamily(
        "refusals_limited_total", .counter, ["by"],
        "Refusals beyond a limit of refusals, told as limit and recorded in numbers alone, by whose limit.")
    /// Dials that failed, failed verifications among them.
    package static let dialFailures = MetricFamily(
        "dial_failures_total", .counter, ["zone", "kind"],
        "Dials that failed; not-verified and address-forbidden are breaches of rule 7.")
    /// Dials after another of the same session had failed.
    package static let failovers = MetricFamily(
        "failovers_total", .counter, ["from", "to"], "Dials after a failed one of the same session, by both zones.")
    /// From a request to its open upstream.
    package static let dialSeconds = MetricFamily(
        "dial_seconds", .histogram, ["zone"], bounds: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
        "From a request to its open upstream.")
    /// Data frames relayed.
    package static let frames = MetricFamily(
        "frames_total", .counter, ["zone", "direction"], "Data frames relayed; up is from the client.")
    /// Payload bytes relayed.
    package static let bytes = MetricFamily(
        "payload_bytes_total", .counter, ["zone", "direction"], "Payload bytes relayed; up is from the client.")
    /// Audio of ended sessions.
    package static let audioSeconds = MetricFamily(
        "audio_seconds_total", .counter, ["zone"], "Audio that clients sent in sessions that ended, where it is known.")
    /// Addresses that were not what they should be.
    package static let verificationFailures = MetricFamily(
        "verification_failures_total", .counter, ["zone", "reason"],
        "Addresses whose verification failed, by its reason.")
    /// Provider keys refused.
    package static let keysRefused = MetricFamily(
        "provider_keys_refused_total", .counter, ["zone", "key"],
        "Times a provider refused the current or the previous key.")
    /// Sessions that a new policy ended.
    package static let policyEnds = MetricFamily(
        "policy_ended_sessions_total", .counter, ["zone"], "Sessions ended because a new policy forbids them.")
    /// Attempts to load the configuration anew.
    package static let reloads = MetricFamily(
        "reloads_total", .counter, ["outcome"], "Attempts to load a changed configuration.")
    /// When the configuration in force was loaded.
    package static let lastReload = MetricFamily(
        "last_reload_success_timestamp_seconds", .gauge, [], "When the configuration in force was loaded, in Unix time."
    )
    /// Receipts in the file.
    package static let receiptsWritten = MetricFamily("receipts_written_total", .counter, [], "Receipts written.")
    /// Receipts on their way to the file.
    package static let receiptsWaiting = MetricFamily(
        "receipts_waiting", .gauge, [], "Receipts that wait to be written.")
    /// Whether the receipts' file cannot be written.
    package static let receiptsUnwritable = MetricFamily(
        "receipts_unwritable", .gauge, [], "1 while receipts cannot be written.")
    /// Whether an endpoint is dialled.
    package static let endpointUsable = MetricFamily(
        "endpoint_usable", .gauge, ["zone", "endpoint"], "1 while an endpoint is dialled, 0 while it is left out.")
    /// Requests for the keys of identity providers.
    package static let keySetFetches = MetricFamily(
        "key_set_fetches_total", .counter, ["issuer", "outcome"],
        "Times the keys of an identity provider were asked for; those known stay in use when it fails.")
}
