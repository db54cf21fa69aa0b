// What sessions do, by zone, and once more by tenant. The families by tenant stand apart, so that a scraper can leave them
// out and a sum over the others counts nothing twice.

extension MetricFamily {
    static let ofSessions: [MetricFamily] = [
        .sessionsOpen, .sessions, .sessionSeconds, .policyEnds, .frames, .bytes, .audioSeconds, .handshakeSeconds,
        .beginSeconds, .addedLatency,
    ]

    /// Sessions whose upstream is open.
    package static let sessionsOpen = MetricFamily("sessions_open", .gauge, ["zone"], "Sessions open now.")
    /// Sessions that ended. The zone is `none` where none was reached.
    package static let sessions = MetricFamily(
        "sessions_total", .counter, ["zone", "ending"], "Sessions that ended, by zone and the reason.")
    /// How long sessions lasted whose upstream was open.
    package static let sessionSeconds = MetricFamily(
        "session_seconds", .histogram, ["zone"], bounds: [1, 10, 60, 300, 900, 1800, 3600, 7200, 10800],
        "How long sessions lasted that ended, from the request on.")
    /// Sessions that a new policy ended.
    package static let policyEnds = MetricFamily(
        "policy_ended_sessions_total", .counter, ["zone"], "Sessions ended because a new policy forbids them.")
    /// Data frames relayed.
    package static let frames = MetricFamily(
        "frames_total", .counter, ["zone", "direction"], "Data frames relayed; up is from the client.")
    /// Payload bytes relayed.
    package static let bytes = MetricFamily(
        "payload_bytes_total", .counter, ["zone", "direction"], "Payload bytes relayed; up is from the client.")
    /// Audio that zones heard.
    package static let audioSeconds = MetricFamily(
        "audio_seconds_total", .counter, ["zone"], "Audio that clients sent, where it is known.")
    /// From an accepted connection to its complete request.
    package static let handshakeSeconds = MetricFamily(
        "handshake_seconds", .histogram, [], bounds: [0.005] + upToTenSeconds,
        "From an accepted connection to its complete request: TLS, and the client's way.")
    /// From a request to the provider's first word.
    package static let beginSeconds = MetricFamily(
        "begin_seconds", .histogram, ["zone"], bounds: upToTenSeconds, "From a request to the provider's Begin.")
    /// What the relay itself adds to the way of what passes.
    package static let addedLatency = MetricFamily(
        "added_latency_seconds", .histogram, ["direction"],
        bounds: [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1],
        "From a turn of the loop that hears of bytes to their being sent on; one read in 64 is measured.")

    /// Where handshakes and dials are told apart.
    static let upToTenSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
}

extension MetricFamily {
    static let ofTenants: [MetricFamily] = [
        .tenantSessionsOpen, .tenantSessions, .tenantDecisions, .tenantFrames, .tenantBytes, .tenantAudioSeconds,
    ]

    /// Sessions whose upstream is open, by tenant.
    package static let tenantSessionsOpen = MetricFamily(
        "tenant_sessions_open", .gauge, ["zone", "tenant"], "Sessions open now, by tenant; many tenants share other.")
    /// Sessions that ended, by tenant.
    package static let tenantSessions = MetricFamily(
        "tenant_sessions_total", .counter, ["zone", "tenant"], "Sessions that ended, by tenant.")
    /// What policy decided for tenants that were proved.
    package static let tenantDecisions = MetricFamily(
        "tenant_decisions_total", .counter, ["tenant", "decision"],
        "Decisions about tenants whose credential was good: granted, or the refusal's name.")
    /// Data frames relayed, by tenant.
    package static let tenantFrames = MetricFamily(
        "tenant_frames_total", .counter, ["zone", "tenant", "direction"], "Data frames relayed, by tenant.")
    /// Payload bytes relayed, by tenant.
    package static let tenantBytes = MetricFamily(
        "tenant_payload_bytes_total", .counter, ["zone", "tenant", "direction"], "Payload bytes relayed, by tenant.")
    /// Audio that zones heard, by tenant.
    package static let tenantAudioSeconds = MetricFamily(
        "tenant_audio_seconds_total", .counter, ["zone", "tenant"], "Audio that clients sent, by tenant.")
}
