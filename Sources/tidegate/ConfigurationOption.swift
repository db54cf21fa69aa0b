import ArgumentParser
import Configuration
import RelayServer

/// `--config FILE`, as every command that needs a configuration takes it.
struct ConfigurationOption: ParsableArguments {
    @Option(name: .customLong("config"), help: ArgumentHelp("The configuration: tidegate.yaml.", valueName: "file"))
    var path: String

    /// - Parameter policies: policy files to read instead of those the configuration names.
    func load(policies: [String]? = nil) -> LoadResult {
        ConfigurationLoader.load(path, policies: policies, certificateCheck: CertificateCheck.fault)
    }
}
