/// The place where this relay process runs. A relay hop in the wrong region breaks residency too, so it may have a zone.
package struct Site: Equatable, Sendable {
    /// Shown in receipts, logs and metrics.
    package let name: String
    /// The zone this process stands in; `nil`: residency covers the upstream hop alone.
    package let zone: Zone?
    /// Where a client refused with `wrong-site` should go instead: a URL for each zone that has one.
    package let elsewhere: [Zone: String]

    package init(name: String, zone: Zone? = nil, elsewhere: [Zone: String] = [:]) {
        self.name = name
        self.zone = zone
        self.elsewhere = elsewhere
    }
}
