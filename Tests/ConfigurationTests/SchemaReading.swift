import JSON

@testable import Configuration

/// The part of JSON Schema that our schemas use, read as its specification says: an independent judge of documents.
final class SchemaReading {
    /// How the scalars of a document are read: as they would be if they stood there plain, or all quoted.
    let isPlain: Bool
    /// Keywords met that this reading does not know, and patterns that cannot be read.
    private(set) var strange: Set<String> = []
    private var patterns: [String: Regex<AnyRegexOutput>] = [:]

    init(isPlain: Bool) {
        self.isPlain = isPlain
    }

    func takes(_ node: Node, _ schema: JSONTree) -> Bool {
        guard case .object(let members) = schema else { return schema == true }
        return members.allSatisfy { holds($0.name, $0.value, of: schema, for: node) }
    }

    private func holds(_ keyword: String, _ value: JSONTree, of schema: JSONTree, for node: Node) -> Bool {
        switch keyword {
        case "$schema", "$id", "title", "description", "default": return true
        case "type": return (value.items ?? [value]).contains { kinds(of: node).contains($0) }
        case "const": return json(node) == value
        case "enum": return (value.items ?? []).contains(json(node))
        case "anyOf": return (value.items ?? []).contains { takes(node, $0) }
        case "pattern": return node.text.map { matches($0, value) } ?? true
        case "minLength": return isText(node) ? (node.text ?? "").count >= (value.number ?? 0) : true
        case "minimum": return number(node).map { $0 >= (value.decimal ?? 0) } ?? true
        case "maximum": return number(node).map { $0 <= (value.decimal ?? 0) } ?? true
        case "exclusiveMinimum": return number(node).map { $0 > (value.decimal ?? 0) } ?? true
        case "items": return (node.list ?? []).allSatisfy { takes($0, value) }
        case "minItems": return node.list.map { $0.count >= (value.number ?? 0) } ?? true
        case "minProperties": return node.pairs.map { $0.count >= (value.number ?? 0) } ?? true
        case "maxProperties": return node.pairs.map { $0.count <= (value.number ?? 0) } ?? true
        case "propertyNames": return (node.pairs ?? []).allSatisfy { takes(name($0), value) }
        case "required": return node.pairs == nil || (value.items ?? []).allSatisfy { node[$0.string ?? ""] != nil }
        case "properties":
            return (node.pairs ?? []).allSatisfy { pair in value[pair.key].map { takes(pair.value, $0) } ?? true }
        case "additionalProperties":
            return (node.pairs ?? []).allSatisfy { schema["properties"]?[$0.key] != nil || takes($0.value, value) }
        default:
            strange.insert(keyword)
            return true
        }
    }

    private func name(_ pair: Node.Pair) -> Node { Node(place: pair.keyPlace, content: .text(pair.key)) }

    // MARK: Scalars

    private func json(_ node: Node) -> JSONTree {
        guard let text = node.text else { return [] }
        return isText(node) ? .text(text) : ["true", "false"].contains(text) ? .bool(text == "true") : .number(text)
    }

    private func kinds(of node: Node) -> [JSONTree] {
        switch node.content {
        case .list: ["array"]
        case .mapping: ["object"]
        case .nothing: ["null"]
        case .text(let text):
            switch json(node) {
            case .bool: ["boolean"]
            case .number: text.contains(".") ? ["number"] : ["number", "integer"]
            default: ["string"]
            }
        }
    }

    private func isText(_ node: Node) -> Bool {
        guard let text = node.text else { return false }
        return !isPlain || !(Double(text) != nil && text.contains(/^-?[0-9.]+$/) || ["true", "false"].contains(text))
    }

    private func number(_ node: Node) -> Double? { isText(node) ? nil : node.text.flatMap { Double($0) } }

    private func matches(_ text: String, _ pattern: JSONTree) -> Bool {
        guard let source = pattern.string else { return false }
        if patterns[source] == nil { patterns[source] = try? Regex(source) }
        guard let regex = patterns[source] else {
            strange.insert(source)
            return false
        }
        return text.contains(regex)
    }
}

extension JSONTree {
    fileprivate var items: [JSONTree]? { if case .list(let items) = self { items } else { nil } }
    fileprivate var string: String? { if case .text(let text) = self { text } else { nil } }
    fileprivate var decimal: Double? { if case .number(let digits) = self { Double(digits) } else { nil } }
    fileprivate var number: Int? { decimal.map { Int($0) } }
}
