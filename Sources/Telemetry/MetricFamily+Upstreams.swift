// How the endpoints of the zones do.

extension MetricFamily {
    static let ofUpstreams: [MetricFamily] = [
        .dialSeconds, .dialFailures, .failovers, .verificationFailures, .keysRefused, .endpointUsable, .breakerState,
        .breakerOpenings,
    ]

    /// From a request to its open upstream.
    package static let dialSeconds = MetricFamily(
        "dial_seconds", .histogram, ["zone"], bounds: upToTenSeconds, "From a request to its open upstream.")
    /// Dials that failed, failed verifications among them.
    package static let dialFailures = MetricFamily(
        "dial_failures_total", .counter, ["zone", "kind"],
        "Dials that failed; not-verified and address-forbidden are breaches of rule 7.")
    /// Dials after another of the same session had failed.
    package static let failovers = MetricFamily(
        "failovers_total", .counter, ["from", "to"], "Dials after a failed one of the same session, by both zones.")
    /// Addresses that were not what they should be.
    package static let verificationFailures = MetricFamily(
        "verification_failures_total", .counter, ["zone", "reason"],
        "Addresses whose verification failed, by its reason.")
    /// Provider keys refused.
    package static let keysRefused = MetricFamily(
        "provider_keys_refused_total", .counter, ["zone", "key"],
        "Times a provider refused the current or the previous key.")
    /// Whether an endpoint is dialled.
    package static let endpointUsable = MetricFamily(
        "endpoint_usable", .gauge, ["zone", "endpoint"], "1 while an endpoint is dialled, 0 while it is left out.")
    /// What state an endpoint's breaker is in.
    package static let breakerState = MetricFamily(
        "breaker_state", .gauge, ["zone", "endpoint", "state"],
        "1 for the state an endpoint's breaker is in, 0 for the others.")
    /// How often an endpoint's breaker opened.
    package static let breakerOpenings = MetricFamily(
        "breaker_openings_total", .counter, ["zone", "endpoint"], "Times an endpoint's breaker opened.")
}
