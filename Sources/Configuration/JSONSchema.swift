import JSON

/// JSON Schema (draft 2020-12) of both kinds of file, for editors: a reading of the same tables that `check` reads.
package struct JSONSchema: Sendable {
    /// Of `tidegate.yaml`.
    package static let tidegateFile = JSONSchema(
        of: .tidegateFile, id: "urn:tidegate:schema:config", title: "tidegate.yaml")
    /// Of a policy file.
    package static let policyFile = JSONSchema(
        of: .policyFile, id: "urn:tidegate:schema:policy", title: "A policy file of Tidegate")

    let tree: JSONTree

    private init(of table: KeyTable, id: String, title: String) {
        let head: JSONTree = [
            "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": .text(id), "title": .text(title),
        ]
        tree = head.with(JSONSchema.mapping(at: "", in: table))
    }

    /// The schema as indented JSON.
    package var text: String { tree.indented }

    private static func mapping(at path: String, in table: KeyTable) -> JSONTree {
        let keys = table.keys(in: path)
        let mapping: JSONTree = [
            "type": "object", "additionalProperties": false,
            "properties": .object(keys.map { JSONTree.Member($0.name, property(of: $0, in: table)) }),
        ]
        let required = keys.filter(\.isRequired).map(\.name)
        return required.isEmpty ? mapping : mapping.with(["required": .texts(required)])
    }

    /// The type's own schema, with what a person should know of the key before it.
    private static func property(of key: Key, in table: KeyTable) -> JSONTree {
        let told: JSONTree = ["description": .text(description(of: key))]
        let noted = key.standard.map { told.with(["default": value($0, of: key.type)]) } ?? told
        return noted.with(key.type.schema { mapping(at: key.path + $0, in: table) })
    }

    private static func description(of key: Key) -> String {
        let text = key.type.isPlain ? key.help : "\(key.help) Takes \(key.type.accepted)."
        return key.force == .now ? text : text + " Not yet in force."
    }

    /// A default as an editor would write it: what the table has as text may be a number or a list.
    private static func value(_ standard: String, of type: KeyType) -> JSONTree {
        switch type {
        case .whole: .number(standard)
        case .list: .list(standard.split(separator: ", ").map { .text(String($0)) })
        case .map: [:]
        default: .text(standard)
        }
    }
}

extension KeyType {
    /// What the form of the value says by itself.
    fileprivate var isPlain: Bool {
        switch self {
        case .section, .sections, .named, .text, .file: true
        default: false
        }
    }
}
