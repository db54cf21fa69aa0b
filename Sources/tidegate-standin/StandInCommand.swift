import ArgumentParser

@main
struct StandInCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tidegate-standin", abstract: "A stand-in for the speech-to-text provider, for tests.")
}
