import COpenSSL
import Crypto
import Glibc

/// Reading PEM text (RFC 7468).
enum PEM {
    /// More than any chain or bundle needs (Mozilla's is 220 KiB): a wrong file name must not fill memory.
    private static let maxFileBytes = 16 << 20

    /// All that a PEM file holds. As a secret, whatever it is named for: operators keep a key beside its certificate.
    static func contents(ofFile path: String) throws(TLSError) -> Secret {
        do throws(SecretFileError) { return try Secret.file(path, maxBytes: maxFileBytes) } catch {
            switch error {
            case .unreadable(let code):
                throw TLSError(
                    .setup,
                    "\(path): \(String(cString: strerror(code))). "
                        + "It must be a file that the user who runs this process may read.")
            case .tooLarge:
                throw TLSError(
                    .setup, "\(path): larger than \(maxFileBytes) bytes. This is no PEM file of certificates or keys.")
            }
        }
    }

    /// Every certificate in `pem`, at least one, in order. The caller frees each.
    static func certificates(in pem: Secret, named name: String) throws(TLSError) -> [OpaquePointer] {
        let (certificates, fault) = all(in: pem) { PEM_read_bio_X509($0, nil, refusePassword, nil) }
        guard let fault else { return certificates }
        for certificate in certificates { X509_free(certificate) }
        throw TLSError(
            .setup, "\(name): no readable certificate (\(fault)). It must be PEM, beginning with the server's own.")
    }

    /// Every certificate revocation list in `pem`, at least one. The caller frees each.
    static func revocationLists(in pem: Secret, named name: String) throws(TLSError) -> [OpaquePointer] {
        let (lists, fault) = all(in: pem) { PEM_read_bio_X509_CRL($0, nil, refusePassword, nil) }
        guard let fault else { return lists }
        for list in lists { X509_CRL_free(list) }
        throw TLSError(
            .setup,
            "\(name): no readable revocation list (\(fault)). It must be PEM; `openssl crl -inform DER -in FILE` makes "
                + "it of the binary form.")
    }

    /// All that `read` finds in `pem`, and what kept it from reading on to the end; nothing at all is a fault.
    private static func all(
        in pem: Secret, _ read: (OpaquePointer?) -> OpaquePointer?
    ) -> (found: [OpaquePointer], fault: OpenSSLError?) {
        let found = pem.withBytes {
            MemoryBIO.over($0) { bio in
                var found: [OpaquePointer] = []
                while let next = read(bio) { found.append(next) }
                return found
            }
        }
        let stop = OpenSSLError.take()
        // PEM_R_NO_START_LINE is how the reader says that there are no more.
        let isTheEnd = stop.library == ERR_LIB_PEM && stop.reason == PEM_R_NO_START_LINE
        return (found, isTheEnd && !found.isEmpty ? nil : stop)
    }

    /// The private key in `pem`. The caller frees it.
    static func privateKey(in pem: Secret, named name: String) throws(TLSError) -> OpaquePointer {
        guard let key = PrivateKeyPEM.read(pem) else {
            throw .setup(
                "\(name): no readable private key", remedy: "It must be PEM and not encrypted with a password.")
        }
        return key
    }
}
