/// The values that a label may have, where there could be too many: those that come first keep their names for the life of the
/// process, so that no series ever changes its meaning, and all others share one.
package struct LabelBound: Sendable {
    private let limit: Int
    private var names: Set<String> = []

    /// - Parameter limit: how many have names of their own.
    package init(limit: Int) {
        self.limit = limit
    }

    /// What `name` is called in a label.
    package mutating func label(of name: String) -> String {
        if names.contains(name) { return name }
        guard names.count < limit else { return Metrics.beyond }
        names.insert(name)
        return name
    }
}
