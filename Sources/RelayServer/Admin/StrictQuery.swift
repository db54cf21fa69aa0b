import HTTP

/// The query of a request to the admin listener, read strictly: a slip of the pen in a filter must not list, or end, everything.
struct StrictQuery {
    private let target: RequestTarget

    /// What is wrong with it.
    struct Fault: Error {
        let sentence: String
    }

    /// Throws for a parameter that is not one of `names`.
    init(_ target: RequestTarget, names: [String]) throws(Fault) {
        self.target = target
        let others = target.removing(parameters: Set(names)).query ?? ""
        guard others.isEmpty else {
            let known = names.isEmpty ? "Nothing can" : "Only these can"
            throw Fault(sentence: "\(known) be asked for\(names.isEmpty ? "" : ": " + names.joined(separator: ", ")).")
        }
    }

    /// Throws for one that stands twice.
    func text(_ name: String) throws(Fault) -> String? {
        let values = target.parameter(name)
        guard values.count <= 1 else { throw Fault(sentence: "\(name) can be given once.") }
        return values.first
    }

    func number(_ name: String, in range: ClosedRange<Int>) throws(Fault) -> Int? {
        guard let text = try text(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw Fault(sentence: "\(name) is a number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    /// One of the words of a list.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, of: Choice.Type
    ) throws(Fault) -> Choice? where Choice.RawValue == String {
        guard let text = try text(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw Fault(sentence: "\(name) is one of \(words).")
        }
        return choice
    }
}
