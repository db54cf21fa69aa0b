/// A protected record as it stands on the wire (RFC 8446 §5.2). What is encrypted: the content, its type, and zeros for
/// whoever wants to hide how long it is.
///
/// ```
///  23 │ 3 3 │ length │ content │ type │ zeros │ tag
///   1 │  2  │   2    │         encrypted      │ 16
/// ```
enum RecordFormat {
    /// Bytes before what is encrypted.
    static let headerCount = 5
    /// Bytes that the AEAD adds: of every suite here, 16.
    static let tagCount = 16
    /// Bytes in a nonce of every suite here.
    static let nonceCount = 12
    /// The longest content (RFC 8446 §5.1).
    static let maxContentCount = 1 << 14
    /// The longest body, which is all behind the header (RFC 8446 §5.2).
    static let maxBodyCount = maxContentCount + 256

    /// Fills in the header of a record that has so many bytes behind it. RFC 8446 §5.2: it says application data and
    /// TLS 1.2, whatever it is.
    static func writeHeader(bodyCount: Int, to header: UnsafeMutableRawPointer) {
        header.storeBytes(of: ContentType.applicationData.rawValue, as: UInt8.self)
        header.storeBytes(of: 3, toByteOffset: 1, as: UInt8.self)
        header.storeBytes(of: 3, toByteOffset: 2, as: UInt8.self)
        header.storeBytes(of: UInt8(truncatingIfNeeded: bodyCount >> 8), toByteOffset: 3, as: UInt8.self)
        header.storeBytes(of: UInt8(truncatingIfNeeded: bodyCount), toByteOffset: 4, as: UInt8.self)
    }

    /// How many bytes the record has that `bytes` begin with, its header among them; nil when they are too few to tell.
    static func recordCount(of bytes: UnsafeRawBufferPointer) throws(RecordFault) -> Int? {
        guard bytes.count >= headerCount else { return nil }
        // RFC 8446 §5: once the handshake is over there is no other, change_cipher_spec included. The version that follows
        // means nothing (§5.1).
        guard bytes[0] == ContentType.applicationData.rawValue else { throw .unprotected }
        let bodyCount = Int(bytes[3]) << 8 | Int(bytes[4])
        guard bodyCount <= maxBodyCount else { throw .tooLong }
        return headerCount + bodyCount
    }
}

/// What a record holds (RFC 8446 §5.1), of what may come after the handshake.
enum ContentType: UInt8 {
    case alert = 21
    case handshake = 22
    case applicationData = 23
}
