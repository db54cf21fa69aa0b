import Receipts

/// A report for spreadsheets (RFC 4180).
struct ReportCSV {
    private let report: ReceiptReport

    init(_ report: ReceiptReport) {
        self.report = report
    }

    func print() {
        Swift.print(
            "tenant,zone,day,sessions,refusals,without_receipt,bytes_up,bytes_down,audio_seconds,billed_seconds",
            terminator: "\r\n")
        for (group, sums) in report.rows {
            let numbers = [sums.sessions, sums.refusals, sums.unfinished, sums.bytesUp, sums.bytesDown].map(String.init)
            let cells =
                [group.tenant, group.zone, group.day] + numbers + ["\(sums.audioSeconds)", "\(sums.billedSeconds)"]
            Swift.print(cells.joined(separator: ","), terminator: "\r\n")
        }
    }
    /// A relay's names need no quotes, but the log may be anyone's.
    private func quoted(_ text: String) -> String {
        guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
