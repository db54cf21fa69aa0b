/// A JSON value, to be written out for people and tools or as `JSONReader` read it: members keep their order.
package indirect enum JSONTree: Equatable, Sendable {
    case text(String)
    /// A number, as it is written.
    case number(String)
    case bool(Bool)
    case null
    case list([JSONTree])
    case object([Member])

    /// One name and its value.
    package struct Member: Equatable, Sendable {
        /// The name.
        package let name: String
        /// What it stands for.
        package let value: JSONTree

        package init(_ name: String, _ value: JSONTree) {
            self.name = name
            self.value = value
        }
    }

    /// A list of texts.
    package static func texts(_ texts: [String]) -> JSONTree {
        .list(texts.map { .text($0) })
    }

    /// The value of the first member called `name`; nil for what is no object.
    package subscript(_ name: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// An object with the members of another after its own; what is no object stays as it is.
    package func with(_ other: JSONTree) -> JSONTree {
        guard case .object(let members) = self, case .object(let more) = other else { return self }
        return .object(members + more)
    }
}

extension JSONTree: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A text, written as a literal.
    package init(stringLiteral text: String) { self = .text(text) }
    /// A whole number, written as a literal.
    package init(integerLiteral number: Int) { self = .number(String(number)) }
    /// A truth, written as a literal.
    package init(booleanLiteral truth: Bool) { self = .bool(truth) }
    /// A list, written as a literal.
    package init(arrayLiteral items: JSONTree...) { self = .list(items) }
    /// An object, written as a literal.
    package init(dictionaryLiteral members: (String, JSONTree)...) {
        self = .object(members.map { Member($0.0, $0.1) })
    }
}

extension JSONTree {
    /// The value as indented text (RFC 8259), without a line break at its end.
    package var indented: String {
        indented(by: "")
    }

    private func indented(by margin: String) -> String {
        switch self {
        case .text(let text): JSONText.quoted(text)
        case .number(let digits): digits
        case .bool(let truth): truth ? "true" : "false"
        case .null: "null"
        case .list(let items):
            JSONTree.lines(items.map { $0.indented(by: margin + "  ") }, between: "[", "]", margin)
        case .object(let members):
            JSONTree.lines(
                members.map { JSONText.quoted($0.name) + ": " + $0.value.indented(by: margin + "  ") },
                between: "{", "}", margin)
        }
    }

    /// What fits a line stands on one.
    private static func lines(
        _ items: [String], between start: String, _ end: String, _ margin: String
    ) -> String {
        let line = start + items.joined(separator: ", ") + end
        if line.count + margin.count <= lineLength, !line.contains("\n") { return line }
        return "\(start)\n\(margin)  " + items.joined(separator: ",\n\(margin)  ") + "\n\(margin)\(end)"
    }

    private static let lineLength = 100
}
