import RelayTestKit

/// Seeds for properties: other ones in each run, shown with the test that they make fail.
enum Seeds {
    static func some(_ count: Int) -> [UInt64] {
        (0..<count).map { _ in UInt64.random(in: 0...UInt64.max) }
    }

    /// Seeds that follow from one.
    static func from(_ seed: UInt64, count: Int) -> [UInt64] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in random.next() }
    }
}
