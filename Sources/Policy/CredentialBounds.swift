/// What a credential narrows of all that its tenant may do. It widens nothing: that one of the console's pages need not be a
/// page of the tenant's is rule 2's word, not the credential's.
package struct CredentialBounds: Equatable, Sendable {
    /// Sessions in this zone alone; `nil`: in any that policy allows.
    package var zone: Zone?
    /// Sessions from pages of this origin alone; `nil`: from any that policy allows, and from what is no page.
    package var origin: Origin?
    /// The longest session; `nil`: as long as the relay's own limits allow.
    package var session: Duration?

    /// Whether `origin` is that of the relay's own console, where an operator asked for the session.
    package private(set) var isConsole = false

    /// Sessions that an operator asked for in the relay's own console, from its page alone.
    package init(console origin: Origin, zone: Zone? = nil, session: Duration? = nil) {
        self.init(zone: zone, origin: origin, session: session)
        isConsole = true
    }

    /// Narrows nothing that is left out.
    package init(zone: Zone? = nil, origin: Origin? = nil, session: Duration? = nil) {
        self.zone = zone
        self.origin = origin
        self.session = session
    }
}
