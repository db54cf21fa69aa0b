import ArgumentParser
import Configuration
import RelayServer

/// `--config FILE`, as every command that needs a configuration takes it.
struct ConfigurationOption: ParsableArguments {
    @Option(name: .customLong("config"), help: ArgumentHelp("The configuration: tidegate.yaml.", valueName: "file"))
    var path: String

    /// - Parameter policies: policy files to read instead of those the configuration names.
    func load(policies: [String]? = nil) -> LoadResult {
        ConfigurationLoader.load(
            path, policies: policies, certificateCheck: CertificateCheck.fault,
            clientCheck: CertificateCheck.findings, keySetCheck: KeySetFile.fault,
            recordsCheck: RecordsCheck.finding)
    }

    /// For commands that only decide. Missing certificates and keys do not matter to a decision; faults in the files' text do.
    func loadForDecisions() throws(CommandError) -> RelayConfiguration {
        let result = load()
        if let configuration = result.configuration { return configuration }
        let faults = result.readFaults.errors.map(\.description).joined(separator: "\n")
        throw CommandError(message: "the configuration has errors:\n\(faults)")
    }
}
