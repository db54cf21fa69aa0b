import COpenSSL
import Crypto
import Glibc

/// The certificate authorities whose certificates are believed.
///
/// Immutable and shared: building the system's takes 20 ms and some megabytes. Any thread.
package final class TrustStore: Sendable {
    // Unsafe only to the compiler: no certificate is added after `init`, and look-ups lock inside OpenSSL.
    nonisolated(unsafe) let store: OpaquePointer
    /// Distinguishes one set of authorities from another.
    package let fingerprint: [UInt8]

    /// Reads every certificate in a PEM file. Throws `.setup`, naming the file and the remedy.
    package convenience init(file: String) throws(TLSError) {
        try self.init(pem: PEM.contents(ofFile: file), name: file)
    }

    /// The same from PEM bytes; `name` stands in errors where the file's would.
    package convenience init(pem: [UInt8], name: String = "authorities") throws(TLSError) {
        try self.init(pem: Secret(pem), name: name)
    }

    private init(pem: Secret, name: String) throws(TLSError) {
        let authorities = try PEM.certificates(in: pem, named: name)
        defer { for authority in authorities { X509_free(authority) } }
        store = X509_STORE_new()
        fingerprint = pem.withBytes { Digest.sha256($0.bytes) }
        for authority in authorities where X509_STORE_add_cert(store, authority) != 1 {
            throw .setup("\(name): an authority cannot be used", remedy: "Remove the certificate that is not valid.")
        }
    }

    deinit { X509_STORE_free(store) }

    /// Lends each authority's certificate.
    func withEach(_ body: (OpaquePointer) -> Void) {
        let objects = X509_STORE_get0_objects(store)
        for index in 0..<max(0, shim_sk_X509_OBJECT_num(objects)) {
            if let authority = X509_OBJECT_get0_X509(shim_sk_X509_OBJECT_value(objects, index)) { body(authority) }
        }
    }

    /// The operating system's authorities, read once. Throws `.setup` when the machine has none.
    package static func system() throws(TLSError) -> TrustStore {
        try systemStore.get()
    }

    // The bundle and not OpenSSL's hashed directory: that one is read during handshakes, on the loop's thread.
    private static let systemStore = Result { () throws(TLSError) in
        for path in systemBundles where BIO_new_file(path, "r").map({ BIO_free($0) }) == 1 {
            return try TrustStore(file: path)
        }
        OpenSSLError.discard()
        throw TLSError(
            .setup,
            "no certificate authorities at \(systemBundles.joined(separator: ", ")). "
                + "Install the package ca-certificates, or name a file with SSL_CERT_FILE or `verify: ca`.")
    }

    /// SSL_CERT_FILE first, as every OpenSSL program does, then where the distributions keep theirs.
    private static var systemBundles: [String] {
        let chosen = getenv(X509_get_default_cert_file_env()).map { [String(cString: $0)] }
        return chosen ?? [
            String(cString: X509_get_default_cert_file()), "/etc/ssl/certs/ca-certificates.crt",
            "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
        ]
    }
}
