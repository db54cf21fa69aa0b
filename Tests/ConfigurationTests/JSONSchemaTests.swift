import Foundation
import JSON
import Policy
import Testing

@testable import Configuration

@Suite struct JSONSchemaTests {
    @Test(arguments: [(KeyTable.tidegateFile, JSONSchema.tidegateFile), (.policyFile, .policyFile)])
    func everyKeyOfTheTableIsInTheSchemaWithItsMeaning(table: KeyTable, schema: JSONSchema) {
        for key in table.keys {
            let property = property(key.path, in: schema.tree)
            guard case .text(let description)? = property?["description"] else {
                Issue.record("no \(key.path) in the schema")
                continue
            }
            #expect(description.hasPrefix(key.help), "\(key.path)")
            #expect((property?["default"] != nil) == (key.standard != nil), "\(key.path)")
        }
    }

    @Test func aKeyIsToldAsAnEditorNeedsIt() throws {
        #expect(
            property("limits.header_bytes", in: JSONSchema.tidegateFile.tree) == [
                "description": "The largest request head. Takes a size from 1KiB to 1MiB, such as 64KiB.",
                "default": "16KiB",
                "anyOf": [
                    ["type": "integer", "minimum": 1024, "maximum": 1_048_576],
                    ["type": "string", "pattern": "^[0-9]+(KiB|MiB|GiB)?$"],
                ],
            ])
    }

    @Test(arguments: [true, false])
    func theExampleIsTaken(isPlain: Bool) throws {
        for document in try documents() {
            let reading = SchemaReading(isPlain: isPlain)
            #expect(reading.takes(document.root, document.schema))
            #expect(reading.strange.isEmpty)
        }
    }

    /// Every value of the example replaced by things of every kind, every key misspelt, dropped and left empty.
    @Test func schemaAndCheckAgreeOnEveryDamageToTheExample() throws {
        for document in try documents() {
            let plain = SchemaReading(isPlain: true)
            let quoted = SchemaReading(isPlain: false)
            var rejected = 0
            for (name, damaged) in damages(of: document.root) {
                let faults = document.faults(damaged)
                let isTaken = plain.takes(damaged, document.schema)
                if let fault = faults.bySchema.first {
                    rejected += 1
                    #expect(!isTaken, "\(name): \(fault.message)")
                } else if faults.inAll.isEmpty {
                    let isTakenQuoted = quoted.takes(damaged, document.schema)
                    #expect(isTaken && isTakenQuoted, "\(name)")
                }
            }
            #expect(rejected > 200)
        }
    }
}

// MARK: Documents

private struct Document {
    let root: Node
    let schema: JSONTree
    let table: KeyTable

    /// What `SchemaCheck` says, and what all of the reading says.
    func faults(_ root: Node) -> (bySchema: [Fault], inAll: [Fault]) {
        var check = SchemaCheck(table)
        check.check(root)
        var faults = check.faults
        if table.keys.contains(where: { $0.path == "tenants" }) {
            _ = PolicyFile(root, zones: [.edge, Zone("us")!, Zone("eu")!], faults: &faults)
        } else {
            _ = TidegateFile(root, hostName: "h", faults: &faults)
        }
        return (check.faults.errors, faults.errors)
    }
}

private func documents() throws -> [Document] {
    let policies = (exampleFile as NSString).deletingLastPathComponent + "/policy/"
    return try [
        (exampleFile, JSONSchema.tidegateFile.tree, KeyTable.tidegateFile),
        (policies + "healthcare.yaml", JSONSchema.policyFile.tree, .policyFile),
        (policies + "everyone-else.yaml", JSONSchema.policyFile.tree, .policyFile),
    ].map { file, schema, table in
        var faults = Faults()
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let root = try #require(Configuration.Document.parse(text, file: file, faults: &faults))
        return Document(root: root, schema: schema, table: table)
    }
}

/// The schema of one key, by its path in the table.
private func property(_ path: String, in schema: JSONTree) -> JSONTree? {
    path.split(separator: ".").reduce(Optional(schema)) { schema, part in
        guard part != "*" else { return schema?["additionalProperties"] }
        let name = part.replacing("[]", with: "")
        let property = holder(schema)?["properties"]?[String(name)]
        return part.hasSuffix("[]") ? property?["items"] : property
    }
}

/// A mapping's schema, on its own or as the last of several forms.
private func holder(_ schema: JSONTree?) -> JSONTree? {
    guard case .list(let forms)? = schema?["anyOf"] else { return schema }
    return forms.last
}

// MARK: Damage

private let intruders: [Node.Content] = [
    .text("?!"), .text("-1"), .text("0"), .text("eu"), .text("5m"), .text(""), .list([]), .mapping([]), .nothing,
]

/// The document with one thing wrong, for each thing that can be; each with a name for it.
private func damages(of node: Node, at path: String = "") -> [(name: String, root: Node)] {
    intruders.map { ("\(path) is \($0)", Node(place: node.place, content: $0)) } + damagesInside(node, at: path)
}

private func damagesInside(_ node: Node, at path: String) -> [(name: String, root: Node)] {
    switch node.content {
    case .text, .nothing: []
    case .list(let items):
        items.indices.flatMap { index in
            damages(of: items[index], at: "\(path)[\(index)]").map { name, item in
                (name, node.with(.list(items.replacing(index, by: item))))
            }
        }
    case .mapping(let pairs):
        pairs.indices.flatMap { index -> [(name: String, root: Node)] in
            let pair = pairs[index]
            let inner = damages(of: pair.value, at: "\(path).\(pair.key)").map { name, value in
                (name, node.with(.mapping(pairs.replacing(index, by: pair.with(value)))))
            }
            let misspelt = Node.Pair(key: pair.key + "/", keyPlace: pair.keyPlace, value: pair.value)
            return inner + [
                ("\(path).\(pair.key) misspelt", node.with(.mapping(pairs.replacing(index, by: misspelt)))),
                (
                    "\(path).\(pair.key) dropped",
                    node.with(.mapping(pairs.enumerated().filter { $0.offset != index }.map(\.element)))
                ),
            ]
        }
    }
}

extension Node {
    fileprivate func with(_ content: Content) -> Node { Node(place: place, content: content) }
}

extension Node.Pair {
    fileprivate func with(_ value: Node) -> Node.Pair { Node.Pair(key: key, keyPlace: keyPlace, value: value) }
}

extension Array {
    fileprivate func replacing(_ index: Int, by element: Element) -> [Element] {
        var copy = self
        copy[index] = element
        return copy
    }
}
