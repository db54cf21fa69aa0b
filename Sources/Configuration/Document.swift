import Yams

/// A YAML value with the place it stands at. The only file that knows YAML's library is this one.
struct Node: Sendable {
    let place: Place
    let content: Content

    indirect enum Content: Sendable {
        /// Text, quoted or not: `1.2` and `"1.2"` are the same to every key.
        case text(String)
        case list([Node])
        case mapping([Pair])
        /// A key with nothing after it, or `~`, or `null`.
        case nothing
    }

    struct Pair: Sendable {
        let key: String
        let keyPlace: Place
        let value: Node
    }

    var text: String? {
        if case .text(let text) = content { text } else { nil }
    }

    var list: [Node]? {
        if case .list(let items) = content { items } else { nil }
    }

    var pairs: [Pair]? {
        if case .mapping(let pairs) = content { pairs } else { nil }
    }

    subscript(key: String) -> Node? {
        pairs?.first { $0.key == key }?.value
    }

    /// What it is, for people.
    var kind: String {
        switch content {
        case .text: "text"
        case .list: "a list"
        case .mapping: "a mapping"
        case .nothing: "nothing"
        }
    }
}

/// Reads YAML text into nodes with places.
enum Document {
    /// Deeper than any key, with room for a mistake in indentation.
    static let maxDepth = 32
    /// Aliases share nodes: a file of 270 bytes can stand for billions. This is ten thousand tenants and more.
    static let maxNodes = 1_000_000

    /// The root of `text`, or `nil` and a fault. A syntax error or a key given twice ends the reading of this file: what
    /// follows it would be guesswork.
    static func parse(_ text: String, file: String, faults: inout Faults) -> Node? {
        do {
            guard let root = try compose(text) else {
                faults.error(Place(file: file), "the file is empty")
                return nil
            }
            var budget = maxNodes
            return convert(root, file: file, depth: 0, budget: &budget, faults: &faults)
        } catch {
            faults.append(syntaxFault(error, file: file))
            return nil
        }
    }

    private static func compose(_ text: String) throws -> Yams.Node? {
        // The parser keeps a pointer into the text, which only a string too long to be stored inline has for good.
        try Parser(yaml: text + "\n# The end of the file.\n", encoding: .utf8).singleRoot()
    }

    private static func convert(
        _ node: Yams.Node, file: String, depth: Int, budget: inout Int, faults: inout Faults
    ) -> Node? {
        let place = place(of: node.mark, in: file)
        guard depth < maxDepth, budget > 0 else {
            // Told once: an exhausted budget stays negative.
            if budget >= 0 { faults.error(place, "nested too deeply, or too many values once aliases are followed") }
            budget = -1
            return nil
        }
        budget -= 1
        switch node {
        case .scalar(let scalar):
            return Node(place: place, content: content(of: scalar))
        case .sequence(let items):
            let list = items.compactMap {
                convert($0, file: file, depth: depth + 1, budget: &budget, faults: &faults)
            }
            return Node(place: place, content: .list(list))
        case .mapping(let mapping):
            let pairs = mapping.compactMap {
                pair($0.key, $0.value, file: file, depth: depth, budget: &budget, faults: &faults)
            }
            return Node(place: place, content: .mapping(pairs))
        case .alias:
            faults.error(place, "an alias that stands for nothing")
            return nil
        }
    }

    private static func pair(
        _ key: Yams.Node, _ value: Yams.Node, file: String, depth: Int, budget: inout Int, faults: inout Faults
    ) -> Node.Pair? {
        let place = place(of: key.mark, in: file)
        guard case .scalar(let scalar) = key else {
            faults.error(place, "a key must be text")
            return nil
        }
        guard let value = convert(value, file: file, depth: depth + 1, budget: &budget, faults: &faults) else {
            return nil
        }
        return Node.Pair(key: scalar.string, keyPlace: place, value: value)
    }

    private static func content(of scalar: Yams.Node.Scalar) -> Node.Content {
        let isPlain = scalar.style == .plain || scalar.style == .any
        return isPlain && ["", "~", "null"].contains(scalar.string) ? .nothing : .text(scalar.string)
    }

    private static func place(of mark: Mark?, in file: String) -> Place {
        Place(file: file, line: mark?.line ?? 1, column: mark?.column ?? 1)
    }

    private static func syntaxFault(_ error: any Error, file: String) -> Faults {
        var faults = Faults()
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            faults.error(place(of: mark, in: file), problem)
        case .duplicatedKeysInMapping(let names, let context):
            let keys = names.sorted().map { "`\($0)`" }.joined(separator: ", ")
            faults.error(place(of: context.mark, in: file), "given twice in one mapping: \(keys)")
        case .reader(let problem, _, _, _):
            faults.error(Place(file: file), problem)
        default:
            faults.error(Place(file: file), "cannot be read as YAML")
        }
        return faults
    }
}
