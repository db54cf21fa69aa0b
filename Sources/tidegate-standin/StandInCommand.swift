import ArgumentParser

@main
struct StandInCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tidegate-standin", abstract: "What a relay needs around it in tests.",
        subcommands: [ZonesCommand.self, BridgeCommand.self], defaultSubcommand: ZonesCommand.self)
}
