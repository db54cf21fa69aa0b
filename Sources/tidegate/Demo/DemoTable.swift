import StandIn

/// The demonstration's result, as a table for people.
enum DemoTable {
    /// AssemblyAI's list price of its larger streaming model in autumn 2026, in USD an hour of open session.
    private static let dollarsPerHour = 0.45

    static func text(_ results: [DemoResult]) -> String {
        let head = ["tenant", "residency", "what it shows", "heard in", "turns", "billed", "would cost"]
        let rows = [head] + results.map(row)
        let widths = head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines = rows.map { line($0, widths) }
        lines.insert(widths.map { String(repeating: "─", count: $0) }.joined(separator: "  "), at: 1)
        return (lines + ["", "Refused, and why:"] + results.compactMap(refusal) + [""]).joined(separator: "\n")
    }

    private static func row(_ result: DemoResult) -> [String] {
        let residency = DemoTenant.all.first { $0.name == result.scene.tenant }?.residency ?? ""
        let seconds = result.billedSeconds
        return [
            result.scene.tenant, residency, result.scene.story, result.zone ?? "nowhere: refused",
            result.zone == nil ? "–" : "\(result.outcome.finals.count)", seconds.map { "\($0) s" } ?? "–",
            seconds.map { "$\(cents(Double($0) / 3600 * dollarsPerHour))" } ?? "–",
        ]
    }

    private static func refusal(_ result: DemoResult) -> String? {
        guard result.scene.zone == nil else { return nil }
        return "  \(result.scene.tenant), \(result.scene.story): \(result.refusal ?? "no reason was given")"
    }

    private static func line(_ cells: [String], _ widths: [Int]) -> String {
        zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
    }

    /// Four decimals: a session of seconds costs less than a cent.
    private static func cents(_ dollars: Double) -> String {
        let units = Int((dollars * 10_000).rounded())
        let fraction = String(units % 10_000)
        return "\(units / 10_000)." + String(repeating: "0", count: 4 - fraction.count) + fraction
    }
}
