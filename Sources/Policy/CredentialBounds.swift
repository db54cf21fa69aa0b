/// What a credential narrows of all that its tenant may do. It never widens anything.
package struct CredentialBounds: Equatable, Sendable {
    /// Sessions in this zone alone; `nil`: in any that policy allows.
    package var zone: Zone?
    /// Sessions from pages of this origin alone; `nil`: from any that policy allows, and from what is no page.
    package var origin: Origin?
    /// The longest session; `nil`: as long as the relay's own limits allow.
    package var session: Duration?

    /// Narrows nothing that is left out.
    package init(zone: Zone? = nil, origin: Origin? = nil, session: Duration? = nil) {
        self.zone = zone
        self.origin = origin
        self.session = session
    }
}
