/// Holds one document to its table of keys: unknown keys, missing ones, wrong types, values outside their range, and
/// keys that are not in force yet. It also gathers the files and variables the document names.
struct SchemaCheck {
    let table: KeyTable
    private(set) var faults = Faults()
    private(set) var references: [Reference] = []

    /// A file or environment variable a document names, to be looked at after the reading.
    struct Reference: Equatable {
        let place: Place
        /// The key as a person finds it: `zones.eu.key`.
        let key: String
        let target: Target

        enum Target: Equatable {
            /// The path as written.
            case file(String, FileRole)
            case variable(String)
        }
    }

    init(_ table: KeyTable) {
        self.table = table
    }

    mutating func check(_ root: Node) {
        checkSection(root, at: "", shown: "")
    }

    // MARK: Mappings and lists of keys

    private mutating func checkSection(_ node: Node, at path: String, shown: String) {
        guard let pairs = mapping(node, shown: shown.isEmpty ? "the file" : shown, accepted: "a mapping") else {
            return
        }
        for pair in pairs {
            guard let key = table.key(pair.key, in: path) else {
                reportUnknown(pair, among: table.keys(in: path), shown: join(shown, pair.key))
                continue
            }
            checkKey(key, pair, shown: join(shown, pair.key))
        }
        for key in table.keys(in: path) where key.isRequired && node[key.name] == nil {
            let part = shown.isEmpty ? "" : "\(shown): "
            faults.error(node.place, "\(part)`\(key.name)` is required: \(key.help)")
        }
    }

    private mutating func checkKey(_ key: Key, _ pair: Node.Pair, shown: String) {
        if case .nothing = pair.value.content {
            faults.error(pair.keyPlace, "\(shown) has no value; give it \(key.type.accepted), or leave the key out")
            return
        }
        noteForce(of: key, pair, shown: shown)
        check(pair.value, key.type, at: key.path, shown: shown)
    }

    private mutating func check(_ node: Node, _ type: KeyType, at path: String, shown: String) {
        switch type {
        case .section: checkSection(node, at: path, shown: shown)
        case .sections: checkSections(node, at: path, shown: shown)
        case .named(let kind): checkNamed(node, kind, at: path, shown: shown)
        case .endpoints: checkEndpoints(node, at: path, shown: shown)
        case .list(let item): checkList(node, item, at: path, shown: shown)
        case .map(let kind, let value): checkMap(node, kind, value, at: path, shown: shown)
        case .residency: checkResidency(node, shown: shown)
        case .anyOrList: checkAnyOrList(node, at: path, shown: shown)
        case .secret: checkSecret(node, .secret, shown: shown)
        case .keySet: checkKeySet(node, shown: shown)
        default: checkText(node, type, shown: shown)
        }
    }

    private mutating func checkSections(_ node: Node, at path: String, shown: String) {
        guard let items = items(node, shown: shown, accepted: KeyType.sections.accepted, mayBeEmpty: false) else {
            return
        }
        for (index, item) in items.enumerated() {
            checkSection(item, at: path + "[]", shown: "\(shown)[\(index)]")
        }
    }

    private mutating func checkNamed(_ node: Node, _ kind: KeyType.NameKind, at path: String, shown: String) {
        guard let pairs = mapping(node, shown: shown, accepted: KeyType.named(kind).accepted) else { return }
        if pairs.isEmpty { faults.error(node.place, "\(shown) is empty; give it \(KeyType.named(kind).accepted)") }
        for pair in pairs {
            checkName(pair, kind)
            checkSection(pair.value, at: path + ".*", shown: join(shown, pair.key))
        }
    }

    private mutating func checkEndpoints(_ node: Node, at path: String, shown: String) {
        guard let items = items(node, shown: shown, accepted: KeyType.endpoints.accepted, mayBeEmpty: false) else {
            return
        }
        for (index, item) in items.enumerated() {
            let shown = "\(shown)[\(index)]"
            if item.text != nil {
                checkText(item, .webSocketURL, shown: shown)
            } else {
                checkSection(item, at: path + "[]", shown: shown)
            }
        }
    }

    // MARK: Values

    private mutating func checkList(_ node: Node, _ item: KeyType, at path: String, shown: String) {
        guard let items = items(node, shown: shown, accepted: KeyType.list(item).accepted, mayBeEmpty: true) else {
            return
        }
        for (index, node) in items.enumerated() {
            check(node, item, at: path, shown: "\(shown)[\(index)]")
        }
    }

    private mutating func checkMap(
        _ node: Node, _ kind: KeyType.NameKind, _ value: KeyType, at path: String, shown: String
    ) {
        guard let pairs = mapping(node, shown: shown, accepted: KeyType.map(kind, value).accepted) else { return }
        for pair in pairs {
            checkName(pair, kind)
            check(pair.value, value, at: path, shown: join(shown, pair.key))
        }
    }

    private mutating func checkResidency(_ node: Node, shown: String) {
        if node.text == "any" { return }
        guard node.list != nil else {
            return checkText(node, .zone, shown: shown, accepted: KeyType.residency.accepted)
        }
        let zones = items(node, shown: shown, accepted: KeyType.residency.accepted, mayBeEmpty: false) ?? []
        for (index, zone) in zones.enumerated() {
            checkText(zone, .zone, shown: "\(shown)[\(index)]")
        }
    }

    private mutating func checkAnyOrList(_ node: Node, at path: String, shown: String) {
        if node.text == "any" { return }
        guard node.list != nil else {
            faults.error(node.place, "\(shown) is \(written(node)), not \(KeyType.anyOrList.accepted)")
            return
        }
        checkList(node, .parameter, at: path, shown: shown)
    }

    private mutating func checkSecret(_ node: Node, _ role: FileRole, shown: String) {
        if node.text != nil {
            faults.error(
                node.place,
                "\(shown) is written out, and a secret never stands in this file; use \(KeyType.secret.accepted)")
            return
        }
        guard let pairs = node.pairs, pairs.count == 1, let pair = pairs.first, let target = pair.value.text,
            !target.isEmpty, ["file", "env"].contains(pair.key)
        else {
            faults.error(node.place, "\(shown) takes \(KeyType.secret.accepted), one of the two")
            return
        }
        references.append(
            Reference(
                place: pair.value.place, key: shown,
                target: pair.key == "file" ? .file(target, role) : .variable(target)))
    }

    private mutating func checkKeySet(_ node: Node, shown: String) {
        if let text = node.text {
            if !Scalars.isSecureURL(text) { faults.error(node.place, "\(shown) takes \(KeyType.keySet.accepted)") }
        } else if let path = node["file"]?.text, node.pairs?.count == 1 {
            references.append(Reference(place: node.place, key: shown, target: .file(path, .keySet)))
        } else {
            faults.error(node.place, "\(shown) takes \(KeyType.keySet.accepted)")
        }
    }

    private mutating func checkText(_ node: Node, _ type: KeyType, shown: String, accepted: String? = nil) {
        guard let text = node.text, type.accepts(text) else {
            let value = type.mayBeShown ? "is \(written(node))" : "is something else"
            faults.error(node.place, "\(shown) \(value); it takes \(accepted ?? type.accepted)")
            return
        }
        switch type {
        case .file(let role): references.append(Reference(place: node.place, key: shown, target: .file(text, role)))
        case .authority where text != "system":
            references.append(Reference(place: node.place, key: shown, target: .file(text, .authority)))
        default: break
        }
    }

    private mutating func checkName(_ pair: Node.Pair, _ kind: KeyType.NameKind) {
        guard let accepted = kind.complaint(about: pair.key) else { return }
        faults.error(pair.keyPlace, "\(quoted(pair.key)) is not \(accepted)")
    }

    // MARK: What is told

    private mutating func reportUnknown(_ pair: Node.Pair, among keys: [Key], shown: String) {
        let nearest = NearestName.of(pair.key, among: keys.map(\.name))
        let remedy = nearest.map { "; the nearest known key is `\($0)`" } ?? ""
        faults.error(pair.keyPlace, "unknown key \(quoted(shown))\(remedy)")
    }

    private mutating func noteForce(of key: Key, _ pair: Node.Pair, shown: String) {
        switch key.force {
        case .now: break
        case .notYet(let harmless):
            guard !isHarmless(pair.value, harmless) else { return }
            faults.note(pair.keyPlace, "\(shown) is not yet in force")
        }
    }

    /// An empty list or mapping is harmless where the empty text is.
    private func isHarmless(_ node: Node, _ harmless: String?) -> Bool {
        guard let harmless else { return false }
        switch node.content {
        case .text(let text): return text == harmless
        case .list(let items): return harmless.isEmpty && items.isEmpty
        case .mapping(let pairs): return harmless.isEmpty && pairs.isEmpty
        case .nothing: return true
        }
    }

    private mutating func mapping(_ node: Node, shown: String, accepted: String) -> [Node.Pair]? {
        if let pairs = node.pairs { return pairs }
        faults.error(node.place, "\(shown) is \(written(node)); it takes \(accepted)")
        return nil
    }

    private mutating func items(_ node: Node, shown: String, accepted: String, mayBeEmpty: Bool) -> [Node]? {
        guard let items = node.list else {
            faults.error(node.place, "\(shown) is \(written(node)); it takes \(accepted)")
            return nil
        }
        if items.isEmpty, !mayBeEmpty { faults.error(node.place, "\(shown) is empty; it takes \(accepted)") }
        return items
    }

    private func join(_ shown: String, _ name: String) -> String {
        shown.isEmpty ? name : "\(shown).\(name)"
    }

    /// The value as it can be told: text itself, or what kind of thing it is.
    private func written(_ node: Node) -> String {
        node.text.map(quoted) ?? node.kind
    }
}

/// Text from a file in a message: short, and marked off.
func quoted(_ text: String) -> String {
    text.count > 80 ? "`\(text.prefix(80))…`" : "`\(text)`"
}
