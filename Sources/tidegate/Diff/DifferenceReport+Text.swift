extension DifferenceReport {
    /// For people: a line for each thing that differs, with the rule that makes it so below.
    var text: String {
        var lines = ["Policy \(before) → \(after)."] + tenants.flatMap(\.lines) + keys.flatMap(\.lines)
        if tenants.isEmpty, keys.isEmpty { lines.append("Every request is decided as before.") }
        if let sessions { lines += ["Live sessions that would end: \(sessions.count)."] + sessions.flatMap(\.lines) }
        return lines.joined(separator: "\n")
    }
}

extension DifferenceReport.SessionEntry {
    fileprivate var lines: [String] {
        ["  \(id) of \(tenant) in \(zone): \(refusal)", "        \(sentence)"]
    }
}

extension DifferenceReport.TenantEntry {
    fileprivate var lines: [String] {
        switch change {
        case "added": ["+ tenant \(tenant)"]
        case "removed": ["- tenant \(tenant): whoever proves it is refused (unauthenticated)"]
        default:
            ["~ tenant \(tenant): \(members.isEmpty ? "decided differently" : members.joined(separator: ", "))"]
                + requests.flatMap(\.lines) + parameters.map(\.line) + limits.map(\.line)
        }
    }
}

extension DifferenceReport.LimitEntry {
    fileprivate var line: String {
        "    limit \(limit): \(before ?? "none") → \(after ?? "none")"
    }
}

extension DifferenceReport.ParameterEntry {
    fileprivate var line: String {
        "    \(names.count == 1 ? "parameter" : "parameters") \(names.joined(separator: ", ")): \(before) → \(after)"
    }
}

extension DifferenceReport.KeyEntry {
    fileprivate var lines: [String] {
        switch (before, after) {
        case (let before?, let after?):
            ["~ key \(key) of \(before) now proves \(after); sessions it has opened end"] + requests.flatMap(\.lines)
        case (let before?, nil): ["- key \(key) of \(before) is no longer accepted"]
        case (nil, let after?): ["+ key \(key) of \(after) is new"]
        case (nil, nil): []
        }
    }
}

extension DifferenceReport.RequestEntry {
    fileprivate var lines: [String] {
        [
            "    \(asked.map { "asks for \($0)" } ?? "asks for no zone"), \(place): \(before.word) → \(after.word)",
            "        rule \(after.rule): \(after.sentence)",
        ]
    }

    private var place: String {
        origins.map { origin in
            switch origin {
            case "none": "without Origin"
            case "any other": "from any other page"
            default: "from \(origin)"
            }
        }.joined(separator: " or ")
    }
}

extension DifferenceReport.VerdictEntry {
    /// The zones that may hear it, in order, or the refusal.
    fileprivate var word: String {
        guard let zone else { return "refused (\(refusal ?? ""))" }
        let zones = (endpoints ?? []).compactMap { $0.split(separator: " ").first }.map(String.init)
        return zones.reduce(into: [zone]) { if $0.last != $1 { $0.append($1) } }.joined(separator: ", then ")
    }
}
