import COpenSSL
import Crypto

/// The certificates that a peer has shown, as bytes (DER): a tenth of what they are as OpenSSL's objects, which are made
/// again when somebody asks.
struct KeptCertificates {
    /// What revocation lists know the chain by that was verified.
    let revocationIDs: [[UInt8]]

    private let leaf: [UInt8]
    private let issuers: [[UInt8]]

    /// Copies a borrowed certificate, and the stack of those that came along, if they matter.
    init(_ leaf: OpaquePointer, issuers: OpaquePointer?, revocationIDs: [[UInt8]]) {
        self.revocationIDs = revocationIDs
        self.leaf = PeerCertificate.der(of: leaf)
        self.issuers = (0..<max(0, shim_sk_X509_num(issuers))).map {
            PeerCertificate.der(of: shim_sk_X509_value(issuers, $0))
        }
    }

    /// Lends the certificate and the stack of those that came along.
    func withObjects<Result>(_ body: (_ leaf: OpaquePointer, _ issuers: OpaquePointer?) -> Result) -> Result? {
        let stack = shim_sk_X509_new_null()
        defer { shim_sk_X509_pop_free(stack) }
        for issuer in issuers.compactMap(Self.object) { _ = shim_sk_X509_push(stack, issuer) }
        guard let object = Self.object(leaf) else { return nil }
        defer { X509_free(object) }
        return body(object, stack)
    }

    private static func object(_ der: [UInt8]) -> OpaquePointer? {
        defer { OpenSSLError.discard() }
        return der.withUnsafeBufferPointer { bytes in
            var cursor = bytes.baseAddress
            return d2i_X509(nil, &cursor, bytes.count)
        }
    }
}
