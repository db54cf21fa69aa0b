import StandIn
import TLS
import Testing

@Suite struct TLSClientContextTests {
    private let house = House()

    @Test func aServerForAnotherNameIsRefused() throws {
        let pair = try dial("relay.test", certificate: house.certificate(["other.test"]))
        #expect(pair.client.error?.kind == .verification(.wrongName))
        #expect(pair.server.error?.kind == .alert(42))  // bad_certificate
    }

    @Test(arguments: [
        ("a.relay.test", true), ("relay.test", false), ("b.a.relay.test", false),
    ])
    func aWildcardStandsForOneLabel(name: String, isAccepted: Bool) throws {
        let pair = try dial(name, certificate: house.certificate(["*.relay.test"]))
        #expect((pair.client.error == nil) == isAccepted)
    }

    @Test func aPartialWildcardIsNone() throws {
        let pair = try dial("eu1.relay.test", certificate: house.certificate(["eu*.relay.test"]))
        #expect(pair.client.error?.kind == .verification(.wrongName))
    }

    @Test func anExpiredServerIsRefused() throws {
        let pair = try dial("relay.test", certificate: house.certificate(validity: .expired))
        #expect(pair.client.error?.kind == .verification(.expired))
        #expect(pair.server.error?.kind == .alert(45))  // certificate_expired
    }

    @Test func aSelfSignedServerIsRefused() throws {
        let pair = try dial(
            "relay.test", certificate: TLSCertificate(ThrowawayAuthority.selfSigned(names: ["relay.test"])))
        #expect(pair.client.error?.kind == .verification(.unknownAuthority))
    }

    @Test(arguments: ["Stranger", "Throwaway authority"])
    func aServerOfAnotherAuthorityIsRefusedWhateverItsName(name: String) throws {
        let issued = ThrowawayAuthority(name: name).issue(names: ["relay.test"])
        let pair = try dial("relay.test", certificate: TLSCertificate(issued))
        let kind = pair.client.error?.kind
        #expect(kind == .verification(.unknownAuthority) || (name != "Stranger" && kind == .verification(.unfit)))
    }

    @Test func aClientsCertificateIsNoServers() throws {
        let issued = house.authority.issue(clientSubject: "CN=relay.test", names: ["relay.test"])
        #expect(try dial("relay.test", certificate: TLSCertificate(issued)).client.error?.kind == .verification(.unfit))
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func anAddressIsComparedWithTheCertificatesAddresses(address: String) throws {
        let accepted = try dial(address, certificate: house.certificate([address]))
        #expect(accepted.client.error == nil && accepted.server.connection.serverName == nil)
        let refused = try dial(address, certificate: house.certificate(["192.0.2.1", "relay.test"]))
        #expect(refused.client.error?.kind == .verification(.wrongName))
    }

    @Test(arguments: ["", "relay.test\0.other.test", String(repeating: "x", count: 300)])
    func whatIsNoNameIsNotDialled(name: String) throws {
        let client = try house.client()
        #expect { try TLSConnection(client: client, serverName: name, sessionKey: "endpoint") } throws: { error in
            (error as? TLSError)?.kind == .setup
        }
    }

    @Test func theErrorSaysOpenSSLsReason() throws {
        let pair = try dial("relay.test", certificate: house.certificate(["other.test"]))
        #expect(pair.client.error?.detail.lowercased().contains("hostname mismatch") == true)
    }

    private func dial(_ name: String, certificate: TLSCertificate) throws -> Pair {
        try Pair(client: house.client(), server: house.server(certificate), name: name).handshake()
    }
}
