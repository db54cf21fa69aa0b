import ArgumentParser

/// `tidegate audit …`
struct Audit: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prove a receipt log whole, and say what it adds up to.",
        subcommands: [AuditVerify.self, AuditReport.self])
}
