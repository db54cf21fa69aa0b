import ArgumentParser
import Configuration
import RelayServer

/// `--config FILE`, as every command that needs a configuration takes it.
struct ConfigurationOption: ParsableArguments {
    @Option(name: .customLong("config"), help: ArgumentHelp("The configuration: tidegate.yaml.", valueName: "file"))
    var path: String

    func load() -> LoadResult {
        ConfigurationLoader.load(path, certificateCheck: CertificateCheck.fault)
    }
}
