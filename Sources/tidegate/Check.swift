import ArgumentParser
import Configuration
import Policy

/// `tidegate check`: everything that is wrong with a configuration, at once. Starts nothing.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate the configuration, every policy file, and every file they name.",
        discussion: """
            Prints file:line:column: error: … for each fault, warnings for what does less than it seems to, and notes \
            for keys that are not yet in force. Exits with 1 when there is an error.
            """)

    @OptionGroup var configurationOption: ConfigurationOption

    func run() throws {
        let result = configurationOption.load()
        for fault in result.faults.all { print(fault) }
        guard let configuration = result.servable else {
            print("\(count(result.faults.errors.count, "error")): this configuration cannot be served.")
            throw ExitCode.failure
        }
        print(summary(of: configuration, result.faults))
    }

    private func summary(of configuration: RelayConfiguration, _ faults: Faults) -> String {
        let settings = configuration.settings
        let parts = [
            count(settings.listeners.count, "listener"), count(settings.zones.count, "zone"),
            count(configuration.policy.tenants.count, "tenant"), count(faults.warnings.count, "warning"),
        ]
        return "OK: policy \(configuration.policy.version), " + parts.joined(separator: ", ") + "."
    }

    private func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
