import Policy

/// Limits that bind nobody, bind too much, or are undone by what others are allowed.
extension Weaknesses {
    /// The relay's own bound is met first.
    mutating func findIdleLimits(_ item: PolicyFile.PlacedTenant) {
        let limits = item.tenant.limits
        if let sessions = limits.sessions, sessions > settings.limits.sessions {
            warn(
                item, "sessions",
                "tenant \(item.tenant.name) may have \(sessions) sessions, and the whole relay \(settings.limits.sessions); "
                    + "lower it, or raise `limits: sessions:` of the relay")
        }
        if let session = limits.session, session > settings.timeouts.session {
            warn(
                item, "session",
                "sessions of tenant \(item.tenant.name) end earlier, by `timeouts: session:` of the relay; lower it, or "
                    + "raise that one")
        }
    }

    /// Whoever speaks does so in real time.
    mutating func findSlowed(_ item: PolicyFile.PlacedTenant) {
        guard let rate = item.tenant.limits.audioRate, rate < 1 else { return }
        warn(
            item, "audio_rate",
            "speech of tenant \(item.tenant.name) comes slower than it is spoken, and every session falls behind; allow 1 "
                + "at least")
    }

    /// Audio that the relay cannot measure.
    mutating func findUnmeasured(_ item: PolicyFile.PlacedTenant) {
        let zones = settings.zones.filter { zone in
            zone.provider == .generic && zone.audioBytesPerSecond == nil && item.tenant.residency.admits(zone.zone)
        }
        guard let zone = zones.first else { return }
        for (name, isSet) in [
            ("audio_rate", item.tenant.limits.audioRate != nil),
            ("audio_hours_per_day", item.tenant.limits.audioHoursPerDay != nil),
        ] where isSet {
            warn(
                item, name,
                "\(name) does not bind tenant \(item.tenant.name) in zone \(zone.zone), whose audio cannot be measured; give "
                    + "the zone `audio_bytes_per_second`")
        }
    }

    /// The provider counts new sessions by account. Where some tenants of one are bounded and others are not, the others can
    /// use up what all of them share.
    mutating func findUnboundedNeighbours() {
        let sharing = tenants.filter { $0.providerKeys.isEmpty }
        let bounded = sharing.filter { $0.tenant.limits.newSessionsPerMinute != nil }
        let unbounded = sharing.filter { $0.tenant.limits.newSessionsPerMinute == nil }
        guard !bounded.isEmpty, let first = unbounded.first else { return }
        faults.warning(
            first.place,
            "\(Weaknesses.listed(unbounded.map(\.tenant.name.text))) may begin any number of sessions in a minute, and the "
                + "provider's own bound is for all who share a key; give them `limits: new_sessions_per_minute:`, too")
    }

    private mutating func warn(_ item: PolicyFile.PlacedTenant, _ key: String, _ sentence: String) {
        faults.warning(item.limitPlaces[key] ?? item.place, sentence)
    }
}
