import ArgumentParser
import Configuration
import Foundation
import Policy
import Receipts

/// `tidegate audit report`: what a receipt log adds up to, and which receipts break a policy.
struct AuditReport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Sum sessions, bytes and audio by tenant, zone and day; list receipts that break a policy.",
        discussion: """
            With --config every receipt is judged by the policy that configuration names today, whatever it was decided \
            under. Exits with 0, or with 1 when a receipt breaks the policy or the log is not whole (`audit verify` says \
            where).
            """)

    @OptionGroup var receipts: ReceiptFiles

    @Option(name: .customLong("config"), help: ArgumentHelp("The configuration to judge by.", valueName: "file"))
    var configuration: String?

    @Option(help: "text, json or csv.")
    var format = Format.text

    @Option(help: ArgumentHelp("The first day, UTC.", valueName: "date"))
    var from: String?

    @Option(help: ArgumentHelp("The last day, UTC.", valueName: "date"))
    var to: String?

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, csv
    }

    func validate() throws {
        guard ReceiptReport.Days(from: from, to: to) != nil else { throw ValidationError("A date is YYYY-MM-DD.") }
    }

    func run() throws {
        guard let days = ReceiptReport.Days(from: from, to: to) else { throw ExitCode.validationFailure }
        var report = ReceiptReport(under: try policy(), days: days)
        let verdict = try receipts.read { report.add($0, at: $1) }
        report.add(verdict.unfinished.values.inOrder)
        switch format {
        case .text: ReportText(report, isJudged: configuration != nil).print()
        case .json: print(try ReportJSON(report, isWhole: verdict.isWhole).text())
        case .csv: ReportCSV(report).print()
        }
        if let fault = verdict.faults.first { tell("The log is not whole: \(fault)") }
        // Nothing but rows belongs into a table that programs read.
        if format == .csv { for breach in report.breaches { tell(breach.told) } }
        guard verdict.isWhole, report.breaches.isEmpty else { throw ExitCode.failure }
    }

    private func policy() throws -> PolicySnapshot? {
        guard let path = configuration else { return nil }
        let result = ConfigurationLoader.load(path)
        guard let loaded = result.configuration else {
            for fault in result.readFaults.errors { tell("\(fault)") }
            throw ExitCode.failure
        }
        return loaded.policy
    }

    private func tell(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}

extension ReceiptReport.Breach {
    var told: String { "\(place): session \(session) of tenant \(tenant) in zone \(zone): \(sentence)" }
}

extension ReceiptReport.Sums {
    var audioSeconds: Double { Double(audioMilliseconds) / 1000 }
}
