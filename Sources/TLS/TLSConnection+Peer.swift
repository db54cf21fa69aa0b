import COpenSSL

// What was agreed, and with whom. Nil and empty until the handshake is complete.
extension TLSConnection {
    /// The protocol agreed on (RFC 7301); nil when the client offered none, which means HTTP/1.1.
    package var negotiatedProtocol: String? { agreement?.negotiatedProtocol }

    /// The server name that the client asked for (RFC 6066 §3). As a server: what a peer wrote, unchecked.
    package var serverName: String? { agreement?.serverName }

    /// The protocol version agreed on.
    package var version: TLSVersion? { agreement?.version }

    /// The cipher suite agreed on, by its standard name.
    package var cipher: String? { agreement?.cipher }

    /// The handshake resumed an earlier session: the server's certificate was verified then, not now. A client's always is
    /// verified now.
    package var isResumed: Bool { agreement?.isResumed ?? false }

    /// The SHA-256 of the peer's certificate, also on a resumed session.
    package var peerCertificateSHA256: [UInt8]? { withPeer { peer, _ in PeerCertificate.sha256(of: peer) } }

    /// The SHA-256 of the peer's SubjectPublicKeyInfo, which pins are compared with; also on a resumed session.
    package var peerSPKISHA256: [UInt8]? { withPeer { peer, _ in PeerCertificate.spkiSHA256(of: peer) } }

    /// The peer certificate's subject as RFC 4514 writes it, most specific part first: `CN=acme-device,O=Acme GmbH`.
    package var peerSubject: String? { withPeer { peer, _ in PeerCertificate.subject(of: peer) } }

    /// The peer certificate's other names, each after its kind: `DNS:…`, `URI:…`, `email:…`, `IP:…`.
    package var peerAlternativeNames: [String] {
        withPeer { peer, _ in PeerCertificate.alternativeNames(of: peer) } ?? []
    }

    /// All that the peer's certificate may be known by: its subject, then its other names, each as above. Empty without a
    /// certificate; never otherwise. A subject that cannot be written whole is an empty text.
    package var peerNames: [String] { withPeer { peer, _ in PeerCertificate.names(of: peer) } ?? [] }

    /// As a server: what revocation lists know the peer's certificate by, and those above it but for the authority that is
    /// believed. For connections that are over, whose peer may be revoked later.
    package var peerChain: [[UInt8]] {
        guard case .server = role else { return [] }
        if let kept { return kept.certificates?.revocationIDs ?? [] }
        return withPeer { _, _ in PeerCertificate.revocationIDs(ofChain: SSL_get0_verified_chain(ssl)) } ?? []
    }

    /// As a server: whether a listener with `context`, or without TLS, would take this connection's client as it stands: the
    /// certificate it showed, or that it showed none. For connections that were made under another context.
    ///
    /// The certificate is verified again in every respect but one: it may have expired since. A certificate's time
    /// bounds when it may begin something; to end what it began, there is revocation.
    package func peerIsStillAccepted(by context: TLSServerContext?) -> Bool {
        guard case .server(let former) = role else { return true }
        let verdict = withPeer { peer, issuers in
            guard let clients = context?.clients else { return false }
            return clients.fingerprint == former.clients?.fingerprint || clients.stillAccept(peer, issuers: issuers)
        }
        return verdict ?? (context?.clients?.isRequired != true)
    }

    /// Lends the peer's certificate and those that came along; nil when it has shown none.
    private func withPeer<Result>(_ body: (_ peer: OpaquePointer, _ issuers: OpaquePointer?) -> Result) -> Result? {
        if let kept { return kept.certificates?.withObjects(body) }
        guard let ssl, SSL_is_init_finished(ssl) == 1, let peer = SSL_get0_peer_certificate(ssl) else {
            return nil
        }
        return body(peer, SSL_get_peer_cert_chain(ssl))
    }
}
