import ArgumentParser
import Configuration
import Foundation
import RelayServer

/// `tidegate health`: whether the running relay is ready, for container health checks.
struct Health: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Exit with 0 when the running relay is ready.",
        discussion:
            "Otherwise prints the reasons and exits with 1. With --config, asks the admin listener of that file. With --live, "
            + "only whether the process turns: a relay that drains, or whose providers are away, is not to be restarted."
    )

    @Option(help: ArgumentHelp("What to ask. (default: http://127.0.0.1:9901/readyz)", valueName: "url"))
    var url: String?

    @Option(name: .customLong("config"), help: ArgumentHelp("Take address and token from here.", valueName: "file"))
    var path: String?

    @Flag(help: "Whether the process turns, ready or not.")
    var live = false

    func validate() throws {
        guard url == nil || path == nil else { throw ValidationError("Give --url or --config, not both.") }
    }

    func run() throws {
        do {
            let admin = try client()
            let reasons = try live ? admin.reasonsAgainstHealth() : admin.reasonsAgainstReadiness()
            guard reasons.isEmpty else { throw NotReady(reasons: reasons) }
            print(live ? "live" : "ready")
        } catch {
            print("\(error)")
            throw ExitCode.failure
        }
    }

    private func client() throws -> AdminClient {
        guard let path else { return AdminClient(url ?? AdminClient.usualAddress) }
        guard let configuration = ConfigurationLoader.load(path).configuration else {
            throw NotReady(reasons: ["The configuration has errors; see tidegate check."])
        }
        return try AdminClient(configuration.settings, environment: .process)
    }

    private struct NotReady: Error, CustomStringConvertible {
        let reasons: [String]
        var description: String { reasons.joined(separator: "\n") }
    }
}
