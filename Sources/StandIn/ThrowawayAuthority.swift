import COpenSSL
import Crypto
import Glibc

/// A certificate authority that lives as long as a demonstration or a test: made in memory, believed by nobody else.
///
/// Immutable; any thread. It makes what it is asked for, wrong or not, so that a stand-in can misbehave. All input is
/// the caller's own; what OpenSSL refuses to make is a fault of ours and traps.
package final class ThrowawayAuthority: Sendable {
    /// Its own certificate, to be trusted by peers of those it vouches for.
    package let certificatePEM: [UInt8]
    /// What those send along with their certificates: its own and those above it, but not the root's.
    private let issuersPEM: [UInt8]

    // Unsafe only to the compiler: never changed after `init`, and OpenSSL counts references under its own locks.
    private nonisolated(unsafe) let certificate: OpaquePointer
    // As above.
    private nonisolated(unsafe) let key: OpaquePointer

    /// A new authority with a P-256 key whose common name is `name`.
    package convenience init(name: String) {
        self.init(name: name, parent: nil)
    }

    /// An authority below this one.
    package func intermediate(name: String) -> ThrowawayAuthority {
        ThrowawayAuthority(name: name, parent: self)
    }

    private init(name: String, parent: ThrowawayAuthority?) {
        let key = makeKey()
        let certificate = makeCertificate(
            for: key, subject: "CN=\(name)", validity: .current,
            extensions: [(NID_basic_constraints, "critical,CA:TRUE"), (NID_key_usage, "critical,keyCertSign,cRLSign")],
            issuer: parent.map { ($0.certificate, $0.key) })
        self.key = key
        self.certificate = certificate
        let own = pem { PEM_write_bio_X509($0, certificate) }
        certificatePEM = own
        issuersPEM = parent.map { own + $0.issuersPEM } ?? []
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }

    /// A certificate for a server of these names, DNS names or addresses.
    package func issue(names: [String], validity: Validity = .current) -> Issued {
        issue(subject: "CN=throwaway", names: names, usage: "serverAuth", validity: validity)
    }

    /// A certificate for a client: `clientSubject` as RFC 4514 writes it, such as `CN=device,O=Acme`, without escapes.
    /// `names` are DNS names, addresses, or as OpenSSL's configuration has them: `URI:…`, `email:…`.
    package func issue(clientSubject: String, names: [String] = [], validity: Validity = .current) -> Issued {
        issue(subject: clientSubject, names: names, usage: "clientAuth", validity: validity)
    }

    /// A list of those of its certificates that it takes back, PEM.
    package func revocationList(revoking certificates: [Issued] = [], validity: Validity = .current) -> [UInt8] {
        revocationList(of: certificates.map(\.serial), validity: validity)
    }

    /// A list that takes back an authority below this one, PEM.
    package func revocationList(revoking authority: ThrowawayAuthority) -> [UInt8] {
        revocationList(of: [serialNumber(of: authority.certificate)], validity: .current)
    }

    private func revocationList(of serials: [UInt64], validity: Validity) -> [UInt8] {
        let list = required(X509_CRL_new())
        defer { X509_CRL_free(list) }
        X509_CRL_set_version(list, 1)  // which is how version 2 is written (RFC 5280 §5.1.2.1)
        X509_CRL_set_issuer_name(list, X509_get_subject_name(certificate))
        let (from, until) = (required(ASN1_TIME_new()), required(ASN1_TIME_new()))
        defer { for time in [from, until] { ASN1_TIME_free(time) } }
        X509_gmtime_adj(from, validity.seconds.from)
        X509_gmtime_adj(until, validity.seconds.until)
        X509_CRL_set1_lastUpdate(list, from)
        X509_CRL_set1_nextUpdate(list, until)
        for serial in serials { X509_CRL_add0_revoked(list, entry(of: serial, at: from)) }
        guard X509_CRL_sign(list, key, EVP_sha256()) > 0 else { preconditionFailure("cannot sign") }
        return pem { PEM_write_bio_X509_CRL($0, list) }
    }

    private func entry(of serial: UInt64, at time: UnsafeMutablePointer<ASN1_TIME>) -> OpaquePointer {
        let entry = required(X509_REVOKED_new())
        let number = required(ASN1_INTEGER_new())
        defer { ASN1_INTEGER_free(number) }
        ASN1_INTEGER_set_uint64(number, serial)
        X509_REVOKED_set_serialNumber(entry, number)
        X509_REVOKED_set_revocationDate(entry, time)
        return entry
    }

    /// A server's certificate that nobody issued.
    package static func selfSigned(names: [String], validity: Validity = .current) -> Issued {
        let key = makeKey()
        defer { EVP_PKEY_free(key) }
        let certificate = makeCertificate(
            for: key, subject: "CN=throwaway", validity: validity,
            extensions: extensions(names: names, usage: "serverAuth"), issuer: nil)
        defer { X509_free(certificate) }
        return Issued(certificate, key, issuersPEM: [])
    }

    private func issue(subject: String, names: [String], usage: String, validity: Validity) -> Issued {
        let leafKey = makeKey()
        defer { EVP_PKEY_free(leafKey) }
        let leaf = makeCertificate(
            for: leafKey, subject: subject, validity: validity,
            extensions: Self.extensions(names: names, usage: usage), issuer: (certificate, key))
        defer { X509_free(leaf) }
        return Issued(leaf, leafKey, issuersPEM: issuersPEM)
    }

    private static func extensions(names: [String], usage: String) -> [(Int32, String)] {
        var extensions = [(NID_basic_constraints, "critical,CA:FALSE"), (NID_ext_key_usage, usage)]
        if !names.isEmpty {
            extensions.append((NID_subject_alt_name, names.map(alternativeName).joined(separator: ",")))
        }
        return extensions
    }

    private static func alternativeName(_ name: String) -> String {
        if name.hasPrefix("URI:") || name.hasPrefix("email:") { return name }
        guard let address = a2i_IPADDRESS(name) else { return "DNS:\(name)" }
        ASN1_OCTET_STRING_free(address)
        return "IP:\(name)"
    }
}

extension ThrowawayAuthority {
    /// When a certificate is good for use.
    package enum Validity: Sendable {
        /// From yesterday until tomorrow.
        case current
        /// It ended an hour ago.
        case expired
        /// It begins in an hour.
        case future
        /// From yesterday, for so many days.
        case days(Int)

        fileprivate var seconds: (from: Int, until: Int) {
            switch self {
            case .current: (-86_400, 86_400)
            case .expired: (-86_400, -3_600)
            case .future: (3_600, 86_400)
            case .days(let count): (-86_400, count * 86_400)
            }
        }
    }

    /// A certificate and its private key.
    package struct Issued: Sendable {
        /// The certificate, then its issuers below the root.
        package let chainPEM: [UInt8]
        /// Its private key.
        package let keyPEM: [UInt8]
        /// Its number among those of its issuer.
        fileprivate let serial: UInt64

        fileprivate init(_ certificate: OpaquePointer, _ key: OpaquePointer, issuersPEM: [UInt8]) {
            serial = serialNumber(of: certificate)
            chainPEM = pem { PEM_write_bio_X509($0, certificate) } + issuersPEM
            keyPEM = pem { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
        }

        /// Writes `name.crt`, and `name.key` readable by its owner only, into an existing directory.
        package func write(to directory: String, name: String) throws(CannotWrite) -> (chain: String, key: String) {
            let paths = (chain: "\(directory)/\(name).crt", key: "\(directory)/\(name).key")
            try ThrowawayAuthority.write(chainPEM, to: paths.chain, mode: 0o644)
            try ThrowawayAuthority.write(keyPEM, to: paths.key, mode: 0o600)
            return paths
        }
    }

    /// A file could not be written; `code` is the `errno`.
    package struct CannotWrite: Error, Equatable {
        /// The file.
        package let path: String
        /// The system's error number.
        package let code: Int32
    }

    /// Writes the authority's certificate as `name.crt` into an existing directory and returns its path.
    package func write(to directory: String, name: String) throws(CannotWrite) -> String {
        let path = "\(directory)/\(name).crt"
        try Self.write(certificatePEM, to: path, mode: 0o644)
        return path
    }

    private static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(CannotWrite) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw CannotWrite(path: path, code: errno) }
        defer { _ = Glibc.close(descriptor) }
        // O_CREAT's mode does not apply to a file that was there before.
        guard fchmod(descriptor, mode) == 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw CannotWrite(path: path, code: errno)
        }
    }
}

private func makeKey() -> OpaquePointer {
    let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    EVP_PKEY_keygen_init(context)
    EVP_PKEY_CTX_set_group_name(context, "P-256")
    EVP_PKEY_generate(context, &key)
    return required(key)
}

/// A certificate for `key`, signed by the issuer, or by itself when there is none.
private func makeCertificate(
    for key: OpaquePointer, subject: String, validity: ThrowawayAuthority.Validity, extensions: [(Int32, String)],
    issuer: (certificate: OpaquePointer, key: OpaquePointer)?
) -> OpaquePointer {
    let certificate = required(X509_new())
    X509_set_version(certificate, 2)  // which is how version 3 is written (RFC 5280 §4.1.2.1)
    let serial = RandomBytes.make(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial)
    X509_gmtime_adj(X509_getm_notBefore(certificate), validity.seconds.from)
    X509_gmtime_adj(X509_getm_notAfter(certificate), validity.seconds.until)
    X509_set_pubkey(certificate, key)
    set(subject, of: certificate)
    let signer = issuer?.certificate ?? certificate
    X509_set_issuer_name(certificate, X509_get_subject_name(signer))
    for (identifier, value) in extensions {
        let made = required(X509V3_EXT_conf_nid(nil, nil, identifier, value))
        X509_add_ext(certificate, made, -1)
        X509_EXTENSION_free(made)
    }
    guard X509_sign(certificate, issuer?.key ?? key, EVP_sha256()) > 0 else { preconditionFailure("cannot sign") }
    return certificate
}

/// As `makeCertificate` numbers them.
private func serialNumber(of certificate: OpaquePointer) -> UInt64 {
    var serial: UInt64 = 0
    ASN1_INTEGER_get_uint64(&serial, X509_get0_serialNumber(certificate))
    return serial
}

/// RFC 4514 §2.1 writes a name from its last part to its first.
private func set(_ subject: String, of certificate: OpaquePointer) {
    let name = X509_get_subject_name(certificate)
    for part in subject.split(separator: ",").reversed() {
        let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
        guard pair.count == 2 else { preconditionFailure("\(subject) is no subject") }
        X509_NAME_add_entry_by_txt(name, pair[0], MBSTRING_UTF8, pair[1], -1, -1, 0)
    }
}

/// What `write` writes into a BIO.
private func pem(_ write: (OpaquePointer?) -> Int32) -> [UInt8] {
    let bio = BIO_new(BIO_s_mem())
    defer { BIO_free(bio) }
    guard write(bio) == 1 else { preconditionFailure("cannot write PEM: \(OpenSSLError.take())") }
    var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(bio))
    guard BIO_read(bio, &bytes, Int32(bytes.count)) == bytes.count else { preconditionFailure("cannot read PEM") }
    return bytes
}

private func required<Pointer>(_ pointer: Pointer?) -> Pointer {
    guard let pointer else { preconditionFailure("libcrypto made nothing: \(OpenSSLError.take())") }
    return pointer
}
