import Identity
import TLS
import Transport

extension RelaySnapshot {
    /// What a client showed while TLS was set up; nil when it showed nothing. Where its listener would not let it in any more,
    /// it has shown what proves nobody: the handshake may have been over before this version was in force.
    func certificate(of client: Transport, on listener: Listener) -> PresentedCertificate? {
        guard stillTakes(client, on: listener) else { return PresentedCertificate(names: [], sha256: []) }
        guard let tls = client.tls, let sha256 = tls.peerCertificateSHA256 else { return nil }
        return PresentedCertificate(names: tls.peerNames, sha256: sha256, chain: tls.peerChain)
    }

    /// Whether a client would still be let in that was let in by a listener of an earlier version, as far as its certificate
    /// goes: not when it has been revoked, its authority is believed no more, or one is required and it has none.
    ///
    /// Where the listener is gone nobody vouches for certificates; who came without one may stay.
    func stillTakes(_ client: Transport, on listener: Listener) -> Bool {
        let present = listeners.first { $0.address == listener.address && $0.tls != nil }
        return client.tls?.peerIsStillAccepted(by: present?.tls) ?? true
    }
}
