import Policy
import Reactor
import RelayCore
import TLS
import Transport

/// Rule 7 for one endpoint: which addresses may be connected to, whose certificate is asked for, and which keys it may hold.
///
/// Whoever connects to an upstream, to dial it or to probe it, asks here and nowhere else. Immutable; any thread.
struct EndpointVerification: Sendable {
    let endpoint: Endpoint
    /// The authorities that are believed.
    let tls: TLSClientContext
    /// The addresses that may be connected to; empty: every public one.
    let networks: [Network]
    /// SHA-256 of acceptable public keys (SubjectPublicKeyInfo); empty: any that the authorities vouch for.
    let pins: [[UInt8]]

    /// An address is judged after the name is resolved and before anything is sent to it.
    func verdict(on candidate: SocketAddress) -> AddressVerdict {
        guard let address = IPAddress(bytes: candidate.bytes) else { return .refuse("not an IP address") }
        return mayConnect(
            to: address, endpointHost: endpoint.host, hasConfiguredAddress: endpoint.address != nil, networks: networks)
    }

    /// The TLS side of a new connection, which completes only with a certificate of the authorities for the endpoint's host.
    /// Nil for an endpoint without TLS.
    ///
    /// - Parameter sessionKey: connections with one key may resume one another's sessions; the endpoint's, unless given.
    func makeTLS(sessionKey: String? = nil) throws(TLSError) -> TLSConnection? {
        guard endpoint.secure else { return nil }
        return try TLSConnection(
            client: tls, serverName: endpoint.hostName, sessionKey: sessionKey ?? endpoint.authority)
    }

    /// What is wrong with the key of a certificate that the authorities vouch for; nil when a pin admits it or there are none.
    /// Pins are compared on resumed connections too: a pin taken back must bind at once.
    func pinMismatch(_ connection: TLSConnection?) -> String? {
        guard !pins.isEmpty else { return nil }
        guard let key = connection?.peerSPKISHA256 else { return "there is no certificate to compare the pins with" }
        return pins.contains(key) ? nil : "the certificate's key matches none of the zone's pins"
    }

    /// Whether a connection that was verified before may stand under these rules: its address and its key are judged again.
    func admits(_ transport: Transport) -> Bool {
        verdict(on: transport.peer) == .connect && pinMismatch(transport.tls) == nil
    }
}

extension EndpointVerification {
    init(_ endpoint: Endpoint, in zone: RelaySnapshot.UpstreamZone) {
        self.init(endpoint: endpoint, tls: zone.tls, networks: zone.networks, pins: zone.pins)
    }

    /// The failure of an address that may not be connected to; nil when it may.
    func failure(of candidate: SocketAddress) -> DialFailure? {
        guard case .refuse(let detail) = verdict(on: candidate) else { return nil }
        let scope = IPAddress(bytes: candidate.bytes)?.scope
        return DialFailure(.addressForbidden, detail, reason: DialFailure.Reason(scope, isListed: networks.isEmpty))
    }

    /// The failure of a connection whose certificate no pin admits; nil when one does.
    func failure(of transport: Transport) -> DialFailure? {
        pinMismatch(transport.tls).map {
            DialFailure(.notVerified, "\(transport.peer): \($0)", reason: .pinMismatch)
        }
    }
}

extension DialFailure {
    /// How an attempt to connect ended.
    init(_ end: TransportEnd, at address: SocketAddress) {
        switch end {
        case .insecure(let error):
            self.init(.notVerified, "\(address): \(error.detail)", reason: Reason(error.kind))
        case .closed, .truncated, .failed: self.init(.connectFailed, "\(address): \(end)")
        }
    }
}

extension DialFailure.Reason {
    /// Why an address of this scope was refused; not `isListed`: the zone lists networks, and it is in none of them.
    fileprivate init(_ scope: AddressScope?, isListed: Bool) {
        switch scope {
        case .unspecified, .multicast, nil: self = .addressUnusable
        case .loopback where isListed: self = .addressLoopback
        case .linkLocal where isListed: self = .addressLinkLocal
        case .private where isListed: self = .addressPrivate
        case .loopback, .linkLocal, .private, .global: self = .addressUnlisted
        }
    }

    fileprivate init(_ kind: TLSError.Kind) {
        switch kind {
        case .verification(.wrongName): self = .certificateWrongName
        case .verification(.expired): self = .certificateExpired
        case .verification(.notYetValid): self = .certificateNotYetValid
        case .verification(.unknownAuthority): self = .certificateUnknownAuthority
        case .verification(.revoked): self = .certificateRevoked
        // Of the last two no upstream is accused: its lists are not asked, and it always shows a certificate.
        case .verification(.unfit), .verification(.unknownRevocation), .verification(.missing): self = .certificateUnfit
        case .setup, .alert, .violation, .notOpen: self = .tlsFailed
        }
    }
}
