// What is true of the relay as a whole, and of the records it keeps.

extension MetricFamily {
    static let ofRelay: [MetricFamily] = [
        .build, .ready, .draining, .policy, .policySince, .reloads, .lastReload, .sessionsAdmitted, .sessionsLimit,
        .decisions, .refusals, .refusalsLimited, .limits, .http2ConnectionsEnded, .tokensMinted, .keySetFetches,
        .sharedStateUp, .sharedStateCommands, .sharedStateSeconds, .traceSpans,
    ]

    /// 1, with the program's version.
    package static let build = MetricFamily("build_info", .gauge, ["version"], "The program's version; always 1.")
    /// Whether new clients should be sent here.
    package static let ready = MetricFamily("ready", .gauge, [], "1 while new clients should be sent here.")
    /// Whether the relay shuts down.
    package static let draining = MetricFamily("draining", .gauge, [], "1 once the relay shuts down.")
    /// 1, with the policy's version.
    package static let policy = MetricFamily(
        "policy_info", .gauge, ["version"], "The version of the policy in force; always 1.")
    /// Since when this version of the policy is in force.
    package static let policySince = MetricFamily(
        "policy_since_timestamp_seconds", .gauge, [],
        "When the version of the policy in force came into force, in Unix time.")
    /// Attempts to load the configuration anew.
    package static let reloads = MetricFamily(
        "reloads_total", .counter, ["outcome"], "Attempts to load a changed configuration.")
    /// When the configuration in force was loaded.
    package static let lastReload = MetricFamily(
        "last_reload_success_timestamp_seconds", .gauge, [], "When the configuration in force was loaded, in Unix time."
    )
    /// Places of the relay's limit that are taken.
    package static let sessionsAdmitted = MetricFamily(
        "sessions_admitted", .gauge, [], "Sessions that hold a place now, those still being dialled among them.")
    /// The relay's limit of sessions.
    package static let sessionsLimit = MetricFamily("sessions_limit", .gauge, [], "Sessions the relay takes at once.")
    /// What policy decided. The zone is `none` for a refusal.
    package static let decisions = MetricFamily(
        "decisions_total", .counter, ["decision", "zone"],
        "Decisions: granted with its zone, or the refusal's name.")
    /// Requests and sessions refused.
    package static let refusals = MetricFamily(
        "refusals_total", .counter, ["refusal"], "Requests and sessions refused, by the refusal's name.")
    /// Refusals told as `limit` alone.
    package static let refusalsLimited = MetricFamily(
        "refusals_limited_total", .counter, ["by"],
        "Refusals beyond a limit of refusals, told as limit and recorded in numbers alone, by whose limit.")
    /// Connections and requests refused, sessions ended and clients slowed down by a limit.
    package static let limits = MetricFamily(
        "limits_reached_total", .counter, ["limit"],
        "Connections and requests refused, sessions ended and clients slowed down by a limit, by the limit.")
    /// HTTP/2 connections ended for a fault of the client's.
    package static let http2ConnectionsEnded = MetricFamily(
        "http2_connections_ended_total", .counter, ["reason"],
        "HTTP/2 connections ended because of the client: by what it did too much of, or by the error of HTTP/2.")
    /// Session tokens minted. The zone is `none` where a token is bound to none.
    package static let tokensMinted = MetricFamily(
        "tokens_minted_total", .counter, ["zone"], "Session tokens minted, by the zone they are bound to.")
    /// Spans of traces.
    package static let traceSpans = MetricFamily(
        "trace_spans_total", .counter, ["outcome"], "Spans of traces: those a collector took, and those dropped.")
    /// Requests for the keys of identity providers.
    package static let keySetFetches = MetricFamily(
        "key_set_fetches_total", .counter, ["issuer", "outcome"],
        "Times the keys of an identity provider were asked for; those known stay in use when it fails.")
}

extension MetricFamily {
    static let ofReceipts: [MetricFamily] = [
        .receiptsWritten, .receiptsWaiting, .receiptsUnwritable, .receiptsGivenUp, .receiptWriteFailures,
    ]

    /// Receipts in the file.
    package static let receiptsWritten = MetricFamily("receipts_written_total", .counter, [], "Receipts written.")
    /// Receipts on their way to the file.
    package static let receiptsWaiting = MetricFamily(
        "receipts_waiting", .gauge, [], "Receipts that wait to be written.")
    /// Whether the receipts' file cannot be written.
    package static let receiptsUnwritable = MetricFamily(
        "receipts_unwritable", .gauge, [], "1 while receipts cannot be written.")
    /// Refusals that are only counted in the file.
    package static let receiptsGivenUp = MetricFamily(
        "receipts_given_up_total", .counter, [], "Refusals without a receipt of their own; the log has their number.")
    /// Attempts that the file refused.
    package static let receiptWriteFailures = MetricFamily(
        "receipt_write_failures_total", .counter, [], "Attempts to write receipts that failed; they are made again.")
    /// Whether what several relays share answers.
    package static let sharedStateUp = MetricFamily(
        "shared_state_up", .gauge, [], "1 while the Redis server that counts for several relays answers.")
    /// What was asked of it.
    package static let sharedStateCommands = MetricFamily(
        "shared_state_commands_total", .counter, ["outcome"],
        "Commands to the Redis server that counts for several relays: answered, refused by it, or unanswered.")
    /// How long it took.
    package static let sharedStateSeconds = MetricFamily(
        "shared_state_seconds", .histogram, [],
        bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
        "How long answers of the Redis server took.")
}
