/// What is counted: a closed list, and the labels of each. No label can hold what a peer wrote: their values are zones,
/// tenants, endpoints, issuers and policy versions of the configuration, and names from closed lists.
package struct MetricFamily: Hashable, Sendable {
    /// As it is exposed, its unit at the end.
    package let name: String
    /// One sentence for people.
    package let help: String
    /// What its values mean.
    package let kind: Kind
    /// The names of its labels, in the order their values are given.
    package let labels: [String]
    /// A histogram's upper bounds, ascending, without infinity.
    package let bounds: [Double]

    /// What the values of a family mean.
    package enum Kind: String, Sendable {
        /// Only grows, until the process ends.
        case counter
        /// Goes up and down.
        case gauge
        /// Observations, by size.
        case histogram
    }

    init(
        _ name: String, _ kind: Kind, _ labels: [String], bounds: [Double] = [], prefix: String = "tidegate_",
        _ help: String
    ) {
        self.name = prefix + name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.bounds = bounds
    }

    package static func == (left: MetricFamily, right: MetricFamily) -> Bool { left.name == right.name }

    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension MetricFamily {
    /// Every family, in the order of exposition.
    package static let all = ofRelay + ofSessions + ofTenants + ofUpstreams + ofReceipts + ofLoops + ofProcess
}
