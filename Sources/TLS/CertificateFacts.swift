import COpenSSL
import Crypto
import Glibc

/// What a certificate says, whether it is believed or not.
package struct CertificateFacts: Equatable, Sendable {
    /// As RFC 4514 writes it, most specific part first.
    package let subject: String
    /// Whose signature it carries, written in the same way.
    package let issuer: String
    /// The names it is for, each after its kind: `DNS:…`, `URI:…`, `email:…`, `IP:…`.
    package let names: [String]
    /// The whole seconds until it expires by the machine's clock; negative when it has.
    package let secondsToExpiry: Int
    /// When it expires: `YYYY-MM-DDTHH:MM:SSZ`.
    package let notAfter: String
    /// The SHA-256 of the certificate.
    package let sha256: [UInt8]
    /// The SHA-256 of its SubjectPublicKeyInfo, which pins are compared with.
    package let spkiSHA256: [UInt8]
    /// Whether it is for the server name that was asked for.
    package let isForServerName: Bool

    /// Reads a borrowed certificate.
    init(_ certificate: OpaquePointer, serverName: String) {
        subject = PeerCertificate.subject(of: certificate)
        issuer = PeerCertificate.issuer(of: certificate)
        names = PeerCertificate.alternativeNames(of: certificate)
        (secondsToExpiry, notAfter) = Self.expiry(of: certificate)
        sha256 = PeerCertificate.sha256(of: certificate)
        spkiSHA256 = PeerCertificate.spkiSHA256(of: certificate)
        // Only one of the two can be true of a name: an address is compared as an address.
        isForServerName =
            X509_check_ip_asc(certificate, serverName, 0) == 1
            || X509_check_host(
                certificate, serverName, serverName.utf8.count, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS), nil) == 1
        OpenSSLError.discard()
    }

    private static func expiry(of certificate: OpaquePointer) -> (seconds: Int, text: String) {
        var days: Int32 = 0
        var seconds: Int32 = 0
        var parts = tm()
        let time = X509_get0_notAfter(certificate)
        guard ASN1_TIME_diff(&days, &seconds, nil, time) == 1, ASN1_TIME_to_tm(time, &parts) == 1 else {
            return (0, "")
        }
        let date = [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)].map(padded)
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0)) }
        return (
            Int(days) * 86_400 + Int(seconds),
            "\(date.joined(separator: "-"))T\(clock.joined(separator: ":"))Z"
        )
    }

    private static func padded(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
