import COpenSSL
import Crypto

/// What can be read of a certificate. The pointers are the caller's and only borrowed.
enum PeerCertificate {
    /// The certificate itself (DER).
    static func der(of certificate: OpaquePointer) -> [UInt8] {
        encoding { i2d_X509(certificate, $0) }
    }

    static func sha256(of certificate: OpaquePointer) -> [UInt8] {
        Digest.sha256(der(of: certificate))
    }

    /// RFC 7469 §2.4: the digest of the whole SubjectPublicKeyInfo.
    static func spkiSHA256(of certificate: OpaquePointer) -> [UInt8] {
        digest { i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), $0) }
    }

    /// What revocation lists know a certificate by (RFC 5280 §5.1.2.6): eight bytes of a hash of its issuer's name, and its
    /// serial number in DER.
    static func revocationID(of certificate: OpaquePointer) -> [UInt8] {
        nameID(of: X509_get_issuer_name(certificate))
            + encoding { i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), $0) }
    }

    /// The same of each of a verified chain, but for the authority that it ends at.
    static func revocationIDs(ofChain chain: OpaquePointer?) -> [[UInt8]] {
        (0..<max(0, shim_sk_X509_num(chain) - 1)).compactMap { index in
            shim_sk_X509_value(chain, index).map(revocationID)
        }
    }

    /// Tells one name from another.
    static func nameID(of name: OpaquePointer?) -> [UInt8] {
        Array(digest { i2d_X509_NAME(name, $0) }.prefix(nameIDCount))
    }

    static let nameIDCount = 8

    /// RFC 4514, but with UTF-8 as it is: `CN=acme-device,O=Acme GmbH`.
    static func subject(of certificate: OpaquePointer) -> String {
        text(of: X509_get_subject_name(certificate))
    }

    /// The same of whoever issued it.
    static func issuer(of certificate: OpaquePointer) -> String {
        text(of: X509_get_issuer_name(certificate))
    }

    /// All that a verified certificate may be known by: its subject, then its other names in order.
    ///
    /// A subject that cannot be written whole is an empty text, which is nobody's name: what is left of it could be
    /// somebody's.
    static func names(of certificate: OpaquePointer) -> [String] {
        let subject = X509_get_subject_name(certificate)
        let text = isText(subject) ? String(validating: bytes(of: subject), as: UTF8.self) : nil
        return [text ?? ""] + alternativeNames(of: certificate)
    }

    static func text(of name: OpaquePointer?) -> String {
        String(decoding: bytes(of: name), as: UTF8.self)
    }

    /// Commas and their like inside a value are escaped, control characters too, NUL among them: no value can pass for
    /// the next part of a name.
    private static func bytes(of name: OpaquePointer?) -> [UInt8] {
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        X509_NAME_print_ex(bio, name, 0, shim_XN_FLAG_RFC2253() & ~UInt(ASN1_STRFLGS_ESC_MSB))
        var text = [UInt8](repeating: 0, count: BIO_ctrl_pending(bio))
        let count = BIO_read(bio, &text, Int32(clamping: text.count))
        return Array(text.prefix(Int(max(0, count))))
    }

    /// Whether every value of a name has a UTF-8 form. Where one has none, such as half a UTF-16 surrogate pair, OpenSSL
    /// stops in the middle.
    private static func isText(_ name: OpaquePointer?) -> Bool {
        defer { OpenSSLError.discard() }
        return (0..<max(0, X509_NAME_entry_count(name))).allSatisfy { index in
            var text: UnsafeMutablePointer<UInt8>?
            defer { CRYPTO_free(text, #file, #line) }
            return ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index))) >= 0
        }
    }

    /// RFC 5280 §4.2.1.6: each name after its kind, as in `DNS:a.example.com`, `URI:…`, `email:…`, `IP:192.0.2.1`.
    static func alternativeNames(of certificate: OpaquePointer) -> [String] {
        guard let names = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let stack = OpaquePointer(names)
        defer { GENERAL_NAMES_free(stack) }
        let count = min(maxAlternativeNames, max(0, shim_sk_GENERAL_NAME_num(stack)))
        return (0..<count).compactMap { name(at: $0, in: stack) }
    }

    /// A device or a server has a handful; the largest shared certificates have a hundred. What stands behind is not read.
    static let maxAlternativeNames: Int32 = 256

    private static func name(at index: Int32, in names: OpaquePointer) -> String? {
        var start: UnsafePointer<UInt8>?
        var count: Int32 = 0
        let kind = shim_GENERAL_NAME_text(names, index, &start, &count)
        let bytes = UnsafeBufferPointer(start: start, count: Int(max(0, count)))
        switch kind {
        case GEN_DNS: return printable(bytes).map { "DNS:\($0)" }
        case GEN_URI: return printable(bytes).map { "URI:\($0)" }
        case GEN_EMAIL: return printable(bytes).map { "email:\($0)" }
        case GEN_IPADD: return address(bytes).map { "IP:\($0)" }
        default: return nil
        }
    }

    /// These names are visible ASCII by definition. One that is not is no name: an embedded NUL once fooled browsers.
    private static func printable(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Dotted for four bytes, groups of hexadecimal digits for sixteen.
    private static func address(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        switch bytes.count {
        case 4: bytes.map { String($0) }.joined(separator: ".")
        case 16:
            stride(from: 0, to: 16, by: 2).map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
                .joined(separator: ":")
        default: nil
        }
    }

    private typealias Write = (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32

    /// The SHA-256 of what one of the `i2d_` functions writes.
    private static func digest(_ write: Write) -> [UInt8] {
        Digest.sha256(encoding(write))
    }

    private static func encoding(_ write: Write) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(max(0, write(nil))))
        bytes.withUnsafeMutableBufferPointer { buffer in
            var cursor = buffer.baseAddress
            _ = write(&cursor)
        }
        return bytes
    }
}
