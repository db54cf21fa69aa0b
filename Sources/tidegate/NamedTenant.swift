import Configuration
import Policy

extension PolicySnapshot {
    /// The tenant that a command was told to speak of. Throws with the nearest name where there is none.
    func tenant(named text: String) throws(CommandError) -> Tenant {
        if let tenant = TenantName(text).flatMap({ tenants[$0] }) { return tenant }
        let nearest = NearestName.of(text, among: tenants.keys.map(\.text).sorted())
        let remedy = nearest.map { "; the nearest is \($0)" } ?? "; there are none"
        throw CommandError(message: "no tenant \(text)\(remedy)")
    }
}
