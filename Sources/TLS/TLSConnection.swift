// TLS is a function of bytes: ciphertext in, plaintext out, and the reverse, with OpenSSL in between. It must never
// know a socket, a clock, or what the plaintext means. Contexts are made by RelayServer and the stand-in when they
// start and reload; connections are driven by Transport, each on its loop's thread.

import Bytes
import COpenSSL
import Crypto

/// One TLS connection over bytes in memory.
///
/// Confined to the thread of the loop that made it. Idle, it holds no buffer: what comes in is decrypted straight from
/// the caller's bytes, what goes out is appended to the caller's queue, and neither is kept after the call.
/// The end of the stream is the transport's to see; when it comes before `receivedCloseNotify`, the stream was cut.
package final class TLSConnection {
    /// Room that `receive` needs beyond the ciphertext's size: a record begun in the call before
    /// (RFC 8446 §5.2: at most 2^14 + 256 bytes), rounded up.
    package static let plaintextReserve = 17 << 10

    /// The peer has sent close_notify. A stream that ends without it was cut (RFC 8446 §6.1).
    package var receivedCloseNotify: Bool { peerIsDone }

    // Behind the property above, because one that other modules see costs a check at each access.
    private var peerIsDone = false
    private var state = State.handshaking
    private let role: Role
    private let ssl: OpaquePointer
    private let wire: UnsafeMutablePointer<Wire>

    private enum State {
        case handshaking
        case open
        /// We have sent close_notify; the peer may still be sending.
        case closed
        /// The error was thrown when it happened and is not kept: what is asked of every message should be a byte.
        case failed
    }

    /// Holds the context as long as the connection lives: OpenSSL's callbacks look into it.
    private enum Role {
        case server(TLSServerContext)
        case client(TLSClientContext, SessionKey)
    }

    /// Where a callback finds its connection: the slot that OpenSSL keeps for the application.
    static let backReference: Int32 = 0

    /// The server's side of a connection that was accepted.
    package init(server context: TLSServerContext) {
        role = .server(context)
        (ssl, wire) = Self.make(context.makeSSL())
        SSL_set_accept_state(ssl)
    }

    /// The client's side of a connection to `serverName`, a DNS name or an address without brackets, which the
    /// server's certificate must be for.
    ///
    /// `sessionKey` names the endpoint: a session is resumed only with the same key, name and context.
    /// Throws `.setup` when `serverName` is no name.
    package init(client context: TLSClientContext, serverName: String, sessionKey: String) throws(TLSError) {
        let key = SessionKey(endpoint: sessionKey, serverName: serverName)
        role = .client(context, key)
        (ssl, wire) = Self.make(context.makeSSL())
        SSL_set_connect_state(ssl)
        SSL_set_ex_data(ssl, Self.backReference, Unmanaged.passUnretained(self).toOpaque())
        try expect(serverName)
        guard let session = context.sessions.take(key) else { return }
        SSL_set_session(ssl, session)
        SSL_SESSION_free(session)
    }

    deinit {
        // OpenSSL would spoil the tickets of a connection dropped without close_notify. RFC 8446 §6.1 does not.
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        SSL_free(ssl)  // and its BIO, which looks at `wire`
        wire.deallocate()
    }

    /// Begins the client's handshake. A server has nothing to begin: it waits for bytes.
    package func start(output: inout ByteQueue) throws(TLSError) {
        guard case .client = role else { return }
        try withWire(input: nothing, output: &output) { () throws(TLSError) in
            // Having sent its hello, the client wants to read the server's.
            guard SSL_do_handshake(ssl) == 1 || wire.pointee.isStarved else { throw fail() }
        }
    }

    /// Consumes all of `ciphertext`, which may end anywhere, and writes what it holds to the front of `plaintext`,
    /// whose size must be at least `ciphertext.count + plaintextReserve`.
    ///
    /// Handshake messages and alerts that are due land in `output`; send them also when this throws.
    /// Throws when the peer's certificate is refused, the peer ends with an alert, or breaks the protocol; from then
    /// on every call throws `.notOpen`.
    package func receive(
        _ ciphertext: UnsafeRawBufferPointer, plaintext: UnsafeMutableRawBufferPointer, output: inout ByteQueue
    ) throws(TLSError) -> TLSProgress {
        precondition(plaintext.count >= ciphertext.count + Self.plaintextReserve, "no room for the plaintext")
        guard state != .failed else { throw Self.failedBefore }
        return try withWire(input: ciphertext, output: &output) { () throws(TLSError) in
            let count = try readRecords(into: plaintext)
            return TLSProgress(
                plaintextCount: count, handshakeCompleted: noticeHandshake(), closeNotify: peerIsDone)
        }
    }

    /// Encrypts all of `plaintext` onto the end of `output`, in records of at most 16 KiB.
    ///
    /// Throws `.notOpen` before the handshake is complete and after `close`.
    package func send(_ plaintext: UnsafeRawBufferPointer, output: inout ByteQueue) throws(TLSError) {
        switch state {
        case .open: break
        case .handshaking: throw TLSError(.notOpen, "the handshake is not complete")
        case .closed: throw TLSError(.notOpen, "close_notify has been sent")
        case .failed: throw Self.failedBefore
        }
        guard !plaintext.isEmpty else { return }
        try withWire(input: nothing, output: &output) { () throws(TLSError) in
            var written = 0
            guard SSL_write_ex(ssl, plaintext.baseAddress, plaintext.count, &written) == 1 else { throw fail() }
        }
    }

    /// OpenSSL wipes its own copy of what the peer said as soon as it is handed out: from the start, and until told
    /// otherwise. It costs a pass over the bytes.
    package var wipesPlaintext: Bool {
        get { SSL_get_options(ssl) & shim_SSL_OP_CLEANSE_PLAINTEXT() != 0 }
        set {
            if newValue {
                SSL_set_options(ssl, shim_SSL_OP_CLEANSE_PLAINTEXT())
            } else {
                SSL_clear_options(ssl, shim_SSL_OP_CLEANSE_PLAINTEXT())
            }
        }
    }

    /// Says close_notify, once: nothing more will be sent. Does nothing before the handshake is complete or after a
    /// failure, whose alert has already said so.
    package func close(output: inout ByteQueue) {
        guard state == .open else { return }
        state = .closed
        withWire(input: nothing, output: &output) {
            if SSL_shutdown(ssl) < 0 { OpenSSLError.discard() }
        }
    }

    /// Keeps what the server's certificate says, also when it is refused: for whoever wants to tell why. Call it before
    /// `start`. What is believed stays the same.
    package func keepPresentedCertificate() {
        SSL_set_verify(ssl, SSL_VERIFY_PEER, notePresentedCertificate)
    }

    /// What the server's certificate says, if `keepPresentedCertificate` was called and the server has shown one.
    package private(set) var presentedCertificate: CertificateFacts?

    /// Reads a borrowed certificate. Called from OpenSSL while it verifies.
    fileprivate func note(_ certificate: OpaquePointer) {
        guard presentedCertificate == nil, case .client(_, let key) = role else { return }
        presentedCertificate = CertificateFacts(certificate, serverName: key.serverName)
    }

    /// Keeps a session to resume later, and owns it from now on. Called from OpenSSL while it reads a ticket.
    func remember(_ session: OpaquePointer) {
        guard case .client(let context, let key) = role else { return SSL_SESSION_free(session) }
        context.sessions.put(session, for: key)
    }
}

// What was agreed, and with whom. Nil and empty until the handshake is complete.
extension TLSConnection {
    /// The protocol agreed on (RFC 7301); nil when the client offered none, which means HTTP/1.1.
    package var negotiatedProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        guard name != nil, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// The server name that the client asked for (RFC 6066 §3). As a server: what a peer wrote, unchecked.
    package var serverName: String? {
        SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
    }

    /// The protocol version agreed on.
    package var version: TLSVersion? {
        guard SSL_is_init_finished(ssl) == 1 else { return nil }
        return TLSVersion.allCases.first { $0.number == SSL_version(ssl) }
    }

    /// The cipher suite agreed on, by its standard name.
    package var cipher: String? {
        guard SSL_is_init_finished(ssl) == 1 else { return nil }
        return SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) }
    }

    /// The handshake resumed an earlier session: the server's certificate was verified then, not now. A client's always is
    /// verified now.
    package var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// The SHA-256 of the peer's certificate, also on a resumed session.
    package var peerCertificateSHA256: [UInt8]? { peer.map(PeerCertificate.sha256(of:)) }

    /// The SHA-256 of the peer's SubjectPublicKeyInfo, which pins are compared with; also on a resumed session.
    package var peerSPKISHA256: [UInt8]? { peer.map(PeerCertificate.spkiSHA256(of:)) }

    /// The peer certificate's subject as RFC 4514 writes it, most specific part first: `CN=acme-device,O=Acme GmbH`.
    package var peerSubject: String? { peer.map(PeerCertificate.subject(of:)) }

    /// The peer certificate's other names, each after its kind: `DNS:…`, `URI:…`, `email:…`, `IP:…`.
    package var peerAlternativeNames: [String] { peer.map(PeerCertificate.alternativeNames(of:)) ?? [] }

    /// All that the peer's certificate may be known by: its subject, then its other names, each as above. Empty without a
    /// certificate; never otherwise. A subject that cannot be written whole is an empty text.
    package var peerNames: [String] { peer.map(PeerCertificate.names(of:)) ?? [] }

    /// As a server: what revocation lists know the peer's certificate by, and those above it but for the authority that is
    /// believed. For connections that are over, whose peer may be revoked later.
    package var peerChain: [[UInt8]] {
        guard peer != nil, let chain = SSL_get0_verified_chain(ssl) else { return [] }
        return (0..<max(0, shim_sk_X509_num(chain) - 1)).compactMap { index in
            shim_sk_X509_value(chain, index).map(PeerCertificate.revocationID)
        }
    }

    /// As a server: whether a listener with `context`, or without TLS, would take this connection's client as it stands: the
    /// certificate it showed, or that it showed none. For connections that were made under another context.
    ///
    /// The certificate is verified again in every respect but one: it may have expired since. A certificate's time
    /// bounds when it may begin something; to end what it began, there is revocation.
    package func peerIsStillAccepted(by context: TLSServerContext?) -> Bool {
        guard case .server(let former) = role else { return true }
        guard let peer else { return context?.clients?.isRequired != true }
        guard let clients = context?.clients else { return false }
        if clients.fingerprint == former.clients?.fingerprint { return true }
        return clients.stillAccept(peer, issuers: SSL_get_peer_cert_chain(ssl))
    }

    private var peer: OpaquePointer? {
        SSL_is_init_finished(ssl) == 1 ? SSL_get0_peer_certificate(ssl) : nil
    }
}

extension TLSConnection {
    private static func make(_ ssl: OpaquePointer?) -> (ssl: OpaquePointer, wire: UnsafeMutablePointer<Wire>) {
        let wire = UnsafeMutablePointer<Wire>.allocate(capacity: 1)
        wire.initialize(to: Wire())
        guard let ssl, let bio = Wire.makeBIO(over: wire) else { preconditionFailure("no memory for a connection") }
        // Else every record costs two visits to the wire, one for its first five bytes.
        SSL_set_read_ahead(ssl, 1)
        SSL_set_bio(ssl, bio, bio)  // takes over the one reference for both directions
        return (ssl, wire)
    }

    /// Makes the handshake fail unless the peer's certificate is for `name`, and asks the server for that name.
    private func expect(_ name: String) throws(TLSError) {
        // An empty name would mean no check at all, and a NUL would cut the name short.
        guard !name.isEmpty, !name.utf8.contains(0) else {
            throw TLSError(.setup, "the server name is empty or has a NUL")
        }
        // RFC 6066 §3: literal addresses are not permitted as a server name, so they are only compared.
        if X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1 { return }
        OpenSSLError.discard()
        // RFC 9525 §6.3: a wildcard is a whole label.
        SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        guard SSL_set1_host(ssl, name) == 1, shim_SSL_set_tlsext_host_name(ssl, name) == 1 else {
            throw .setup("\(name) cannot be a server name", remedy: "It must be a DNS name of at most 255 bytes.")
        }
    }

    private static var failedBefore: TLSError { TLSError(.notOpen, "the connection has failed") }

    private var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    /// Lets OpenSSL see `input` and `output` for the duration of `body`, and not a moment longer.
    private func withWire<Result, Failure: Error>(
        input: UnsafeRawBufferPointer, output: inout ByteQueue, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeMutablePointer(to: &output) { (output) throws(Failure) in
            wire.pointee = Wire(input: input.baseAddress, inputCount: input.count, output: output)
            defer { wire.pointee = Wire() }
            return try body()
        }
    }

    /// Reads all records that are whole, handshake messages among them. Returns the plaintext's size.
    private func readRecords(into plaintext: UnsafeMutableRawBufferPointer) throws(TLSError) -> Int {
        var filled = 0
        while let start = plaintext.baseAddress {
            var count = 0
            if SSL_read_ex(ssl, start + filled, plaintext.count - filled, &count) == 1 {
                filled += count
                // With the input used up and nothing of it left in OpenSSL's buffer, stopping here spares the call that
                // would only find that out.
                if wire.pointee.inputCount == 0, SSL_has_pending(ssl) == 0 { break }
            } else {
                // The wire knows best: SSL_get_error would blame an error that someone left in the thread's queue.
                if wire.pointee.isStarved { break }
                guard SSL_get_error(ssl, 0) == SSL_ERROR_ZERO_RETURN else { throw fail() }
                peerIsDone = true
                break
            }
        }
        return filled
    }

    /// Whether the handshake became complete since the last time it was asked.
    private func noticeHandshake() -> Bool {
        guard state == .handshaking, SSL_is_init_finished(ssl) == 1 else { return false }
        state = .open
        return true
    }

    /// Reads OpenSSL's reason for a failed call, which ends the connection.
    private func fail() -> TLSError {
        state = .failed
        return TLSError(OpenSSLError.take(), verifyResult: SSL_get_verify_result(ssl))
    }
}

/// OpenSSL's report of one step of verification; whatever it found stands.
private func notePresentedCertificate(_ isGood: Int32, _ store: OpaquePointer?) -> Int32 {
    let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())
    if let ssl, let leaf = X509_STORE_CTX_get0_cert(store),
        let connection = SSL_get_ex_data(OpaquePointer(ssl), TLSConnection.backReference)
    {
        Unmanaged<TLSConnection>.fromOpaque(connection).takeUnretainedValue().note(leaf)
    }
    return isGood
}
