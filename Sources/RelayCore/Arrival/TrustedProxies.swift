import Policy

/// The balancers before a listener, and what they are believed: who may speak the PROXY protocol there, and whose
/// `X-Forwarded-For` names the client.
package struct TrustedProxies: Equatable, Sendable {
    /// Where they are.
    package let networks: [Network]

    /// Nobody is believed, unless networks are named.
    package init(_ networks: [Network] = []) {
        self.networks = networks
    }

    /// Whether the address is a balancer's.
    package func contains(_ address: IPAddress) -> Bool {
        let address = address.unmapped
        return networks.contains { $0.contains(address) }
    }

    /// Whether a listener that wants the PROXY protocol takes it from there: from anybody, where no balancer is named.
    package func mayAnnounce(_ address: IPAddress) -> Bool {
        networks.isEmpty || contains(address)
    }

    /// Who sent a request: the rightmost address that is no balancer's, counted from `peer`.
    ///
    /// Each balancer appends to `X-Forwarded-For` whom it heard, so the list is believed from its end, and no further than
    /// balancers have written it: anything before the first address that is not one of theirs, the client may have made up.
    /// Where something else than an address stands (`unknown`, RFC 7239 §6.2), whoever wrote it is all that is known.
    ///
    /// - Parameter lists: the values of the field's lines, first line first.
    package func client(behind peer: IPAddress, forwardedFor lists: [String]) -> IPAddress {
        var client = peer.unmapped
        for list in lists.reversed() {
            for element in list.split(separator: ",").reversed() {
                guard contains(client) else { return client }
                let text = element.drop(while: Self.isSpace)
                // RFC 9110 §5.6.1.2: empty elements mean nothing.
                if text.isEmpty { continue }
                guard let address = Self.address(text) else { return client }
                client = address.unmapped
            }
        }
        return client
    }

    /// An address as balancers write it: bare, or with a port, which IPv6 then has brackets before.
    private static func address(_ text: Substring) -> IPAddress? {
        var text = text
        while text.last.map(isSpace) == true { text.removeLast() }
        return IPAddress(String(text)) ?? HostAndPort(String(text))?.literalAddress
    }

    private static func isSpace(_ character: Character) -> Bool {
        character == " " || character == "\t"
    }
}
