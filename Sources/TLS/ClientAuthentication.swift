import COpenSSL
import Crypto

/// What a TLS listener asks of its clients: whose certificates it believes, which of these have been revoked, and whether
/// it takes clients without one.
///
/// Immutable; one for all loops. Any thread.
package final class ClientAuthentication: Sendable {
    /// A client without a certificate is refused; else it is let in, and may prove itself in another way.
    package let isRequired: Bool
    /// Distinguishes one such demand from another.
    package let fingerprint: [UInt8]

    private let authorities: TrustStore
    private let revocations: RevocationLists?
    // Unsafe only to the compiler: nothing is added after `init`, and look-ups lock inside OpenSSL.
    private nonisolated(unsafe) let store: OpaquePointer

    /// Believes certificates for clients that lead to one of `authorities`, whether these are roots or not.
    ///
    /// - `revocations`: with these, every certificate below the authority that a chain ends at is looked up in its issuer's
    ///   list. Where there is no list, or none that is good now, nobody that the issuer vouches for is let in: a relay
    ///   that cannot tell who was revoked must not guess.
    ///
    /// Throws `.setup` when OpenSSL cannot take them.
    package init(
        authorities: TrustStore, revocations: RevocationLists? = nil, isRequired: Bool = false
    ) throws(TLSError) {
        self.isRequired = isRequired
        self.authorities = authorities
        self.revocations = revocations
        store = X509_STORE_new()
        fingerprint = Digest.sha256(
            [isRequired ? 1 : 0] + authorities.fingerprint + (revocations?.fingerprint ?? []))
        try add(authorities)
        if let revocations { try add(revocations) }
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        X509_STORE_set_verify_cb(store, excuseAnchor)
    }

    deinit { X509_STORE_free(store) }

    /// Makes the connections of `context` ask for certificates.
    func ask(in context: SharedContext) {
        _ = shim_SSL_CTX_set1_cert_store(context.pointer, store)
        _ = shim_SSL_CTX_set_max_cert_list(context.pointer, Self.maxChainBytes)
        SSL_CTX_set_verify(
            context.pointer, isRequired ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER, nil)
        authorities.withEach { SSL_CTX_add_client_CA(context.pointer, $0) }
    }

    /// Whether the revocation lists name a certificate, by what `TLSConnection.peerChain` knows it by.
    package func revokes(_ certificate: [UInt8]) -> Bool {
        revocations?.revoke(certificate) ?? false
    }

    /// Whether a certificate that was once verified, perhaps by other authorities, would be now, but for its time.
    /// `issuers` are those the client sent along.
    func stillAccept(_ certificate: OpaquePointer, issuers: OpaquePointer?) -> Bool {
        let context = X509_STORE_CTX_new()
        defer {
            X509_STORE_CTX_free(context)
            OpenSSLError.discard()
        }
        // The purpose that OpenSSL itself demands of a client's certificate in a handshake, and the same strength.
        guard X509_STORE_CTX_init(context, store, certificate, issuers) == 1,
            X509_STORE_CTX_set_default(context, "ssl_client") == 1
        else { return false }
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context), SharedContext.securityLevel)
        X509_STORE_CTX_set_verify_cb(context, excuseAnchorAndExpiry)
        return X509_verify_cert(context) == 1
    }

    private func add(_ authorities: TrustStore) throws(TLSError) {
        var isComplete = true
        authorities.withEach { if X509_STORE_add_cert(store, $0) != 1 { isComplete = false } }
        guard isComplete else {
            throw .setup("an authority of clients cannot be used", remedy: "Remove the certificate that is not valid.")
        }
    }

    private func add(_ revocations: RevocationLists) throws(TLSError) {
        for list in revocations.lists where X509_STORE_add_crl(store, list) != 1 {
            throw .setup("a revocation list cannot be used", remedy: "Remove the list that stands twice.")
        }
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL))
    }

    /// A device's certificate and three issuers with RSA keys of 4096 bits are 8 KiB. What comes before a client is known
    /// must not fill memory.
    private static let maxChainBytes = 32 << 10
}

// Plain functions, because a closure could carry the isolation of the place it is written in.

/// OpenSSL's report of one step of verification. RFC 5280 §6.1: the authority that a chain ends at is believed by
/// configuration and no part of the path, so nobody's list is asked about it.
private func excuseAnchor(_ isGood: Int32, _ context: OpaquePointer?) -> Int32 {
    if isGood == 1 { return 1 }
    let depth = X509_STORE_CTX_get_error_depth(context)
    switch X509_STORE_CTX_get_error(context) {
    case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
        guard depth > 0, depth == shim_sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1 else { return 0 }
        X509_STORE_CTX_set_error(context, X509_V_OK)
        return 1
    default: return 0
    }
}

/// The same for a connection that lives: time alone does not end it.
private func excuseAnchorAndExpiry(_ isGood: Int32, _ context: OpaquePointer?) -> Int32 {
    X509_STORE_CTX_get_error(context) == X509_V_ERR_CERT_HAS_EXPIRED ? 1 : excuseAnchor(isGood, context)
}
