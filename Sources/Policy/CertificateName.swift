/// A name of a TLS client certificate, as a policy file or the certificate itself has it: a subject, or one of the
/// alternative names. Two texts of one name are equal.
package enum CertificateName: Hashable, Sendable {
    /// From the most specific part to the least, as RFC 4514 writes it.
    case subject([Part])
    /// Lowercase (RFC 5280 §7.2).
    case dns(String)
    /// As it is written: of a URI hardly anything may be changed without changing what it names.
    case uri(String)
    /// The host lowercase, the mailbox as it is written (RFC 5280 §7.5).
    case email(mailbox: String, host: String)
    case address(IPAddress)

    /// One level of a subject: as a rule one value, but there may be several side by side, in no order.
    package typealias Part = Set<Attribute>

    /// One value of a subject.
    package struct Attribute: Hashable, Sendable {
        /// `CN`, or a number such as `1.2.840.113549.1.9.1`; lowercase.
        package let type: String
        /// Without escapes. Of values that are no text, `#` and their encoding in hex: with `isEncoded`.
        package let value: [UInt8]
        /// The value is no text.
        package let isEncoded: Bool
    }

    /// Takes a subject as RFC 4514 writes it, such as `CN=acme-device,O=Acme GmbH`, with blanks around its marks if need be,
    /// or an alternative name after its kind: `DNS:…`, `URI:…`, `email:…`, `IP:…`. Anything else gives `nil`.
    package init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), let kind = Kind(String(text[..<colon])) else {
            var reader = SubjectReader(text)
            guard let parts = reader.parts() else { return nil }
            self = .subject(parts)
            return
        }
        let name = CertificateName.alternative(String(text[text.index(after: colon)...]).trimmingBlanks, kind)
        guard let name else { return nil }
        self = name
    }

    private enum Kind: String {
        case dns, uri, email, ip

        init?(_ text: String) {
            self.init(rawValue: text.trimmingBlanks.asciiLowercased)
        }
    }

    private static func alternative(_ text: String, _ kind: Kind) -> CertificateName? {
        guard isVisible(text) else { return nil }
        switch kind {
        case .dns: return .dns(text.asciiLowercased)
        // RFC 5280 §4.2.1.6: never a relative one.
        case .uri: return text.contains(":") ? .uri(text) : nil
        case .email: return email(text)
        case .ip: return IPAddress(text).map { .address($0) }
        }
    }

    private static func email(_ text: String) -> CertificateName? {
        guard let at = text.lastIndex(of: "@") else { return nil }
        let (mailbox, host) = (String(text[..<at]), String(text[text.index(after: at)...]))
        guard !mailbox.isEmpty, !host.isEmpty else { return nil }
        return .email(mailbox: mailbox, host: host.asciiLowercased)
    }

    /// RFC 5280 §4.2.1.6: these names are ASCII, and none of them holds a blank.
    private static func isVisible(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
