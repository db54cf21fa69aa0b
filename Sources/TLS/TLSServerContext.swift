import COpenSSL
import Crypto

/// All that a TLS listener's connections share: certificates, versions, protocols, ticket keys.
///
/// Immutable; one for all loops. A reload makes a new one, from the old one's `ticketKeys`; connections keep the one
/// they began with.
package final class TLSServerContext: Sendable {
    /// The keys its session tickets are sealed with, to hand to the context that replaces this one.
    package let ticketKeys: TicketKeys

    private let certificates: ServerCertificates
    /// Kept because OpenSSL holds a bare pointer to it.
    private let protocols: ProtocolList

    /// A context for the certificates given, chosen by the name that the client asks for (RFC 6066 §3); the first
    /// is for clients that ask for none or another.
    ///
    /// - `protocols`: what the listener speaks (RFC 7301), best first, each 1 to 255 bytes. A client that offers none
    ///   of them is refused with `no_application_protocol`; one that does not offer at all is not.
    /// - `clientAuthorities`: asks clients for a certificate and refuses one that these did not issue. A client
    ///   without one is let in: it may prove itself in another way.
    ///
    /// Throws `.setup` when a certificate cannot be used.
    package init(
        certificates: [TLSCertificate], minimumVersion: TLSVersion = .tls12, protocols: [String] = ["http/1.1"],
        clientAuthorities: TrustStore? = nil, ticketKeys: TicketKeys = .make()
    ) throws(TLSError) {
        guard !certificates.isEmpty else {
            throw TLSError(.setup, "a TLS listener needs a certificate. Name at least one under `certificates`.")
        }
        let protocols = ProtocolList(protocols)
        var contexts: [SharedContext] = []
        for certificate in certificates {
            let context = try SharedContext(method: TLS_server_method(), minimumVersion: minimumVersion)
            try context.use(certificate)
            try context.serve(protocols, clientAuthorities: clientAuthorities, ticketKeys: ticketKeys)
            contexts.append(context)
        }
        self.protocols = protocols
        self.ticketKeys = ticketKeys
        self.certificates = ServerCertificates(Array(zip(certificates.map(\.dnsNames), contexts)), first: contexts[0])
    }

    /// A new `SSL` for one connection; the connection keeps `self` alive as long, since OpenSSL's callbacks look in.
    func makeSSL() -> OpaquePointer? {
        SSL_new(certificates.first.pointer)
    }
}

extension SharedContext {
    fileprivate func serve(
        _ protocols: ProtocolList, clientAuthorities: TrustStore?, ticketKeys: TicketKeys
    ) throws(TLSError) {
        // Ours first, but ChaCha20 for a client that prefers it: it has no AES instructions.
        SSL_CTX_set_options(
            pointer, shim_SSL_OP_CIPHER_SERVER_PREFERENCE() | shim_SSL_OP_PRIORITIZE_CHACHA())
        // RFC 8446 §8: early data can be replayed, and a replayed request would be a session twice.
        SSL_CTX_set_max_early_data(pointer, 0)
        try issueTickets(sealedWith: ticketKeys, clientAuthorities: clientAuthorities)
        SSL_CTX_set_alpn_select_cb(pointer, selectProtocol, Unmanaged.passUnretained(protocols).toOpaque())
        if let clientAuthorities { requestCertificates(from: clientAuthorities) }
    }

    /// One ticket per handshake, and no sessions kept here: the ticket is the session.
    private func issueTickets(sealedWith keys: TicketKeys, clientAuthorities: TrustStore?) throws(TLSError) {
        _ = shim_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        // A resumed client certificate is not verified again, so tickets hold only under the same authorities.
        let scope = Digest.sha256(clientAuthorities?.fingerprint ?? [])
        let keysWereSet = keys.secret.withBytes {
            shim_SSL_CTX_set_tlsext_ticket_keys(pointer, $0.baseAddress, $0.count)
        }
        guard
            keysWereSet == 1, SSL_CTX_set_num_tickets(pointer, 1) == 1,
            SSL_CTX_set_session_id_context(pointer, scope, UInt32(scope.count)) == 1
        else {
            throw .setup("libssl refuses the session tickets", remedy: "OpenSSL 3.0 or later is needed.")
        }
    }

    private func requestCertificates(from authorities: TrustStore) {
        _ = shim_SSL_CTX_set1_cert_store(pointer, authorities.store)
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        let objects = X509_STORE_get0_objects(authorities.store)
        for index in 0..<max(0, shim_sk_X509_OBJECT_num(objects)) {
            SSL_CTX_add_client_CA(pointer, X509_OBJECT_get0_X509(shim_sk_X509_OBJECT_value(objects, index)))
        }
    }
}
