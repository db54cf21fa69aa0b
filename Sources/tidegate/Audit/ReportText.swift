import Foundation
import Receipts

/// A report for people: a table, and the receipts that break the policy.
struct ReportText {
    private let report: ReceiptReport
    private let isJudged: Bool

    init(_ report: ReceiptReport, isJudged: Bool) {
        self.report = report
        self.isJudged = isJudged
    }

    func print() {
        for row in padded([Self.titles] + report.rows.map { cells($0, $1) }) { Swift.print(row) }
        guard isJudged else { return }
        Swift.print("")
        for breach in report.breaches { Swift.print(breach.told) }
        Swift.print("\(report.breaches.count) of \(report.judged) sessions break the policy.")
    }

    private static let titles = [
        "TENANT", "ZONE", "DAY", "SESSIONS", "REFUSALS", "NO RECEIPT", "BYTES UP", "BYTES DOWN", "AUDIO S", "BILLED S",
    ]

    private func cells(_ group: ReceiptReport.Group, _ sums: ReceiptReport.Sums) -> [String] {
        let texts = [group.tenant, group.zone, group.day].map { $0.isEmpty ? "-" : $0 }
        let numbers = [sums.sessions, sums.refusals, sums.unfinished, sums.bytesUp, sums.bytesDown].map(String.init)
        return texts + numbers + [String(format: "%.1f", sums.audioSeconds), String(sums.billedSeconds)]
    }

    /// Texts to the left, numbers to the right.
    private func padded(_ rows: [[String]]) -> [String] {
        let widths = Self.titles.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return column < 3 ? row[column] + space : space + row[column]
            }.joined(separator: "  ")
        }
    }
}

extension ReceiptReport {
    /// The sums in order.
    var rows: [(Group, Sums)] {
        sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
