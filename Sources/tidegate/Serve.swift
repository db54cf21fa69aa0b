import ArgumentParser
import Configuration
import Foundation
import Reactor
import RelayServer
import Telemetry

/// `tidegate serve`: runs the relay until it is told to stop.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the relay.",
        discussion: """
            SIGTERM or SIGINT: accepts nothing more, lets sessions end by themselves for `timeouts.drain`, then ends them \
            and exits with 0. A second one ends at once.
            """)

    @OptionGroup var configurationOption: ConfigurationOption

    func run() throws {
        let result = configurationOption.load()
        guard let configuration = result.servable else {
            for fault in result.faults.all { report("\(fault)") }
            throw ExitCode.failure
        }
        let output = try OperatorLog(configuration.settings.log)
        for warning in result.faults.warnings {
            output.log.write(.warning, .configurationWarning, .detail("\(warning)"))
        }
        do {
            let snapshot = try RelaySnapshot(
                configuration, environment: ProcessInfo.processInfo.environment,
                cores: ProcessInfo.processInfo.activeProcessorCount)
            let server = try RelayServer.start(snapshot, log: output.log)
            try StopSignals.watch(server)
            server.wait()
            output.close()
        } catch {
            output.close()
            report("tidegate: \(error)")
            throw ExitCode.failure
        }
    }

    private func report(_ line: String) {
        FileHandle.standardError.write(Data("\(line)\n".utf8))
    }
}

extension OperatorLog {
    convenience init(_ settings: LogSettings) throws(SystemError) {
        try self.init(
            minimum: LogLevel(rawValue: settings.level.rawValue) ?? .info,
            format: LogFormat(rawValue: settings.format.rawValue) ?? .json)
    }
}
