import ArgumentParser
import Configuration
import Foundation
import Policy
import RelayServer

/// `tidegate diff`: what a new policy would change, decided under both.
struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what a new policy would change: tenants, client keys and decisions.",
        discussion: """
            Every kind of request (each zone asked for, or none; each origin listed, another, or none) is decided under \
            the configuration's own policy files and under the new ones in their place. Only what differs is printed. \
            With --admin, the live sessions of that relay that the new policy would end are printed too. Exits with 0 \
            whether anything differs or not.
            """)

    @OptionGroup var configurationOption: ConfigurationOption

    @Argument(help: ArgumentHelp("The new policy: files that take the place of `policy:`.", valueName: "new-policy"))
    var policies: [String]

    @Option(help: ArgumentHelp("The admin listener of a running relay, http://HOST:PORT.", valueName: "url"))
    var admin: String?

    @Option(help: ArgumentHelp("The file that holds its bearer token.", valueName: "file"))
    var adminTokenFile: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let old = try read(configurationOption.load())
        let new = try read(configurationOption.load(policies: policies))
        let difference = PolicyDifference(from: old.policy, to: new.policy) { tenant in
            old.settings.tenantKeys[tenant] == new.settings.tenantKeys[tenant] ? [] : ["provider_keys"]
        }
        let report = DifferenceReport(difference, from: old.policy, to: new.policy, sessions: try liveSessions())
        print(json ? try report.json() : report.text)
    }

    /// Nil when no relay is to be asked.
    private func liveSessions() throws -> [LiveSession]? {
        guard let admin else { return nil }
        let client = try adminTokenFile.map { try AdminClient(admin, tokenFile: $0) } ?? AdminClient(admin)
        return try client.liveSessions()
    }

    func validate() throws {
        guard adminTokenFile == nil || admin != nil else { throw ValidationError("--admin-token-file needs --admin.") }
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
