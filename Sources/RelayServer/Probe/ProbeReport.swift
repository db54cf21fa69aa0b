import Policy

/// What a probe found of one endpoint.
package struct EndpointReport: Encodable, Sendable {
    /// The zone's name.
    package let zone: String
    /// The endpoint's URL.
    package let endpoint: String
    /// How long its name took; nil where none had to be looked up.
    package let lookupMilliseconds: Double?
    /// Why it was given up before any address; nil when there are addresses.
    package let failure: String?
    /// Every address of the name, each on its own.
    package let addresses: [AddressReport]

    /// The relay can use the endpoint: it leaves out an address that is forbidden or cannot be reached, as long as there is
    /// another, but one that answers and is not what it should be fails the endpoint.
    package let isUsable: Bool

    init(_ endpoint: Endpoint, lookup: Duration?, failure: String?, addresses: [AddressReport]) {
        zone = endpoint.zone.name
        self.endpoint = endpoint.description
        lookupMilliseconds = lookup?.inMilliseconds
        self.failure = failure
        self.addresses = addresses
        isUsable =
            failure == nil && addresses.contains(where: \.isGood)
            && addresses.allSatisfy { $0.isGood || $0.connectMilliseconds == nil }
    }
}

/// What a probe found at one address. A step that was not reached is nil.
package struct AddressReport: Encodable, Sendable {
    /// The literal address with its port.
    package let address: String
    /// Why rule 7 forbids the address; nothing was sent to it then.
    package internal(set) var forbidden: String?
    /// From the first packet to the connection: one round trip.
    package internal(set) var connectMilliseconds: Double?
    /// What TLS agreed on.
    package internal(set) var tls: TLSReport?
    /// What the server's certificate says, believed or not.
    package internal(set) var certificate: CertificateReport?
    /// What verification found.
    package internal(set) var verification: VerificationReport?
    /// What the server answers to a plain `GET` of the endpoint's path, without the provider key.
    package internal(set) var http: HTTPReport?
    /// Why the address cannot be used; nil when it can.
    package internal(set) var failure: String?

    /// The relay can use the address.
    package var isGood: Bool { forbidden == nil && failure == nil }
}

/// What TLS agreed on.
package struct TLSReport: Encodable, Sendable {
    /// `1.2` or `1.3`.
    package let version: String
    /// The suite's standard name.
    package let cipher: String
    /// The protocol of ALPN; nil: none was chosen.
    package let alpn: String?
    /// For the handshake alone.
    package let milliseconds: Double
}

/// What a certificate says.
package struct CertificateReport: Encodable, Sendable {
    /// As RFC 4514 writes it, most specific part first.
    package let subject: String
    /// Who issued it, written in the same way.
    package let issuer: String
    /// The names it is for, each after its kind.
    package let names: [String]
    /// When it expires.
    package let notAfter: String
    /// Whole days until then; negative when it has expired.
    package let daysLeft: Int
    /// Of the certificate, in hexadecimal digits, as receipts name it.
    package let sha256: String
    /// Of its public key, in base64, as `verify.spki_sha256` lists it.
    package let spkiSHA256: String
}

/// What verification found.
package struct VerificationReport: Encodable, Sendable {
    /// `verified`, or why no authority of the zone vouches for the certificate as it is.
    package let authority: String
    /// Whether the certificate is for the endpoint's host.
    package let isForHost: Bool
    /// `match`, `mismatch`, or `none configured`.
    package let pins: String
}

/// An HTTP answer.
package struct HTTPReport: Encodable, Sendable {
    /// The status.
    package let status: Int
    /// From the request to the answer's first byte.
    package let milliseconds: Double
}
