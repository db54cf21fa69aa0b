import COpenSSL
import Crypto

/// All that a TLS listener's connections share: certificates, versions, protocols, ticket keys.
///
/// Immutable; one for all loops. A reload makes a new one, from the old one's `ticketKeys`; connections keep the one
/// they began with.
package final class TLSServerContext: Sendable {
    /// The keys its session tickets are sealed with, to hand to the context that replaces this one.
    package let ticketKeys: TicketKeys

    /// What is asked of clients; nil: nothing.
    package let clients: ClientAuthentication?

    /// Whose the records of its connections are.
    package let records: RecordLayer

    private let certificates: ServerCertificates
    /// Kept because OpenSSL holds a bare pointer to it.
    private let protocols: ProtocolList

    /// A context for the certificates given, chosen by the name that the client asks for (RFC 6066 §3); the first
    /// is for clients that ask for none or another.
    ///
    /// - `protocols`: what the listener speaks (RFC 7301), best first, each 1 to 255 bytes. A client that offers none
    ///   of them is refused with `no_application_protocol`; one that does not offer at all is not.
    /// - `clients`: asks clients for a certificate, and refuses one that does not satisfy it.
    ///
    /// Throws `.setup` when a certificate cannot be used.
    package init(
        certificates: [TLSCertificate], minimumVersion: TLSVersion = .tls12, protocols: [String] = ["http/1.1"],
        clients: ClientAuthentication? = nil, ticketKeys: TicketKeys = .make(), records: RecordLayer = .openSSL
    ) throws(TLSError) {
        guard !certificates.isEmpty else {
            throw TLSError(.setup, "a TLS listener needs a certificate. Name at least one under `certificates`.")
        }
        let protocols = ProtocolList(protocols)
        var contexts: [SharedContext] = []
        for certificate in certificates {
            let context = try SharedContext(
                method: TLS_server_method(), minimumVersion: minimumVersion, records: records)
            try context.use(certificate)
            try context.serve(protocols, clients: clients, ticketKeys: ticketKeys)
            contexts.append(context)
        }
        self.protocols = protocols
        self.ticketKeys = ticketKeys
        self.clients = clients
        self.records = records
        self.certificates = ServerCertificates(Array(zip(certificates.map(\.dnsNames), contexts)), first: contexts[0])
    }

    /// A new `SSL` for one connection; the connection keeps `self` alive as long, since OpenSSL's callbacks look in.
    func makeSSL() -> OpaquePointer? {
        SSL_new(certificates.first.pointer)
    }
}

extension SharedContext {
    fileprivate func serve(
        _ protocols: ProtocolList, clients: ClientAuthentication?, ticketKeys: TicketKeys
    ) throws(TLSError) {
        // Ours first, but ChaCha20 for a client that prefers it: it has no AES instructions.
        SSL_CTX_set_options(
            pointer, shim_SSL_OP_CIPHER_SERVER_PREFERENCE() | shim_SSL_OP_PRIORITIZE_CHACHA())
        // RFC 8446 §8: early data can be replayed, and a replayed request would be a session twice.
        SSL_CTX_set_max_early_data(pointer, 0)
        try issueTickets(sealedWith: ticketKeys, scope: Digest.sha256(clients?.fingerprint ?? []))
        SSL_CTX_set_alpn_select_cb(pointer, selectProtocol, Unmanaged.passUnretained(protocols).toOpaque())
        clients?.ask(in: self)
    }

    /// One ticket per handshake, and no sessions kept here: the ticket is the session.
    ///
    /// - `scope`: of what is asked of clients. A ticket that was earned where less was asked is worth nothing.
    private func issueTickets(sealedWith keys: TicketKeys, scope: [UInt8]) throws(TLSError) {
        _ = shim_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        let keysWereSet = keys.secret.withBytes {
            shim_SSL_CTX_set_tlsext_ticket_keys(pointer, $0.baseAddress, $0.count)
        }
        guard
            keysWereSet == 1, SSL_CTX_set_num_tickets(pointer, 1) == 1,
            SSL_CTX_set_session_ticket_cb(pointer, nil, judgeTicket, nil) == 1,
            SSL_CTX_set_session_id_context(pointer, scope, UInt32(scope.count)) == 1
        else {
            throw .setup("libssl refuses the session tickets", remedy: "OpenSSL 3.0 or later is needed.")
        }
    }
}

/// OpenSSL's question about a ticket it has opened, or could not.
///
/// A session with a client's certificate is not resumed: a resumed handshake verifies nothing, and since the ticket was
/// made the certificate, or the list of those revoked, may have run out. The client shows it again, for a signature more.
private func judgeTicket(
    _ ssl: OpaquePointer?, _ session: OpaquePointer?, _ keyName: UnsafePointer<UInt8>?, _ keyNameCount: Int,
    _ status: SSL_TICKET_STATUS, _ argument: UnsafeMutableRawPointer?
) -> SSL_TICKET_RETURN {
    let isOpen = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW
    guard isOpen, let session, SSL_SESSION_get0_peer(session) == nil else { return SSL_TICKET_RETURN_IGNORE_RENEW }
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW
}
