import ArgumentParser
import Foundation
import Identity
import Policy

/// `tidegate key …`
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Client keys.", subcommands: [KeyCreate.self])
}

/// `tidegate key create`: a new client key, printed once, and the line that goes into the policy file.
struct KeyCreate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Print a new client key once, and its line for the policy file.")

    @Option(help: "The tenant the key will prove.")
    var tenant: String

    @Option(help: "The key's name in the policy file and in receipts.")
    var name = "default"

    func validate() throws {
        let accepted = "letters, digits, `-`, `_` and `.`, at most 63"
        guard TenantName(tenant) != nil else { throw ValidationError("A tenant's name holds \(accepted).") }
        guard TenantName(name) != nil else { throw ValidationError("A key's name holds \(accepted).") }
    }

    /// Only the key and the line go to standard output, so that scripts need not cut them out.
    func run() {
        let key = ClientKey.make()
        tell("The client key, shown this once:")
        print(key.text)
        tell("For the policy file, under tenants: \(tenant): clients: keys:")
        print("- {name: \(name), sha256: \"\(key.sha256)\"}")
    }

    private func tell(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
