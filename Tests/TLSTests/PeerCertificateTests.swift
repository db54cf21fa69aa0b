import COpenSSL
import Crypto
import StandIn
import Testing

@testable import TLS

@Suite struct PeerCertificateTests {
    private let authority = ThrowawayAuthority(name: "Throwaway authority")

    @Test func theSubjectReadsAsInRFC4514() throws {
        for subject in ["CN=acme-device,O=Acme GmbH", "CN=Gerät 7,OU=Prüfung,O=Müller", "CN=x"] {
            let certificate = try TLSCertificate(authority.issue(clientSubject: subject))
            #expect(PeerCertificate.subject(of: certificate.leaf) == subject)
        }
    }

    @Test func theNamesStandAfterTheirKind() throws {
        let certificate = try TLSCertificate(
            authority.issue(names: ["a.test", "*.a.test", "192.0.2.1", "2001:db8::1"]))
        #expect(
            PeerCertificate.alternativeNames(of: certificate.leaf)
                == ["DNS:a.test", "DNS:*.a.test", "IP:192.0.2.1", "IP:2001:db8:0:0:0:0:0:1"])
    }

    @Test func aCertificateWithoutNamesHasNone() throws {
        let certificate = try TLSCertificate(authority.issue(clientSubject: "CN=x"))
        #expect(PeerCertificate.alternativeNames(of: certificate.leaf).isEmpty)
    }

    // MARK: Names that would be others

    @Test func whatStandsInAValueCannotPassForAnotherPart() {
        let cases: [([Part], String)] = [
            ([Part("CN", "acme,O=Acme GmbH")], ##"CN=acme\,O=Acme GmbH"##),
            ([Part("CN", "acme+OU=x")], ##"CN=acme\+OU=x"##),
            ([Part("CN", ##"a"b\c;<d>"##)], ##"CN=a\"b\\c\;\<d\>"##),
            ([Part("CN", " a "), Part("O", "#b")], ##"O=\#b,CN=\ a\ "##),
            ([Part("CN", "acme\0.evil")], ##"CN=acme\00.evil"##),
            ([Part("CN", "a\nO=b")], ##"CN=a\0AO=b"##),
            ([Part("O", "Müller"), Part("CN", "Gerät")], "CN=Gerät,O=Müller"),
        ]
        for (parts, expected) in cases { #expect(Certificate(parts).names == [expected]) }
    }

    @Test func partsOfOneLevelStandTogether() {
        let parts = [Part("O", "Acme"), Part("CN", "device"), Part("OU", "x", joinsLast: true)]
        #expect(Certificate(parts).names.first?.hasSuffix(",O=Acme") == true)
        #expect(Certificate(parts).names.first?.contains("+") == true)
    }

    @Test func theSameTextInAnotherEncodingIsTheSameName() {
        let utf16 = Part(
            "CN", bytes: Array("Gerät".utf16).flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }, V_ASN1_BMPSTRING)
        #expect(Certificate([utf16]).names == ["CN=Gerät"])
    }

    /// OpenSSL leaves out what it cannot write, and the rest could be somebody's whole name.
    @Test func aSubjectThatCannotBeWrittenWholeIsNobodys() {
        let device = "acme-device"
        let values = [
            Part("CN", bytes: device.utf16.flatMap { [0, UInt8($0)] } + [0xD8, 0x00], V_ASN1_BMPSTRING),
            Part("CN", bytes: Array(device.utf8) + [0xFF], V_ASN1_UTF8STRING),
            Part("CN", bytes: Array(device.utf8) + [0xED, 0xA0, 0x80], V_ASN1_UTF8STRING),
            Part("CN", bytes: [0x80, 0, 0, 0], V_ASN1_UNIVERSALSTRING),
            Part("CN", bytes: [0, 0x11, 0, 0], V_ASN1_UNIVERSALSTRING),
        ]
        for value in values { #expect(Certificate([Part("O", "Acme GmbH"), value]).names == [""]) }
    }

    @Test func aCertificateWithoutASubjectHasNamesAllTheSame() {
        #expect(Certificate([]).names == [""])
        #expect(Certificate([], alternatives: "URI:spiffe://acme/device").names == ["", "URI:spiffe://acme/device"])
    }

    @Test func anAlternativeNameWithWhatIsNotVisibleIsNone() {
        #expect(
            Certificate([], alternatives: "DNS:a.test,URI:urn:a b,email:a@b.test,IP:192.0.2.7").names
                == ["", "DNS:a.test", "email:a@b.test", "IP:192.0.2.7"])
    }

    @Test func onlySoManyAlternativeNamesAreRead() {
        let many = (0..<1000).map { "DNS:d\($0).test" }.joined(separator: ",")
        #expect(Certificate([], alternatives: many).names.count == 1 + Int(PeerCertificate.maxAlternativeNames))
    }

    @Test func theDigestsAreOfTheWholeCertificateAndItsWholeKey() throws {
        let issued = authority.issue(names: ["relay.test"])
        let certificate = try TLSCertificate(issued)
        let text = String(decoding: issued.chainPEM, as: UTF8.self)
        let lines = text.split(separator: "\n").drop { $0.hasPrefix("-----") }.prefix { !$0.hasPrefix("-----") }
        let encoded = try #require(Base64.standard.decode(lines.joined()))
        #expect(PeerCertificate.sha256(of: certificate.leaf) == Digest.sha256(encoded))
        // RFC 5480: the key of a P-256 certificate ends with its uncompressed point, after 26 bytes of algorithm.
        let algorithm: [UInt8] = [0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
        let start = try #require((0..<encoded.count - 91).first { Array(encoded[$0..<$0 + 13]) == algorithm })
        #expect(PeerCertificate.spkiSHA256(of: certificate.leaf) == Digest.sha256(Array(encoded[start..<start + 91])))
    }
}

/// One part of a subject, encoded as the test wants it.
private struct Part {
    let type: String
    let bytes: [UInt8]
    let encoding: Int32
    let joinsLast: Bool

    init(_ type: String, bytes: [UInt8], _ encoding: Int32, joinsLast: Bool = false) {
        self.type = type
        self.bytes = bytes
        self.encoding = encoding
        self.joinsLast = joinsLast
    }

    init(_ type: String, _ text: String, joinsLast: Bool = false) {
        self.init(type, bytes: Array(text.utf8), V_ASN1_UTF8STRING, joinsLast: joinsLast)
    }
}

/// A certificate that nobody signed, with these names.
private final class Certificate {
    private let pointer: OpaquePointer?

    init(_ subject: [Part], alternatives: String? = nil) {
        pointer = X509_new()
        let name = X509_get_subject_name(pointer)
        for part in subject {
            X509_NAME_add_entry_by_txt(
                name, part.type, part.encoding, part.bytes, Int32(part.bytes.count), -1, part.joinsLast ? -1 : 0)
        }
        guard let alternatives else { return }
        let made = X509V3_EXT_conf_nid(nil, nil, NID_subject_alt_name, alternatives)
        X509_add_ext(pointer, made, -1)
        X509_EXTENSION_free(made)
    }

    deinit { X509_free(pointer) }

    var names: [String] { pointer.map(PeerCertificate.names(of:)) ?? [] }
}
