/// The connections of one loop of which it is not known yet what they carry, in the order in which they came.
///
/// There is room for so many. One more takes the place of the oldest: a proper client is done within a few round trips, and
/// whoever holds connections open without a request holds up none but its own kind.
struct Newcomers {
    private let most: Int
    private var newcomers: [UInt64: any Newcomer] = [:]
    /// None has a smaller number.
    private var oldest: UInt64 = 0
    private var next: UInt64 = 0

    /// - Parameter most: what they hold of memory is bounded by it. Ten thousand clients that say next to nothing find room on
    ///   two loops.
    init(most: Int = 8192) {
        self.most = most
    }

    var count: Int { newcomers.count }
    var isEmpty: Bool { newcomers.isEmpty }

    /// Adds one, and takes the oldest out if there is no room left.
    ///
    /// - Returns: the number of the one, and the other.
    mutating func add(_ newcomer: any Newcomer) -> (number: UInt64, displaced: (any Newcomer)?) {
        let displaced = newcomers.count < most ? nil : takeOldest()
        defer { next += 1 }
        newcomers[next] = newcomer
        return (next, displaced)
    }

    /// Its request is complete, or never will be.
    mutating func remove(_ number: UInt64) {
        newcomers[number] = nil
    }

    private mutating func takeOldest() -> (any Newcomer)? {
        while oldest < next {
            defer { oldest += 1 }
            if let newcomer = newcomers.removeValue(forKey: oldest) { return newcomer }
        }
        return nil
    }
}

/// A connection that has been accepted and has not come to the point.
protocol Newcomer: AnyObject {
    /// Others came after it, and there is no room for all: it ends.
    func giveWay()
}
