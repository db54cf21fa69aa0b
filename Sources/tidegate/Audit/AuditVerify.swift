import ArgumentParser
import Foundation
import Receipts

/// `tidegate audit verify`: proves a receipt log whole and untampered, or names the line that is not.
struct AuditVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove a receipt log whole and untampered.",
        discussion: """
            Prints FILE:LINE: KIND: … for each fault; the first is exact, those after it may be its consequences. Exits \
            with 0 when the log is whole as far as it goes, with 1 when it is not. Without --public-key only the chain of \
            hashes is verified: it finds what was changed by anyone who did not write all later lines anew.

            A log whose last line was cut off is whole: so a relay leaves it that was killed while it wrote. Lines that \
            are gone from the end show only in that the log is not closed.
            """)

    @OptionGroup var receipts: ReceiptFiles

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let verdict = try receipts.read()
        if json {
            print(try ReadableJSON.text(of: ToldVerdict(verdict), keys: .convertToSnakeCase))
        } else {
            for line in told(verdict) { print(line) }
        }
        guard verdict.isWhole else { throw ExitCode.failure }
    }

    private func told(_ verdict: ReceiptVerdict) -> [String] {
        var lines = verdict.faults.map(\.description)
        let more = verdict.faultCount - verdict.faults.count
        if more > 0 { lines.append("\(more) more faults") }
        lines.append((verdict.isWhole ? "Whole" : "NOT WHOLE") + ": " + contents(of: verdict))
        return lines + notes(on: verdict)
    }

    private func contents(of verdict: ReceiptVerdict) -> String {
        var text = "\(verdict.lines) lines in \(verdict.files) files"
        if let first = verdict.first, let last = verdict.last { text += ", n \(first) to \(last)" }
        return text
            + ": \(verdict.sessions) sessions, \(verdict.refusals) refusals, \(verdict.checkpoints) checkpoints."
    }

    private func notes(on verdict: ReceiptVerdict) -> [String] {
        var notes: [String] = []
        if let first = verdict.first, first > 0 { notes.append("Begins at n \(first): the lines before are not here.") }
        if verdict.newLogs > 0 { notes.append("Another log began \(verdict.newLogs) times.") }
        if !verdict.signaturesChecked { notes.append("Signatures were not checked: no --public-key was given.") }
        if verdict.checkpoints == 0 {
            notes.append("No checkpoint: nothing is signed.")
        } else if verdict.unsigned > 0 {
            notes.append("\(verdict.unsigned) lines follow the last checkpoint: chained, but not signed.")
        }
        if verdict.recovered > 0 {
            notes.append("\(verdict.recovered) torn writes, vouched for by the lines below them.")
        }
        if let torn = verdict.tornTail { notes.append("\(torn): the last line was cut off while it was written.") }
        if verdict.lost > 0 { notes.append("\(verdict.lost) refusals went unrecorded, the log says.") }
        notes.append(
            verdict.isClosed
                ? "Closed in order."
                : "Not closed: its relay runs, or was killed, or lines are gone from the end.")
        notes += verdict.unfinished.values.inOrder.map {
            "\($0.place): session \($0.session) of tenant \($0.tenant) was opened in zone \($0.zone) at \($0.endpoint) "
                + "on \($0.time) and has no receipt"
        }
        return notes
    }
}

extension Dictionary<String, UnfinishedSession>.Values {
    /// By time.
    var inOrder: [UnfinishedSession] { sorted { ($0.time, $0.session) < ($1.time, $1.session) } }
}

/// A verdict for programs.
private struct ToldVerdict: Encodable {
    let whole: Bool
    let faults: [ToldFault]
    let faultCount: Int
    let files: Int
    let lines: Int
    let first: Int?
    let last: Int?
    let lastHash: String?
    let sessions: Int
    let refusals: Int
    let checkpoints: Int
    let signaturesChecked: Bool
    let unsigned: Int
    let closed: Bool
    let tornTail: String?
    let recovered: Int
    let lost: Int
    let newLogs: Int
    let unfinished: [ToldSession]

    init(_ verdict: ReceiptVerdict) {
        whole = verdict.isWhole
        faults = verdict.faults.map(ToldFault.init)
        faultCount = verdict.faultCount
        files = verdict.files
        lines = verdict.lines
        first = verdict.first
        last = verdict.last
        lastHash = verdict.lastHash
        sessions = verdict.sessions
        refusals = verdict.refusals
        checkpoints = verdict.checkpoints
        signaturesChecked = verdict.signaturesChecked
        unsigned = verdict.unsigned
        closed = verdict.isClosed
        tornTail = verdict.tornTail?.description
        recovered = verdict.recovered
        lost = verdict.lost
        newLogs = verdict.newLogs
        unfinished = verdict.unfinished.values.inOrder.map(ToldSession.init)
    }
}

private struct ToldFault: Encodable {
    let file: String
    let line: Int
    let kind: String
    let sentence: String

    init(_ fault: ReceiptFault) {
        file = fault.place.file
        line = fault.place.line
        kind = fault.kind.rawValue
        sentence = fault.sentence
    }
}

private struct ToldSession: Encodable {
    let file: String
    let line: Int
    let session: String
    let time: String
    let tenant: String
    let zone: String
    let endpoint: String

    init(_ session: UnfinishedSession) {
        file = session.place.file
        line = session.place.line
        self.session = session.session
        time = session.time
        tenant = session.tenant
        zone = session.zone
        endpoint = session.endpoint
    }
}
