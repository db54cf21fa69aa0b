/// The API keys that a zone's provider knows, each with the name by which the ledger and the tests speak of it.
package struct ProviderKeys: Sendable {
    private let names: [String: String]

    /// Keys by name.
    package init(_ keys: [(name: String, key: String)]) {
        names = Dictionary(keys.map { ($0.key, $0.name) }) { first, _ in first }
    }

    /// The name of `key`, or nil when the provider does not know it.
    package func name(of key: some StringProtocol) -> String? { names[String(key)] }

    /// `text` with every key replaced by its name in braces: what may be kept and shown.
    package func redacting(_ text: String) -> String {
        names.reduce(text) { text, key in replace(key.key, in: text, by: "{key:\(key.value)}") }
    }

    private func replace(_ key: String, in text: String, by name: String) -> String {
        guard !key.isEmpty else { return text }
        return text.split(separator: key, omittingEmptySubsequences: false).joined(separator: name)
    }
}
