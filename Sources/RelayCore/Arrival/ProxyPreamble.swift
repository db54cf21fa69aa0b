import Policy

/// What stands before the first byte of a connection that a balancer passes on: the PROXY protocol, version 1 or 2
/// (haproxy.org, `proxy-protocol.txt`), which says for whom.
package enum ProxyPreamble: Equatable, Sendable {
    /// The connection is the balancer's own, such as a health check (`LOCAL`), or no Internet address is named (`UNKNOWN`,
    /// `UNSPEC`, `UNIX`): who connected is who it is.
    case unnamed
    /// It is passed on for whoever has this address and port.
    case client(IPAddress, port: UInt16)
}

/// Why a connection that must begin with a preamble is given up: a closed list.
package enum ProxyPreambleFault: String, Error, CaseIterable, Sendable {
    /// Its first bytes are not those of a preamble.
    case absent = "proxy-preamble-absent"
    /// They are, and what follows breaks the protocol's rules.
    case malformed = "proxy-preamble-malformed"
    /// It did not come in time.
    case late = "proxy-preamble-late"
    /// Whoever connected is none of those who may send one.
    case untrusted = "proxy-untrusted"

    /// For operators, with the remedy.
    package var sentence: String {
        switch self {
        case .absent:
            "the connection does not begin with the PROXY protocol; have the balancer send it, or set `proxy_protocol: off`"
        case .malformed: "the PROXY protocol's preamble is malformed"
        case .late: "the PROXY protocol's preamble did not come in time"
        case .untrusted: "whoever connected may not speak the PROXY protocol; name the balancer under `trusted_proxies`"
        }
    }
}
