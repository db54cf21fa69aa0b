import ArgumentParser
import Configuration

/// `tidegate schema …`: JSON Schema of the configuration files, for editors.
struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the JSON Schema of a kind of file, for editors.",
        subcommands: [Config.self, PolicyFile.self])

    struct Config: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the schema of tidegate.yaml.")

        func run() { print(JSONSchema.tidegateFile.text) }
    }

    struct PolicyFile: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "policy", abstract: "Print the schema of policy files.")

        func run() { print(JSONSchema.policyFile.text) }
    }
}
