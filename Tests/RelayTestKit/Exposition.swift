/// Prometheus' text format 0.0.4, read strictly: what a lenient reader would let pass is a fault here.
package struct Exposition {
    /// One family with its series, in order.
    package struct Family {
        package var name: String
        package var type: String
        package var help: String
        package var samples: [Sample] = []
    }

    /// One line with a value.
    package struct Sample: Equatable {
        package var name: String
        package var labels: [String: String]
        package var value: Double
    }

    /// What is wrong with a text, and where.
    package struct Fault: Error, CustomStringConvertible {
        package let line: Int
        package let what: String
        package var description: String { "line \(line): \(what)" }
    }

    package private(set) var families: [Family] = []
    private var seen: Set<String> = []
    private var line = 0

    package init(_ text: String) throws(Fault) {
        guard text.isEmpty || text.hasSuffix("\n") else { throw Fault(line: 0, what: "the last line does not end") }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            self.line += 1
            if line.hasPrefix("# HELP ") {
                try begin(line.dropFirst(7))
            } else if line.hasPrefix("# TYPE ") {
                try type(line.dropFirst(7))
            } else {
                try sample(line)
            }
        }
        for family in families { try check(family) }
    }

    /// The value of a series; nil when there is none.
    package subscript(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        families.flatMap(\.samples).first { $0.name == name && $0.labels == labels }?.value
    }

    private mutating func begin(_ text: Substring) throws(Fault) {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, isName(parts[0]) else { throw fault("HELP without a name and a text") }
        guard !families.contains(where: { $0.name == parts[0] }) else { throw fault("a family stands twice") }
        if let last = families.last, last.type.isEmpty { throw fault("HELP without TYPE") }
        families.append(Family(name: String(parts[0]), type: "", help: String(parts[1])))
    }

    private mutating func type(_ text: Substring) throws(Fault) {
        let parts = text.split(separator: " ")
        guard parts.count == 2, ["counter", "gauge", "histogram"].contains(parts[1]) else { throw fault("no TYPE") }
        guard var family = families.popLast(), family.name == parts[0], family.type.isEmpty else {
            throw fault("TYPE does not follow its HELP")
        }
        family.type = String(parts[1])
        families.append(family)
    }

    private mutating func sample(_ text: Substring) throws(Fault) {
        var rest = text
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" }
        guard isName(name) else { throw fault("a sample without a name") }
        rest = rest.dropFirst(name.count)
        let labels = try labels(&rest)
        guard rest.first == " ", let value = number(rest.dropFirst()) else { throw fault("a sample without a value") }
        guard var family = families.popLast(), belongs(String(name), to: family) else {
            throw fault("\(name) stands outside its family")
        }
        guard seen.insert("\(name) \(labels.sorted { $0.key < $1.key })").inserted else {
            throw fault("a series stands twice")
        }
        family.samples.append(Sample(name: String(name), labels: labels, value: value))
        families.append(family)
    }

    private func labels(_ rest: inout Substring) throws(Fault) -> [String: String] {
        guard rest.first == "{" else { return [:] }
        rest.removeFirst()
        var labels: [String: String] = [:]
        while true {
            let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            guard isName(name), !name.contains(":"), !name.hasPrefix("__") else {
                throw fault("a label without a name")
            }
            rest = rest.dropFirst(name.count)
            guard rest.hasPrefix("=\"") else { throw fault("a label without a value") }
            rest = rest.dropFirst(2)
            guard labels.updateValue(try value(&rest), forKey: String(name)) == nil else {
                throw fault("a label stands twice")
            }
            switch rest.popFirst() {
            case ",": continue
            case "}": return labels
            default: throw fault("labels do not end")
            }
        }
    }

    private func value(_ rest: inout Substring) throws(Fault) -> String {
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return value
            case "\\":
                switch rest.popFirst() {
                case "n": value += "\n"
                case "\\": value += "\\"
                case "\"": value += "\""
                default: throw fault("an escape that there is not")
                }
            default: value.append(character)
            }
        }
        throw fault("a label's value does not end")
    }

    private func number(_ text: Substring) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: text.allSatisfy { "0123456789+-.eE".contains($0) } ? Double(text) : nil
        }
    }

    private func isName(_ text: Substring) -> Bool {
        text.wholeMatch(of: /[a-zA-Z_:][a-zA-Z0-9_:]*/) != nil
    }

    private func belongs(_ name: String, to family: Family) -> Bool {
        guard family.type == "histogram" else { return name == family.name && !family.type.isEmpty }
        return ["_bucket", "_sum", "_count"].contains { name == family.name + $0 }
    }

    /// What `promtool check metrics` complains of, too.
    private func check(_ family: Family) throws(Fault) {
        guard (family.type == "counter") == family.name.hasSuffix("_total") else {
            throw fault("\(family.name): counters end with _total, and nothing else does")
        }
        guard !family.samples.isEmpty else { throw fault("\(family.name) has no sample") }
        guard family.type != "counter" || family.samples.allSatisfy({ $0.value >= 0 }) else {
            throw fault("\(family.name) is below zero")
        }
        guard family.type == "histogram" else { return }
        let buckets = family.samples.filter { $0.name.hasSuffix("_bucket") }
        var groups: [[String: String]: [Sample]] = [:]
        for bucket in buckets {
            var labels = bucket.labels
            labels["le"] = nil
            groups[labels, default: []].append(bucket)
        }
        for (labels, group) in groups {
            let bounds = group.compactMap { number($0.labels["le", default: ""][...]) }
            guard bounds.count == group.count, bounds.last == .infinity, zip(bounds, bounds.dropFirst()).allSatisfy(<)
            else { throw fault("\(family.name): the bounds of the buckets") }
            guard zip(group, group.dropFirst()).allSatisfy({ $0.value <= $1.value }) else {
                throw fault("\(family.name): buckets are not cumulative")
            }
            let count = family.samples.first { $0.name == family.name + "_count" && $0.labels == labels }
            guard count?.value == group.last?.value else { throw fault("\(family.name): +Inf is not the count") }
        }
    }

    private func fault(_ what: String) -> Fault { Fault(line: line, what: what) }
}
