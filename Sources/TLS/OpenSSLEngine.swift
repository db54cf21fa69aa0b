import Bytes
import COpenSSL
import Crypto

/// OpenSSL's part of a connection: the handshake, and the records for as long as they are OpenSSL's.
///
/// Idle, it holds no buffer: what comes in is decrypted straight from the caller's bytes, what goes out is appended to the
/// caller's queue, and neither is kept after the call.
struct OpenSSLEngine: ~Copyable {
    let ssl: OpaquePointer
    private let wire: UnsafeMutablePointer<Wire>

    /// Drives what a context has made.
    init(_ ssl: OpaquePointer?) {
        wire = .allocate(capacity: 1)
        wire.initialize(to: Wire())
        guard let ssl, let bio = Wire.makeBIO(over: wire) else { preconditionFailure("no memory for a connection") }
        SSL_set_bio(ssl, bio, bio)  // takes over the one reference for both directions
        self.ssl = ssl
    }

    deinit {
        // OpenSSL would spoil the tickets of a connection dropped without close_notify. RFC 8446 §6.1 does not.
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        SSL_free(ssl)  // and its BIO, which looks at `wire`
        wire.deallocate()
    }

    /// Whether OpenSSL takes as much of the input as its buffer holds, or record by record. Else every record costs two
    /// visits to the wire, one for its first five bytes; and where it stops, OpenSSL has what comes after.
    func setReadsAhead(_ readsAhead: Bool) {
        SSL_set_read_ahead(ssl, readsAhead ? 1 : 0)
    }

    /// Begins the client's handshake.
    func start(output: inout ByteQueue) throws(TLSError) {
        try withWire(input: Self.nothing, output: &output) { () throws(TLSError) in
            // Having sent its hello, the client wants to read the server's.
            guard SSL_do_handshake(ssl) == 1 || wire.pointee.isStarved else { throw failure }
        }
    }

    /// What came of one `read`.
    struct Reading {
        /// Bytes of plaintext.
        var count = 0
        /// The peer has sent close_notify.
        var isPeerDone = false
        /// What was not read; nothing unless it was to stop at data.
        var rest: UnsafeRawBufferPointer
    }

    /// Reads all records that are whole, handshake messages among them, into `plaintext`; where `stopsAtData`, only as far
    /// as the first that holds data.
    func read(
        _ ciphertext: UnsafeRawBufferPointer, into plaintext: UnsafeMutableRawBufferPointer, stopsAtData: Bool,
        output: inout ByteQueue
    ) throws(TLSError) -> Reading {
        try withWire(input: ciphertext, output: &output) { () throws(TLSError) in
            var reading = Reading(rest: Self.nothing)
            while let start = plaintext.baseAddress {
                var count = 0
                if SSL_read_ex(ssl, start + reading.count, plaintext.count - reading.count, &count) == 1 {
                    reading.count += count
                    if stopsAtData { break }
                    // With the input used up and nothing of it left in OpenSSL's buffer, stopping here spares the call
                    // that would only find that out.
                    if wire.pointee.inputCount == 0, SSL_has_pending(ssl) == 0 { break }
                } else {
                    // The wire knows best: SSL_get_error would blame an error that someone left in the thread's queue.
                    if wire.pointee.isStarved { break }
                    guard SSL_get_error(ssl, 0) == SSL_ERROR_ZERO_RETURN else { throw failure }
                    reading.isPeerDone = true
                    break
                }
            }
            if stopsAtData {
                reading.rest = UnsafeRawBufferPointer(start: wire.pointee.input, count: wire.pointee.inputCount)
            }
            return reading
        }
    }

    /// Encrypts all of `plaintext`, which is not empty.
    func write(_ plaintext: UnsafeRawBufferPointer, output: inout ByteQueue) throws(TLSError) {
        try withWire(input: Self.nothing, output: &output) { () throws(TLSError) in
            var written = 0
            guard SSL_write_ex(ssl, plaintext.baseAddress, plaintext.count, &written) == 1 else { throw failure }
        }
    }

    /// Says close_notify.
    func close(output: inout ByteQueue) {
        withWire(input: Self.nothing, output: &output) {
            if SSL_shutdown(ssl) < 0 { OpenSSLError.discard() }
        }
    }

    /// OpenSSL wipes its own copy of what the peer said as soon as it is handed out.
    var wipesPlaintext: Bool {
        get { SSL_get_options(ssl) & shim_SSL_OP_CLEANSE_PLAINTEXT() != 0 }
        nonmutating set {
            if newValue {
                SSL_set_options(ssl, shim_SSL_OP_CLEANSE_PLAINTEXT())
            } else {
                SSL_clear_options(ssl, shim_SSL_OP_CLEANSE_PLAINTEXT())
            }
        }
    }

    var agreement: Agreement { Agreement(of: ssl) }

    /// What the peer has shown, to keep. Of a server the certificate alone: nobody verifies it again.
    var certificates: KeptCertificates? {
        guard let peer = SSL_get0_peer_certificate(ssl) else { return nil }
        guard SSL_is_server(ssl) == 1 else { return KeptCertificates(peer, issuers: nil, revocationIDs: []) }
        return KeptCertificates(
            peer, issuers: SSL_get_peer_cert_chain(ssl),
            revocationIDs: PeerCertificate.revocationIDs(ofChain: SSL_get0_verified_chain(ssl)))
    }

    /// The records from here on, as OpenSSL would go on with them. Nil when they have to stay OpenSSL's: of another version
    /// or suite, with keys that it has not told of, or in the middle of something. To be asked when a `read` has stopped.
    func records(_ watch: KeyWatch) -> DirectRecords? {
        guard SSL_version(ssl) == TLS1_3_VERSION, SSL_get_shutdown(ssl) == 0, SSL_has_pending(ssl) == 0,
            let session = SSL_get_session(ssl), let name = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)),
            let suite = CipherSuite(rawValue: String(cString: name))
        else { return nil }
        let isClient = SSL_is_server(ssl) == 0
        guard let reading = watch.protection(ofClient: !isClient, suite, for: .opening),
            let writing = watch.protection(ofClient: isClient, suite, for: .sealing)
        else { return nil }
        // RFC 6066 §4: 1 is 512 bytes, each more twice as many; 0: nobody has asked for less than there may be.
        let code = SSL_SESSION_get_max_fragment_length(session)
        return DirectRecords(
            reading: reading, writing: writing, isClient: isClient,
            maxContentCount: (1...4).contains(code) ? 256 << Int(code) : RecordFormat.maxContentCount,
            dueUpdate: UInt8(exactly: SSL_get_key_update_type(ssl)).flatMap(KeyUpdate.init))
    }

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

    /// OpenSSL's reason for a failed call.
    private var failure: TLSError {
        TLSError(OpenSSLError.take(), verifyResult: SSL_get_verify_result(ssl))
    }

    private static var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }
}
