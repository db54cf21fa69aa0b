/// The zones a tenant's data may enter.
package enum Residency: Equatable, Sendable, CustomStringConvertible {
    /// These zones and no others, in order of preference.
    case zones(ZoneList)
    /// Whatever zone is asked for; `edge` when none is.
    case any

    /// One zone or several, the first one preferred. Repeated zones count once.
    package static func zones(_ first: Zone, _ others: Zone...) -> Residency {
        .zones(ZoneList(first, others))
    }

    /// Whether the tenant's audio may enter `zone`. `edge` may be served anywhere, so it satisfies no other zone.
    package func admits(_ zone: Zone) -> Bool {
        switch self {
        case .zones(let list): list.contains(zone)
        case .any: true
        }
    }

    /// Whether no promise is made about the place: every site may then serve the tenant.
    package var admitsEverySite: Bool {
        admits(.edge)
    }

    /// The zones to try for a request that asks for none, in order. Never anything beyond `edge` for `any`.
    var preferred: [Zone] {
        switch self {
        case .zones(let list): list.zones
        case .any: [.edge]
        }
    }

    package var description: String {
        switch self {
        case .zones(let list): list.zones.map(\.name).joined(separator: ", ")
        case .any: "any"
        }
    }
}

/// An ordered list of different zones that is never empty: an empty residency would be neither a promise nor a permission.
package struct ZoneList: Equatable, Sendable {
    /// The preferred zone.
    package let first: Zone
    private let others: [Zone]

    /// `nil` when `zones` is empty. Repeated zones count once, at their first place.
    package init?(_ zones: [Zone]) {
        guard let first = zones.first else { return nil }
        self.init(first, Array(zones.dropFirst()))
    }

    init(_ first: Zone, _ others: [Zone] = []) {
        var different: [Zone] = []
        for zone in others where zone != first && !different.contains(zone) { different.append(zone) }
        self.first = first
        self.others = different
    }

    /// All of them, in order.
    package var zones: [Zone] {
        [first] + others
    }

    /// Whether the zone is in the list.
    package func contains(_ zone: Zone) -> Bool {
        zone == first || others.contains(zone)
    }
}
