import Crypto
import Reactor
import TLS

/// One zone of a stand-in: a listener with its own certificate and keys, as the provider has a host for each zone.
package struct StandInZone: Sendable {
    /// What it does with messages.
    package enum Mode: String, Sendable, CaseIterable {
        /// Plays the provider.
        case provider
        /// Sends every message back, each in one frame.
        case echo
        /// Sends every frame back as it came, fragmentation kept.
        case echoFrames = "echo-frames"
    }

    /// As the ledger and faults name it.
    package var name: String
    /// Where it listens; port 0 is any free one.
    package var address = SocketAddress.loopback(port: 0)
    /// The keys it knows.
    package var keys: ProviderKeys
    /// Nil for `ws://`.
    package var tls: TLSServerContext?
    /// What it does with messages.
    package var mode = Mode.provider
    /// How long it takes.
    package var delays = ProviderSession.Delays()
    /// New sessions in any minute; nil for no limit.
    package var maxOpensPerMinute: Int?
    /// The longest session, in seconds; a token may shorten it.
    package var maxSessionSeconds = TokenMint.sessionRange.upperBound
    /// Whether audio faster than 1.25 times real time is refused.
    package var enforcesRate = false

    package init(_ name: String, keys: ProviderKeys, tls: TLSServerContext? = nil) {
        self.name = name
        self.keys = keys
        self.tls = tls
    }

    /// A `wss://` zone whose certificate `authority` issues for `names`. Throws when libssl refuses the certificate.
    package init(
        _ name: String, keys: ProviderKeys, issuedBy authority: ThrowawayAuthority, names: [String]
    ) throws(TLSError) {
        let issued = authority.issue(names: names)
        let certificate = try TLSCertificate(chainPEM: issued.chainPEM, keyPEM: Secret(issued.keyPEM))
        self.init(name, keys: keys, tls: try .provider(certificate))
    }
}

extension TLSServerContext {
    /// What the provider's hosts speak: TLS 1.3 and HTTP/1.1 alone (provider contract §2).
    package static func provider(_ certificate: TLSCertificate) throws(TLSError) -> TLSServerContext {
        try TLSServerContext(certificates: [certificate], minimumVersion: .tls13)
    }
}
