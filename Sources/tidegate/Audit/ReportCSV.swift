import Receipts

/// A report for spreadsheets.
struct ReportCSV {
    private let report: ReceiptReport

    init(_ report: ReceiptReport) {
        self.report = report
    }

    func print() {
        for row in [Self.titles] + report.rows.map({ cells($0, $1) }) {
            Swift.print(CSVRow(row).text, terminator: "\r\n")
        }
    }

    private static let titles = [
        "tenant", "zone", "day", "sessions", "refusals", "without_receipt", "bytes_up", "bytes_down", "audio_seconds",
        "billed_seconds",
    ]

    private func cells(_ group: ReceiptReport.Group, _ sums: ReceiptReport.Sums) -> [String] {
        let numbers = [sums.sessions, sums.refusals, sums.unfinished, sums.bytesUp, sums.bytesDown].map(String.init)
        return [group.tenant, group.zone, group.day] + numbers + ["\(sums.audioSeconds)", "\(sums.billedSeconds)"]
    }
}
