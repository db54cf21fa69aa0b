import ArgumentParser
import Configuration
import Foundation
import Policy

/// `tidegate diff`: what a new policy would change, decided under both.
struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what a new policy would change: tenants, client keys and decisions.",
        discussion: """
            Every kind of request (each zone asked for, or none; each origin listed, another, or none) is decided under \
            the configuration's own policy files and under the new ones in their place. Only what differs is printed. \
            Exits with 0 whether anything does or not.
            """)

    @OptionGroup var configurationOption: ConfigurationOption

    @Argument(help: ArgumentHelp("The new policy: files that take the place of `policy:`.", valueName: "new-policy"))
    var policies: [String]

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let old = try read(configurationOption.load())
        let new = try read(configurationOption.load(policies: policies))
        let difference = PolicyDifference(from: old.policy, to: new.policy) { tenant in
            old.settings.tenantKeys[tenant] == new.settings.tenantKeys[tenant] ? [] : ["provider_keys"]
        }
        let report = DifferenceReport(difference, from: old.policy, to: new.policy)
        print(json ? try report.json() : report.text)
    }

    /// Missing certificates and keys do not matter to a decision; faults in the files' text do.
    private func read(_ result: LoadResult) throws -> RelayConfiguration {
        guard let configuration = result.configuration else {
            throw DiffError(faults: result.readFaults.errors.map(\.description))
        }
        return configuration
    }
}

/// A configuration that cannot be compared.
private struct DiffError: Error, CustomStringConvertible {
    let faults: [String]
    var description: String { "the configuration has errors:\n" + faults.joined(separator: "\n") }
}
