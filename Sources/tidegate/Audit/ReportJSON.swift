import Foundation
import Receipts

/// A report for programs.
struct ReportJSON: Encodable {
    private let whole: Bool
    private let judged: Int
    private let sums: [Row]
    private let breaches: [Breach]

    init(_ report: ReceiptReport, isWhole: Bool) {
        whole = isWhole
        judged = report.judged
        sums = report.rows.map { Row($0, $1) }
        breaches = report.breaches.map(Breach.init)
    }

    func text() throws -> String {
        try ReadableJSON.text(of: self, keys: .convertToSnakeCase)
    }

    private struct Row: Encodable {
        let tenant: String?
        let zone: String?
        let day: String
        let sessions: Int
        let refusals: Int
        let withoutReceipt: Int
        let bytesUp: Int
        let bytesDown: Int
        let audioSeconds: Double
        let billedSeconds: Int

        init(_ group: ReceiptReport.Group, _ sums: ReceiptReport.Sums) {
            tenant = group.tenant.isEmpty ? nil : group.tenant
            zone = group.zone.isEmpty ? nil : group.zone
            day = group.day
            sessions = sums.sessions
            refusals = sums.refusals
            withoutReceipt = sums.unfinished
            bytesUp = sums.bytesUp
            bytesDown = sums.bytesDown
            audioSeconds = sums.audioSeconds
            billedSeconds = sums.billedSeconds
        }
    }

    private struct Breach: Encodable {
        let file: String
        let line: Int
        let session: String
        let tenant: String
        let zone: String
        let sentence: String

        init(_ breach: ReceiptReport.Breach) {
            file = breach.place.file
            line = breach.place.line
            session = breach.session
            tenant = breach.tenant
            zone = breach.zone
            sentence = breach.sentence
        }
    }
}
