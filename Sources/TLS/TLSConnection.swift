// TLS is a function of bytes: ciphertext in, plaintext out, and the reverse, with OpenSSL in between. It must never
// know a socket, a clock, or what the plaintext means. Contexts are made by RelayServer and the stand-in when they
// start and reload; connections are driven by Transport, each on its loop's thread.

import Bytes
import COpenSSL
import Crypto

/// One TLS connection over bytes in memory.
///
/// Confined to the thread of the loop that made it. Idle, it holds no buffer.
/// The end of the stream is the transport's to see; when it comes before `receivedCloseNotify`, the stream was cut.
///
/// OpenSSL makes the handshake. With `RecordLayer.direct` and TLS 1.3 that is all it does: when it has read the peer's
/// first data, every ticket that serves has gone out or come in, and the records are taken over.
///
/// ```
///  handshake ───────▶ open: OpenSSL's records ───────▶ open: our own, and no OpenSSL any more
///            complete                         first data of the peer, if they are to be direct
/// ```
package final class TLSConnection {
    /// Room that `receive` needs beyond the ciphertext's size: a record begun in the call before
    /// (RFC 8446 §5.2: at most 2^14 + 256 bytes), rounded up.
    package static let plaintextReserve = 17 << 10

    /// The peer has sent close_notify. A stream that ends without it was cut (RFC 8446 §6.1).
    package var receivedCloseNotify: Bool { peerIsDone }

    // Behind the property above, because one that other modules see costs a check at each access.
    private var peerIsDone = false
    private var state = State.handshaking
    let role: Role
    /// Nil once the records are direct. Unchecked, as the next, because both are used with every message, and what is called
    /// there comes back only to read.
    @exclusivity(unchecked) private var engine: OpenSSLEngine?
    /// Nil until they are, as a rule for ever.
    @exclusivity(unchecked) private var records: DirectRecords?
    /// Watches while the records may yet become direct.
    private(set) var watch: KeyWatch?
    /// What is known of the handshake and the peer when OpenSSL is gone.
    private(set) var kept: (agreement: Agreement, certificates: KeptCertificates?)?

    private enum State {
        case handshaking
        case open
        /// We have sent close_notify; the peer may still be sending.
        case closed
        /// The error was thrown when it happened and is not kept: what is asked of every message should be a byte.
        case failed
    }

    /// Holds the context as long as the connection lives: OpenSSL's callbacks look into it.
    enum Role {
        case server(TLSServerContext)
        case client(TLSClientContext, SessionKey)
    }

    /// Nil once the records are direct.
    var ssl: OpaquePointer? { engine?.ssl }

    var agreement: Agreement? { kept?.agreement ?? engine?.agreement }

    /// Where a callback finds its connection: the slot that OpenSSL keeps for the application.
    static let backReference: Int32 = 0

    /// The server's side of a connection that was accepted.
    package init(server context: TLSServerContext) {
        role = .server(context)
        drive(context.makeSSL(), context.records)
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
        drive(context.makeSSL(), context.records)
        SSL_set_connect_state(ssl)
        try expect(serverName)
        guard let session = context.sessions.take(key) else { return }
        SSL_set_session(ssl, session)
        SSL_SESSION_free(session)
    }

    /// Begins the client's handshake. A server has nothing to begin: it waits for bytes.
    package func start(output: inout ByteQueue) throws(TLSError) {
        guard case .client = role else { return }
        do throws(TLSError) { try engine?.start(output: &output) } catch { throw fail(error) }
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
        do throws(TLSError) {
            var progress = TLSProgress()
            var rest = ciphertext
            if engine != nil {
                rest = try readThroughOpenSSL(rest, into: plaintext, output: &output, progress: &progress)
            }
            if records != nil {
                let room = UnsafeMutableRawBufferPointer(rebasing: plaintext[progress.plaintextCount...])
                progress.plaintextCount += try records?.receive(rest, plaintext: room, output: &output) ?? 0
                peerIsDone = records?.isPeerDone ?? false
            }
            progress.closeNotify = peerIsDone
            return progress
        } catch {
            throw fail(error)
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
        do throws(TLSError) {
            try engine?.write(plaintext, output: &output)
            try records?.send(plaintext, output: &output)
        } catch {
            throw fail(error)
        }
    }

    /// OpenSSL wipes its own copy of what the peer said as soon as it is handed out: from the start, and until told
    /// otherwise. It costs a pass over the bytes. Direct records leave no copy.
    package var wipesPlaintext: Bool {
        get { engine?.wipesPlaintext ?? true }
        set { engine?.wipesPlaintext = newValue }
    }

    /// Says close_notify, once: nothing more will be sent. Does nothing before the handshake is complete or after a
    /// failure, whose alert has already said so.
    package func close(output: inout ByteQueue) {
        guard state == .open else { return }
        state = .closed
        engine?.close(output: &output)
        records?.close(output: &output)
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

extension TLSConnection {
    /// Begins with OpenSSL.
    private func drive(_ ssl: OpaquePointer?, _ layer: RecordLayer) {
        engine = OpenSSLEngine(ssl)
        SSL_set_ex_data(ssl, Self.backReference, Unmanaged.passUnretained(self).toOpaque())
        engine?.setReadsAhead(layer == .openSSL)
        guard let ssl, layer == .direct else { return }
        let watch = KeyWatch()
        watch.begin(ssl)
        self.watch = watch
    }

    /// Makes the handshake fail unless the peer's certificate is for `name`, and asks the server for that name.
    private func expect(_ name: String) throws(TLSError) {
        guard let ssl else { return }
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

    /// Reads what is OpenSSL's to read. Returns what is not, because the records have become direct on the way.
    private func readThroughOpenSSL(
        _ ciphertext: UnsafeRawBufferPointer, into plaintext: UnsafeMutableRawBufferPointer, output: inout ByteQueue,
        progress: inout TLSProgress
    ) throws(TLSError) -> UnsafeRawBufferPointer {
        var rest = ciphertext
        repeat {
            let room = UnsafeMutableRawBufferPointer(rebasing: plaintext[progress.plaintextCount...])
            guard let reading = try engine?.read(rest, into: room, stopsAtData: watch != nil, output: &output) else {
                break
            }
            rest = reading.rest
            progress.plaintextCount += reading.count
            if noticeHandshake() { progress.handshakeCompleted = true }
            peerIsDone = reading.isPeerDone
            if reading.count > 0 { takeOver() }
        } while engine != nil && !rest.isEmpty && !peerIsDone
        return rest
    }

    /// Makes the records ours and lets OpenSSL go, if that was wanted. Where it cannot be, they stay OpenSSL's for good.
    private func takeOver() {
        guard let watch, let ssl else { return }
        self.watch = nil
        if state == .open { records = engine?.records(watch) }
        guard records == nil else {
            kept = (Agreement(of: ssl), engine?.certificates)
            engine = nil
            return
        }
        watch.end(ssl)
        engine?.setReadsAhead(true)
    }

    /// Whether the handshake became complete since the last time it was asked.
    private func noticeHandshake() -> Bool {
        guard state == .handshaking, SSL_is_init_finished(ssl) == 1 else { return false }
        state = .open
        return true
    }

    private static var failedBefore: TLSError { TLSError(.notOpen, "the connection has failed") }

    private func fail(_ error: TLSError) -> TLSError {
        state = .failed
        return error
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
