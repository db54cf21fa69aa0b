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
