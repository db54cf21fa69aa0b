import ArgumentParser
import Configuration
import Foundation
import Policy

/// `tidegate explain`: the decision for a request, and each rule that led to it.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the decision for a request and each rule that led to it.",
        discussion: "Exits with 0 whatever the decision is: a refusal is an answer too.")

    @OptionGroup var configurationOption: ConfigurationOption

    @Option(help: "The tenant whose client asks.")
    var tenant: String

    @Option(help: ArgumentHelp("The zone asked for.", valueName: "zone"))
    var ask: String?

    @Option(help: "The Origin a browser sends.")
    var origin: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let policy = try policy()
        guard let name = TenantName(tenant), policy.tenants[name] != nil else {
            throw ExplainError(message: unknownTenant(among: policy))
        }
        let explanation = Explanation(tenant: name, asking: ask, origin: origin, under: policy)
        print(json ? try encoded(explanation) : told(explanation))
    }

    /// Missing certificates and keys do not matter to a decision; faults in the files' text do.
    private func policy() throws -> PolicySnapshot {
        let result = configurationOption.load()
        guard let configuration = result.configuration else {
            let faults = result.readFaults.errors.map(\.description).joined(separator: "\n")
            throw ExplainError(message: "the configuration has errors:\n\(faults)")
        }
        return configuration.policy
    }

    private func unknownTenant(among policy: PolicySnapshot) -> String {
        let nearest = NearestName.of(tenant, among: policy.tenants.keys.map(\.text).sorted())
        return "no tenant \(tenant)" + (nearest.map { "; the nearest is \($0)" } ?? "; there are none")
    }

    private func encoded(_ explanation: Explanation) throws -> String {
        try ReadableJSON.text(of: explanation)
    }

    private func told(_ explanation: Explanation) -> String {
        var lines = [headline(explanation)]
        for step in explanation.rules {
            let mark = step.finding.padding(toLength: 8, withPad: " ", startingAt: 0)
            lines += ["", "  \(step.rule)  \(mark)\(step.statement)", "             \(step.sentence)"]
        }
        return lines.joined(separator: "\n")
    }

    private func headline(_ explanation: Explanation) -> String {
        let asked = explanation.asked.map { "asks for \($0)" } ?? "asks for no zone"
        let request = "Tenant \(explanation.tenant) \(asked) at site \(explanation.site), policy \(explanation.policy)."
        switch explanation.outcome {
        case .granted(let zone, let endpoints):
            let order = endpoints.map { "  \($0.zone)  \($0.url)" }.joined(separator: "\n")
            return "\(request)\nGranted: \(zone). May be dialled, in this order:\n\(order)"
        case .refused(let denial):
            let codes = "HTTP \(denial.status), close \(denial.closeCode)"
            return "\(request)\nRefused: \(denial.name) (\(codes)). \(denial.sentence)"
        }
    }
}

/// What `explain` cannot answer.
private struct ExplainError: Error, CustomStringConvertible {
    let message: String
    var description: String { message }
}
