/// Counters, gauges and histograms: the values of every family, by what their labels say.
///
/// A plain value: each event loop owns one and counts in it on its own thread; whoever wants all of them asks each loop for a
/// copy and merges. Nothing is counted for each frame: what flows is read from the sessions when it is asked for.
package struct Metrics: Sendable {
    private var series: [MetricFamily: [[String]: MetricValue]] = [:]

    /// Series a family may have; what comes beyond is counted under `other`, so that no peer can fill memory with labels.
    /// Room for the most tenants there are labels for, in several zones, both ways.
    package static let maxSeries = 2048
    /// Stands for every label of a series beyond the bound.
    package static let beyond = "other"

    /// Nothing counted.
    package init() {}

    /// Adds to a counter or gauge. `labels` are the values of the family's labels, in its order.
    package mutating func add(_ family: MetricFamily, _ labels: String..., by amount: Double = 1) {
        update(family, labels) { $0.add(amount) }
    }

    /// Counts one observation in a histogram.
    package mutating func observe(_ family: MetricFamily, _ labels: String..., value: Double) {
        update(family, labels) { $0.observe(value, bounds: family.bounds) }
    }

    /// Adds what was counted elsewhere of one series.
    package mutating func add(_ value: MetricValue, to family: MetricFamily, _ labels: String...) {
        update(family, labels) { $0.merge(value) }
    }

    /// Adds everything that `other` counted.
    package mutating func merge(_ other: Metrics) {
        for (family, values) in other.series {
            for (labels, value) in values { update(family, labels) { $0.merge(value) } }
        }
    }

    /// The series of a family, in the order of their labels' values.
    package func series(of family: MetricFamily) -> [(labels: [String], value: MetricValue)] {
        (series[family] ?? [:]).sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
    }

    private mutating func update(_ family: MetricFamily, _ labels: [String], _ body: (inout MetricValue) -> Void) {
        assert(labels.count == family.labels.count, "\(family.name) has the labels \(family.labels)")
        let isKnown = series[family]?[labels] != nil
        let isFull = (series[family]?.count ?? 0) >= Self.maxSeries
        let key = isKnown || !isFull ? labels : labels.map { _ in Self.beyond }
        body(&series[family, default: [:]][key, default: MetricValue(bounds: family.bounds)])
    }
}

/// The value of one series.
package struct MetricValue: Equatable, Sendable {
    /// A counter's or gauge's value; a histogram's sum.
    package private(set) var sum = 0.0
    /// A histogram's observations.
    package private(set) var count: UInt64 = 0
    /// A histogram's observations up to each bound, those below it included.
    package private(set) var buckets: [UInt64]

    init(bounds: [Double]) {
        buckets = Array(repeating: 0, count: bounds.count)
    }

    /// Nothing observed.
    package init(of family: MetricFamily) {
        self.init(bounds: family.bounds)
    }

    /// Observations that were sorted elsewhere.
    ///
    /// - Parameters:
    ///   - counts: how many lie in each bucket alone, the one above the last bound at the end.
    ///   - sum: of all of them.
    package init(counts: [UInt64], sum: Double) {
        var total: UInt64 = 0
        buckets = counts.dropLast().map { count in
            total &+= count
            return total
        }
        self.sum = sum
        count = total &+ (counts.last ?? 0)
    }

    /// Counts one observation in a histogram of `family`.
    package mutating func observe(_ value: Double, in family: MetricFamily) {
        observe(value, bounds: family.bounds)
    }

    mutating func add(_ amount: Double) {
        sum += amount
    }

    mutating func observe(_ value: Double, bounds: [Double]) {
        sum += value
        count &+= 1
        for index in buckets.indices where index < bounds.count && value <= bounds[index] { buckets[index] &+= 1 }
    }

    mutating func merge(_ other: MetricValue) {
        sum += other.sum
        count &+= other.count
        for index in buckets.indices where index < other.buckets.count { buckets[index] &+= other.buckets[index] }
    }
}
