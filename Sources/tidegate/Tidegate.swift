import ArgumentParser

@main
struct Tidegate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tidegate", abstract: "A region-aware WebSocket relay for speech-to-text.",
        subcommands: [
            Serve.self, Demo.self, Check.self, Explain.self, Diff.self, ProbeCommand.self, Health.self, Schema.self,
            KeyCommand.self, TokenCommand.self, Audit.self,
        ])
}
