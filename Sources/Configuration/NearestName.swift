/// Finds what somebody most likely meant.
package enum NearestName {
    /// The candidate with the fewest edits from `name`, the first of equals; `nil` when there are none.
    package static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        // A name nobody would type is not worth the quadratic cost.
        let name = name.prefix(maxLength)
        return candidates.map { (edits(from: name, to: $0[...]), $0) }.min { $0.0 < $1.0 }?.1
    }

    private static let maxLength = 100

    /// Levenshtein's distance, ignoring case: insertions, deletions and replacements of one character.
    static func edits(from one: Substring, to other: Substring) -> Int {
        let target = Array(other.lowercased())
        var row = Array(0...target.count)
        for (index, character) in one.lowercased().enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in target.indices {
                let replaced = diagonal + (character == target[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[target.count]
    }
}
