import COpenSSL
import Crypto

/// A certificate with the chain it is sent with and its private key, read and checked.
///
/// Immutable; any thread.
package final class TLSCertificate: Sendable {
    // Unsafe only to the compiler: never changed after `init`, and OpenSSL counts references under its own locks.
    nonisolated(unsafe) let leaf: OpaquePointer
    // As above.
    nonisolated(unsafe) let chain: OpaquePointer
    // As above.
    nonisolated(unsafe) let key: OpaquePointer

    /// The DNS names it is for, in lower case; a wildcard stands as `*.example.com`.
    package let dnsNames: [String]
    /// Distinguishes one certificate with its chain from another.
    package let fingerprint: [UInt8]

    /// Reads the PEM files `chainFile` (the certificate, then its issuers) and `keyFile`.
    ///
    /// `mayBeExpired` lets a stand-in play a server whose certificate ran out, or is not good yet. Throws `.setup`,
    /// naming the file and the remedy.
    package convenience init(chainFile: String, keyFile: String, mayBeExpired: Bool = false) throws(TLSError) {
        let chain = try PEM.contents(ofFile: chainFile)
        let key = try PEM.contents(ofFile: keyFile)
        try self.init(
            chainPEM: chain, keyPEM: key, chainName: chainFile, keyName: keyFile, mayBeExpired: mayBeExpired)
    }

    /// The same from PEM bytes; the names stand in errors where the files' would.
    package convenience init(
        chainPEM: [UInt8], keyPEM: Secret, chainName: String = "certificate chain", keyName: String = "private key",
        mayBeExpired: Bool = false
    ) throws(TLSError) {
        try self.init(
            chainPEM: Secret(chainPEM), keyPEM: keyPEM, chainName: chainName, keyName: keyName,
            mayBeExpired: mayBeExpired)
    }

    private init(
        chainPEM: Secret, keyPEM: Secret, chainName: String, keyName: String, mayBeExpired: Bool
    ) throws(TLSError) {
        var certificates = try PEM.certificates(in: chainPEM, named: chainName)
        let key: OpaquePointer
        do {
            key = try PEM.privateKey(in: keyPEM, named: keyName)
        } catch {
            for certificate in certificates { X509_free(certificate) }
            throw error
        }
        fingerprint = chainPEM.withBytes { Digest.sha256($0.bytes) }
        leaf = certificates.removeFirst()
        self.key = key
        chain = shim_sk_X509_new_null()
        for issuer in certificates { _ = shim_sk_X509_push(chain, issuer) }
        dnsNames = PeerCertificate.alternativeNames(of: leaf).compactMap { name in
            name.hasPrefix("DNS:") ? name.dropFirst(4).lowercased() : nil
        }
        try check(chainName: chainName, keyName: keyName, mayBeExpired: mayBeExpired)
    }

    deinit {
        X509_free(leaf)
        shim_sk_X509_pop_free(chain)
        EVP_PKEY_free(key)
    }

    /// The whole seconds until it expires by the machine's clock; negative when it has.
    package var secondsToExpiry: Int {
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard ASN1_TIME_diff(&days, &seconds, nil, X509_get0_notAfter(leaf)) == 1 else { return 0 }
        return Int(days) * 86_400 + Int(seconds)
    }

    private func check(chainName: String, keyName: String, mayBeExpired: Bool) throws(TLSError) {
        guard X509_check_private_key(leaf, key) == 1 else {
            throw .setup(
                "\(keyName) is not the key of the first certificate in \(chainName)",
                remedy: "Name the key that the certificate was issued for, and put that certificate first in the file.")
        }
        // X509_cmp_current_time is negative for a moment that has passed.
        guard mayBeExpired || X509_cmp_current_time(X509_get0_notAfter(leaf)) > 0 else {
            throw TLSError(.setup, "\(chainName): the first certificate has expired. Renew it.")
        }
        guard mayBeExpired || X509_cmp_current_time(X509_get0_notBefore(leaf)) < 0 else {
            throw TLSError(.setup, "\(chainName): the first certificate is not valid yet. Check it and the clock.")
        }
    }
}
