/// The faults asked for beforehand, zone by zone, and how many connections each set still strikes.
package struct FaultBook: Sendable {
    private struct Entry {
        var faults: [Fault]
        /// How many connections are left to strike; nil for all that come.
        var times: Int?
    }

    private var entries: [String: [Entry]] = [:]

    /// A book without faults.
    package init() {}

    /// Adds faults that strike the next `times` connections of a zone, or all of them, after those added before.
    package mutating func add(_ faults: [Fault], zone: String, times: Int? = nil) {
        guard times ?? 1 > 0, !faults.isEmpty else { return }
        entries[zone, default: []].append(Entry(faults: faults, times: times))
    }

    /// Forgets the faults of a zone, or of all.
    package mutating func clear(zone: String? = nil) {
        guard let zone else { return entries.removeAll() }
        entries[zone] = nil
    }

    /// The faults for a connection just accepted: only those that strike before its request.
    package mutating func takeForConnection(zone: String) -> [Fault] {
        take(zone) { $0.contains { $0.moment == .accept } }
    }

    /// The faults for a request just read.
    package mutating func takeForRequest(zone: String) -> [Fault] {
        take(zone) { !$0.contains { $0.moment == .accept } }
    }

    private mutating func take(_ zone: String, _ isWanted: ([Fault]) -> Bool) -> [Fault] {
        guard let index = entries[zone]?.firstIndex(where: { isWanted($0.faults) }),
            var entry = entries[zone]?[index]
        else { return [] }
        guard let times = entry.times else { return entry.faults }
        entry.times = times - 1
        if times > 1 { entries[zone]?[index] = entry } else { entries[zone]?.remove(at: index) }
        return entry.faults
    }
}
