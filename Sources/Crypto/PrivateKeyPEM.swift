import COpenSSL

/// Private keys as PEM text (RFC 7468), read and written without a copy outside secret memory.
package enum PrivateKeyPEM {
    /// The first private key in `pem`, which the caller frees. Nil when there is none that can be read without a password;
    /// OpenSSL's reason is then in its error queue.
    package static func read(_ pem: Secret) -> OpaquePointer? {
        pem.withBytes { MemoryBIO.over($0, read) }
    }

    private static func read(_ bio: OpaquePointer?) -> OpaquePointer? {
        var der: UnsafeMutablePointer<UInt8>?
        var derCount = 0
        // The name is of any kind of private key: PKCS #8, or a key of one algorithm alone.
        guard PEM_bytes_read_bio_secmem(&der, &derCount, nil, PEM_STRING_EVP_PKEY, bio, refusePassword, nil) == 1
        else { return nil }
        defer { shim_OPENSSL_secure_clear_free(der, derCount) }
        var cursor = UnsafePointer(der)
        return d2i_AutoPrivateKey(nil, &cursor, derCount)
    }

    /// The key as PEM (PKCS #8).
    package static func write(_ key: OpaquePointer) -> Secret {
        let bio = BIO_new(BIO_s_secmem())
        defer { BIO_free(bio) }
        guard PEM_write_bio_PrivateKey(bio, key, nil, nil, 0, nil, nil) == 1 else {
            preconditionFailure("libcrypto cannot write a key: \(OpenSSLError.take())")
        }
        return Secret(capacity: BIO_ctrl_pending(bio)) { memory in
            Int(BIO_read(bio, memory.baseAddress, Int32(clamping: memory.count)))
        }
    }
}
