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

    @Option(help: ArgumentHelp("The name of a parameter in its query; may be repeated.", valueName: "name"))
    var parameter: [String] = []

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let policy = try configurationOption.loadForDecisions().policy
        let name = try policy.tenant(named: tenant).name
        let explanation = Explanation(tenant: name, asking: ask, origin: origin, parameters: parameter, under: policy)
        print(json ? try encoded(explanation) : told(explanation))
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
