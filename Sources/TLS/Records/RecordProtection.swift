import COpenSSL
import Crypto

/// One direction's record protection (RFC 8446 §5.2): a key, an IV, and the number of the next record.
///
/// libcrypto's context is the one allocation, made once. A record costs none.
struct RecordProtection: ~Copyable {
    /// What is done with records.
    enum Purpose: Int32 {
        case opening = 0
        case sealing = 1
    }

    /// How many records the key has protected, which is the number of the next (RFC 8446 §5.3).
    var sequence: UInt64
    /// How many it may protect.
    var recordsPerKey: UInt64

    private let context: OpaquePointer
    private var secret: TrafficSecret
    private var iv: Nonce

    /// Three words, in the order of the wire.
    private typealias Nonce = (UInt32, UInt32, UInt32)

    /// Goes on behind `sequence` records. Nil when libcrypto has not the suite's AEAD.
    init?(_ secret: TrafficSecret, sequence: UInt64 = 0, for purpose: Purpose) {
        guard let cipher = secret.suite.cipher, let context = EVP_CIPHER_CTX_new() else { return nil }
        let isReady = secret.key.withBytes {
            EVP_CipherInit_ex2(
                context, cipher, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, purpose.rawValue, nil)
        }
        guard isReady == 1 else {
            EVP_CIPHER_CTX_free(context)
            OpenSSLError.discard()
            return nil
        }
        self.context = context
        self.secret = secret
        self.sequence = sequence
        recordsPerKey = secret.suite.recordsPerKey
        iv = secret.iv.withBytes { $0.loadUnaligned(as: Nonce.self) }
    }

    deinit {
        EVP_CIPHER_CTX_free(context)  // which wipes the key
    }

    /// The key has protected all that it may.
    var isWorn: Bool { sequence >= recordsPerKey }

    /// Takes the next key, as a KeyUpdate demands (RFC 8446 §7.2).
    mutating func update() {
        secret = secret.next
        let isReady = secret.key.withBytes {
            EVP_CipherInit_ex2(context, nil, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, -1, nil)
        }
        guard isReady == 1 else { preconditionFailure("libcrypto refuses a key: \(OpenSSLError.take())") }
        iv = secret.iv.withBytes { $0.loadUnaligned(as: Nonce.self) }
        sequence = 0
    }

    /// Protects a record where it lies: a header, what is to be encrypted, and room for the tag.
    mutating func seal(_ record: UnsafeMutableRawBufferPointer) throws(RecordFault) {
        guard let header = record.baseAddress else { return }
        let body = header + RecordFormat.headerCount
        let count = record.count &- RecordFormat.headerCount &- RecordFormat.tagCount
        let isSealed =
            try begin(header: header) && transform(body, count, into: body)
            && EVP_CIPHER_CTX_ctrl(
                context, EVP_CTRL_AEAD_GET_TAG, Int32(RecordFormat.tagCount), body + count) == 1
        guard isSealed else { preconditionFailure("libcrypto cannot seal a record: \(OpenSSLError.take())") }
    }

    /// Decrypts a whole record to `plaintext`, which has room for all of it but header and tag. Throws `.forged` when it
    /// was not made with this key and number, and then what is written there means nothing.
    mutating func open(
        _ record: UnsafeRawBufferPointer, into plaintext: UnsafeMutableRawPointer
    ) throws(RecordFault) {
        guard let header = record.baseAddress else { return }
        let body = header + RecordFormat.headerCount
        let count = record.count &- RecordFormat.headerCount &- RecordFormat.tagCount
        guard count >= 0 else { throw .forged }
        // Only read, although the parameter cannot say so.
        let tag = UnsafeMutableRawPointer(mutating: body + count)
        let isGenuine =
            try begin(header: header)
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(RecordFormat.tagCount), tag) == 1
            && transform(body, count, into: plaintext)
        guard isGenuine else {
            OpenSSLError.discard()
            throw .forged
        }
    }

    /// Sets the nonce of the next record, which is the IV and the record's number in one (RFC 8446 §5.3), and has the
    /// header authenticated.
    private mutating func begin(header: UnsafeRawPointer) throws(RecordFault) -> Bool {
        guard sequence < .max else { throw .exhausted }
        var nonce = iv
        nonce.1 ^= UInt32(truncatingIfNeeded: sequence >> 32).bigEndian
        nonce.2 ^= UInt32(truncatingIfNeeded: sequence).bigEndian
        sequence &+= 1
        var written: Int32 = 0
        return withUnsafeBytes(of: &nonce) {
            EVP_CipherInit_ex2(context, nil, nil, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), -1, nil)
        } == 1
            && EVP_CipherUpdate(
                context, nil, &written, header.assumingMemoryBound(to: UInt8.self), Int32(RecordFormat.headerCount))
                == 1
    }

    private func transform(_ input: UnsafeRawPointer, _ count: Int, into output: UnsafeMutableRawPointer) -> Bool {
        let output = output.assumingMemoryBound(to: UInt8.self)
        var written: Int32 = 0
        var rest: Int32 = 0
        // Without a byte to transform, libcrypto would take the call for another.
        let isTransformed =
            count == 0
            || EVP_CipherUpdate(
                context, output, &written, input.assumingMemoryBound(to: UInt8.self), Int32(truncatingIfNeeded: count))
                == 1
        return isTransformed && EVP_CipherFinal_ex(context, output + count, &rest) == 1
    }
}
