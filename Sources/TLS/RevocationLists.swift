import COpenSSL
import Crypto

/// Certificate revocation lists (RFC 5280 §5), each of one issuer.
///
/// Immutable; any thread.
package final class RevocationLists: Sendable {
    // Unsafe only to the compiler: never changed after `init`, and OpenSSL counts references under its own locks.
    nonisolated(unsafe) let lists: [OpaquePointer]
    /// Distinguishes one set of lists from another.
    package let fingerprint: [UInt8]
    /// The names of their issuers, in the same order.
    private let issuers: [[UInt8]]

    /// Reads every list in a PEM file. Throws `.setup`, naming the file and the remedy.
    package convenience init(file: String) throws(TLSError) {
        try self.init(pem: PEM.contents(ofFile: file), name: file)
    }

    /// The same from PEM bytes; `name` stands in errors where the file's would.
    package convenience init(pem: [UInt8], name: String = "revocation lists") throws(TLSError) {
        try self.init(pem: Secret(pem), name: name)
    }

    private init(pem: Secret, name: String) throws(TLSError) {
        lists = try PEM.revocationLists(in: pem, named: name)
        issuers = lists.map { PeerCertificate.nameID(of: X509_CRL_get_issuer($0)) }
        fingerprint = pem.withBytes { Digest.sha256($0.bytes) }
    }

    deinit { for list in lists { X509_CRL_free(list) } }

    /// What an operator should know of each list, in order, where `authorities` are those whose clients it is for.
    package func facts(under authorities: TrustStore) -> [Facts] {
        lists.map { list in
            var isIssuedByThem = false
            authorities.withEach { if Self.isIssued(list, by: $0) { isIssuedByThem = true } }
            let issuer = PeerCertificate.text(of: X509_CRL_get_issuer(list))
            return Facts(
                issuer: issuer, isOfTheFuture: Self.seconds(to: X509_CRL_get0_lastUpdate(list)) > 0,
                secondsToExpiry: X509_CRL_get0_nextUpdate(list).map(Self.seconds(to:)), isIssuedByThem: isIssuedByThem)
        }
    }

    /// The authorities for which there is no list, each by its subject.
    package func withoutList(among authorities: TrustStore) -> [String] {
        var found: [String] = []
        authorities.withEach { authority in
            guard !lists.contains(where: { Self.isIssued($0, by: authority) }) else { return }
            found.append(PeerCertificate.subject(of: authority))
        }
        return found
    }

    /// Whether one of the lists names a certificate, by its `PeerCertificate.revocationID`. Their times are not looked at: who
    /// was revoked once stays so.
    func revoke(_ certificate: [UInt8]) -> Bool {
        let issuer = certificate.prefix(PeerCertificate.nameIDCount)
        let number = certificate.dropFirst(PeerCertificate.nameIDCount).withUnsafeBufferPointer { serial in
            var cursor = serial.baseAddress
            return d2i_ASN1_INTEGER(nil, &cursor, serial.count)
        }
        defer { ASN1_INTEGER_free(number) }
        // Only what was signed here comes this way; what cannot be read must not pass.
        guard let number else { return true }
        return zip(lists, issuers).contains { list, name in
            // 2 would be an entry that takes another back.
            name.elementsEqual(issuer) && X509_CRL_get0_by_serial(list, nil, number) == 1
        }
    }

    /// One list.
    package struct Facts: Equatable, Sendable {
        /// Whose list it is, as RFC 4514 writes it.
        package let issuer: String
        /// By the machine's clock it has not been made yet.
        package let isOfTheFuture: Bool
        /// The whole seconds until the next list is due, by the machine's clock; negative when it is overdue. Nil: the list
        /// does not say.
        package let secondsToExpiry: Int?
        /// One of the authorities has signed it.
        package let isIssuedByThem: Bool
    }

    private static func isIssued(_ list: OpaquePointer, by authority: OpaquePointer) -> Bool {
        guard X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(authority)) == 0 else { return false }
        defer { OpenSSLError.discard() }
        return X509_CRL_verify(list, X509_get0_pubkey(authority)) == 1
    }

    private static func seconds(to time: UnsafePointer<ASN1_TIME>) -> Int {
        var days: Int32 = 0
        var seconds: Int32 = 0
        // A time that cannot be read is over: OpenSSL does not accept such a list either.
        guard ASN1_TIME_diff(&days, &seconds, nil, time) == 1 else { return -1 }
        return Int(days) * 86_400 + Int(seconds)
    }
}
