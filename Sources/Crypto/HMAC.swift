import COpenSSL

/// HMAC-SHA-256 (FIPS 198-1, RFC 2104): who holds the key can make the code of a message, and tell whether one is right.
package enum HMAC {
    /// Bytes in a code.
    package static let count = Digest.sha256Count

    /// The code of `message` under `key`: 32 bytes. Any thread.
    package static func sha256(_ message: [UInt8], key: Secret) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { code, written in
            let result = key.withBytes { key in
                COpenSSL.HMAC(
                    EVP_sha256(), key.baseAddress, Int32(clamping: key.count), message, message.count,
                    code.baseAddress, nil)
            }
            guard result != nil else { preconditionFailure("libcrypto has no HMAC: \(OpenSSLError.take())") }
            written = count
        }
    }

    /// Whether `code` is that of `message` under `key`. The time taken tells nothing of the right one. Any thread.
    package static func verifies(_ code: [UInt8], of message: [UInt8], key: Secret) -> Bool {
        ConstantTime.equal(code, sha256(message, key: key))
    }
}
