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
            SIGHUP, or a change of any file the configuration names: the new version is put in force, whole or not at all. \
            Sessions it does not allow any more are ended; the others notice nothing.

            SIGTERM or SIGINT: accepts nothing more and lets sessions end by themselves for half of `timeouts.drain`; those \
            that are left are then ended one by one, so that their clients do not all come back at one moment. Exits with 0 \
            when the last is gone. A second one ends at once.

            Under systemd it takes listening sockets that were passed (LISTEN_FDS), tells READY, RELOADING and STOPPING, and \
            answers the watchdog for as long as its event loops turn.
            """)

    @OptionGroup var configurationOption: ConfigurationOption

    func run() throws {
        // Before anything is opened or written.
        try StandardDescriptors.fill()
        Signals.ignoreBrokenPipes()
        // Before any secret is read.
        try ProcessMemory.forbidDumps()
        let result = configurationOption.load()
        guard let configuration = result.servable else {
            for fault in result.faults.all { report("\(fault)") }
            throw ExitCode.failure
        }
        let output = try OperatorLog(configuration.settings.log)
        warn(of: configuration.settings.limits.sessions, to: output.log)
        for warning in result.faults.warnings {
            output.log.write(.warning, .configurationWarning, .detail("\(warning)"))
        }
        do {
            try serve(configuration, watching: result.watched, log: output.log)
            output.close()
        } catch {
            output.close()
            report("tidegate: \(error)")
            throw ExitCode.failure
        }
    }

    /// Returns when the relay has been stopped.
    private func serve(_ configuration: RelayConfiguration, watching files: [String], log: Log) throws {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let passed = try PassedSockets.take()
        let manager = ServiceManager()
        let signals = try StopSignals()
        let server = try RelayServer.start(
            RelaySnapshot(configuration, environment: .process, cores: cores), log: log, passed: passed)
        let option = configurationOption
        let reloader = try Reloader.start(
            for: server, environment: .process, cores: cores, log: log, watching: files, load: { option.load() },
            done: manager.hasReloaded)
        try manager.isReady(server, log: log)
        signals.pass(
            to: server,
            onHangUp: {
                manager.reloads()
                reloader.request()
            },
            onDrain: { manager.stops(within: server.drainTime) })
        server.wait()
        manager.end()
        reloader.stop()
    }

    /// Two descriptors a session, and some for listeners, loops and the log.
    private func warn(of sessions: Int, to log: Log) {
        let limit = DescriptorLimit.raise()
        let needed = UInt64(sessions) * 2 + 100
        guard limit < needed else { return }
        log.write(
            .warning, .configurationWarning,
            .detail(
                "limits.sessions is \(sessions), but the system allows \(limit) descriptors; allow \(needed) "
                    + "(ulimit -n, LimitNOFILE=) or lower the limit"))
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
