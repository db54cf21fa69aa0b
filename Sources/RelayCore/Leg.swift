/// One of the two halves of a session.
package enum Leg: Sendable, Hashable {
    /// The WebSocket between the client and the relay.
    case client
    /// The WebSocket between the relay and the provider.
    case upstream

    /// The other half: where what arrives on this leg goes.
    package var other: Leg {
        switch self {
        case .client: .upstream
        case .upstream: .client
        }
    }
}
