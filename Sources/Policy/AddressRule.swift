/// Rule 7's judgement of an address, made after the name is resolved and before anything is sent to it: a provider's name
/// that is made to point inward must not turn the relay into a way in.
///
/// - Parameters:
///   - address: where the connection would go.
///   - endpointHost: the endpoint's host, a name or a literal address.
///   - hasConfiguredAddress: the endpoint's `address` is connected to instead of resolving the name.
///   - networks: the zone's `verify.networks`; if any are given the address must be inside one.
package func mayConnect(
    to address: IPAddress, endpointHost: String, hasConfiguredAddress: Bool, networks: [Network]
) -> AddressVerdict {
    let scope = address.scope
    // Linux takes 0.0.0.0 for loopback; neither it nor a group address can be a provider, whoever lists it.
    guard scope != .unspecified, scope != .multicast else { return .refuse("\(address) is \(scope.words)") }
    guard networks.isEmpty else {
        return networks.list(address) ? .connect : .refuse("\(address) is in none of the zone's networks")
    }
    let host = endpointHost.asciiLowercased
    if host == "localhost", !hasConfiguredAddress {
        return scope == .loopback ? .connect : .refuse("localhost resolves to \(address), which is not loopback")
    }
    if scope == .global || hasConfiguredAddress || HostAndPort(host)?.literalAddress != nil || IPAddress(host) != nil {
        return .connect
    }
    return .refuse("\(host) resolves to \(address), which is \(scope.words) and listed in no network of the zone")
}

/// Whether rule 7 lets a connection go to an address.
package enum AddressVerdict: Equatable, Sendable {
    case connect
    /// A failure of this endpoint; the text is for logs.
    case refuse(String)
}

/// What kind of address it is, as far as rule 7 cares. Ranges: the IANA special-purpose address registries.
package enum AddressScope: Equatable, Sendable {
    case global
    case loopback
    /// RFC 1918, RFC 6598 (carrier-grade NAT), RFC 4193 and other ranges that mean something inside a network only.
    case `private`
    /// RFC 3927 and RFC 4291; cloud metadata services answer here.
    case linkLocal
    case unspecified
    /// Groups and broadcast.
    case multicast

    /// As the rest of "it is …".
    package var words: String {
        switch self {
        case .global: "a public address"
        case .loopback: "a loopback address"
        case .private: "a private address"
        case .linkLocal: "a link-local address"
        case .unspecified: "the unspecified address"
        case .multicast: "a group address"
        }
    }
}

extension IPAddress {
    /// The scope of the address the packets end up at: of an embedded IPv4 address, its own.
    package var scope: AddressScope {
        let target = embedded
        return AddressScope.special.first { $0.network.contains(target) }?.scope ?? .global
    }
}

extension [Network] {
    /// Whether a range holds the address. An embedded IPv4 address that is not public must itself be listed: a range of
    /// translated addresses is no permission for everything behind the translator.
    func list(_ address: IPAddress) -> Bool {
        let target = address.embedded
        if contains(where: { $0.contains(target) }) { return true }
        return address.scope == .global && contains { $0.contains(address) }
    }
}

extension AddressScope {
    /// The first range that holds an address decides.
    fileprivate static let special: [(network: Network, scope: AddressScope)] = [
        (v4(0, 0, 0, 0, 32), .unspecified),
        (v4(127, 0, 0, 0, 8), .loopback),
        (v4(169, 254, 0, 0, 16), .linkLocal),
        (v4(10, 0, 0, 0, 8), .private),
        (v4(172, 16, 0, 0, 12), .private),
        (v4(192, 168, 0, 0, 16), .private),
        (v4(100, 64, 0, 0, 10), .private),
        (v4(0, 0, 0, 0, 8), .private),  // "this network"
        (v4(192, 0, 0, 0, 24), .private),  // protocol assignments, NAT64 discovery
        (v4(192, 0, 2, 0, 24), .private),  // documentation
        (v4(198, 18, 0, 0, 15), .private),  // benchmarking
        (v4(198, 51, 100, 0, 24), .private),  // documentation
        (v4(203, 0, 113, 0, 24), .private),  // documentation
        (v4(224, 0, 0, 0, 4), .multicast),
        (v4(255, 255, 255, 255, 32), .multicast),
        (v4(240, 0, 0, 0, 4), .private),  // reserved
        (v6(0, 128), .unspecified),
        (v6(1, 128), .loopback),
        (v6(0xfe80 << 112, 10), .linkLocal),
        (v6(0xfc00 << 112, 7), .private),
        (v6(0xfec0 << 112, 10), .private),  // site-local, deprecated
        (v6(0x0064_ff9b_0001 << 80, 48), .private),  // NAT64 with a local prefix: what is behind it is unknown
        (v6(0x0100 << 112, 64), .private),  // discard
        (v6(0x2001 << 112, 23), .private),  // protocol assignments, among them Teredo
        (v6(0x2001_0db8 << 96, 32), .private),  // documentation
        (v6(0x3fff << 112, 20), .private),  // documentation
        (v6(0x5f00 << 112, 16), .private),  // segment routing
        (v6(0xff00 << 112, 8), .multicast),
    ]

    private static func v4(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32, _ length: Int) -> Network {
        Network(base: .v4(a << 24 | b << 16 | c << 8 | d), prefixLength: length)
    }

    private static func v6(_ number: UInt128, _ length: Int) -> Network {
        Network(base: .v6(number), prefixLength: length)
    }
}
