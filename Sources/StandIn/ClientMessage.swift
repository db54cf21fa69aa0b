/// A text message of the client's, understood (provider contract §7).
package enum ClientMessage: Equatable, Sendable {
    case terminate
    case forceEndpoint
    case keepAlive
    /// Settings to take over, valid ones.
    case updateConfiguration([String: JSONValue])

    /// Reads a text message.
    /// - Throws: code 3006 for what is not JSON, not a known type, or a bad value.
    package init(_ text: String) throws(ProviderError) {
        let message = try Self.parse(text)
        switch message["type"]?.string {
        case "Terminate": self = .terminate
        case "ForceEndpoint": self = .forceEndpoint
        case "KeepAlive": self = .keepAlive
        case "UpdateConfiguration": self = .updateConfiguration(try ParameterRules.check(update: message))
        case let type: throw .userInput("Invalid Message Type: \(type ?? message["type"]?.text ?? "None")")
        }
    }

    private static func parse(_ text: String) throws(ProviderError) -> JSONValue {
        do {
            return try JSONValue(parsing: text)
        } catch {
            throw .userInput("Invalid JSON: \(error.description)")
        }
    }
}
