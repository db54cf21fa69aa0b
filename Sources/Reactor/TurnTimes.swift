import Timing

/// How long the turns of a loop took, without its wait, sorted by size.
package struct TurnTimes: Sendable {
    /// The upper bounds of the sizes, ascending: a turn of a busy loop takes a tenth of a millisecond, and one that takes more
    /// than a second has held up everybody.
    package static let bounds: [Duration] = [
        .microseconds(100), .microseconds(250), .microseconds(500), .milliseconds(1), .microseconds(2500),
        .milliseconds(5), .milliseconds(10), .milliseconds(25), .milliseconds(100), .seconds(1),
    ]

    // Neither is an array: it would be asked with every turn whether it is shared.
    private var sorted = InlineArray<11, UInt64>(repeating: 0)
    private let limits: InlineArray<10, UInt64>
    private var nanoseconds: UInt64 = 0

    init() {
        let bounds = Self.bounds
        limits = InlineArray { UInt64(clamping: bounds[$0].wholeNanoseconds) }
    }

    /// The turns of each size, those above the last bound at the end.
    package var counts: [UInt64] { sorted.indices.map { sorted[$0] } }

    /// Of all turns.
    package var total: Duration { .nanoseconds(Int64(clamping: nanoseconds)) }

    /// Counts one turn of this many nanoseconds.
    mutating func note(_ turn: UInt64) {
        nanoseconds &+= turn
        var index = 0
        while index < limits.count, turn > limits[index] { index += 1 }
        sorted[index] &+= 1
    }
}
