/// One mapping of a document that `SchemaCheck` has looked at, with the defaults of what it leaves out.
///
/// A value that is faulty reads as its default: the fault has been told, and no configuration comes of a faulty file.
struct Section: Sendable {
    let table: KeyTable
    let path: String
    /// `nil` when the whole section is left out.
    let node: Node?

    init(_ table: KeyTable, path: String, node: Node?) {
        self.table = table
        self.path = path
        self.node = node
    }

    init(defaultsOf path: String, in table: KeyTable) {
        self.init(table, path: path, node: nil)
    }

    // MARK: Values

    /// The value of a key that has a default.
    func value<Value>(_ name: String, _ read: (String) -> Value?) -> Value {
        guard let value = optional(name, read) else {
            preconditionFailure("\(path).\(name) has no default that can be read so")
        }
        return value
    }

    /// The value of a key, or its default, or `nil`.
    func optional<Value>(_ name: String, _ read: (String) -> Value?) -> Value? {
        let key = key(name)
        if let text = node?[name]?.text, key.type.accepts(text), let value = read(text) { return value }
        return key.standard.flatMap(read)
    }

    func whole(_ name: String) -> Int { value(name, Scalars.whole) }

    func size(_ name: String) -> Int { value(name, Scalars.size) }

    func duration(_ name: String) -> Duration { value(name, Scalars.duration) }

    func choice<Choice: RawRepresentable<String>>(_ name: String) -> Choice { value(name, Choice.init(rawValue:)) }

    func text(_ name: String) -> String? { optional(name) { $0 } }

    /// The node of a key that is there, faulty or not.
    func node(_ name: String) -> Node? {
        _ = key(name)
        return node?[name]
    }

    /// The items of a list that are text.
    func texts(_ name: String) -> [(text: String, place: Place)] {
        (node(name)?.list ?? []).compactMap { item in item.text.map { ($0, item.place) } }
    }

    /// The pairs of a mapping.
    func pairs(_ name: String) -> [Node.Pair] {
        node(name)?.pairs ?? []
    }

    // MARK: Sections

    func section(_ name: String) -> Section {
        Section(table, path: key(name).path, node: node?[name])
    }

    func sections(_ name: String) -> [Section] {
        (node(name)?.list ?? []).map { Section(table, path: key(name).path + "[]", node: $0) }
    }

    func named(_ name: String) -> [(name: String, place: Place, section: Section)] {
        pairs(name).map { pair in
            (pair.key, pair.keyPlace, Section(table, path: key(name).path + ".*", node: pair.value))
        }
    }

    /// A key that is read but not in the table is our own mistake.
    private func key(_ name: String) -> Key {
        guard let key = table.key(name, in: path) else { preconditionFailure("no key \(name) in \(path)") }
        return key
    }
}
