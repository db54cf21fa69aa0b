import StandIn
import TLS
import Testing

@Suite struct TLSServerContextTests {
    private let house = House()

    @Test func aListenerWithoutCertificatesCannotBe() {
        #expect { try TLSServerContext(certificates: []) } throws: { error in (error as? TLSError)?.kind == .setup }
    }

    @Test func itsMinimumVersionHolds() throws {
        let server = try TLSServerContext(certificates: [house.certificate()], minimumVersion: .tls13)
        let client = try house.client()
        client.allowAtMostTLS12()
        let pair = try Pair(client: client, server: server).handshake()
        #expect(pair.server.error?.kind == .violation)
        #expect(pair.client.error?.kind == .alert(70))  // protocol_version
    }

    @Test func ticketsOutliveAReloadThatHandsOverTheKeys() throws {
        let old = try house.server()
        let new = try TLSServerContext(certificates: [house.certificate()], ticketKeys: old.ticketKeys)
        let client = try house.client()
        try Pair(client: client, server: old).handshake()
        #expect(try Pair(client: client, server: new).handshake().server.connection.isResumed)
    }

    @Test func ticketsOfOtherKeysAreNotAccepted() throws {
        let client = try house.client()
        try Pair(client: client, server: house.server()).handshake()
        let pair = try Pair(client: client, server: house.server()).handshake()
        #expect(!pair.server.connection.isResumed)
        #expect(pair.server.error == nil && pair.client.error == nil)
    }

    @Test func oneTicketIsSentForEachHandshake() throws {
        let (client, server) = (try house.client(), try house.server())
        try Pair(client: client, server: server).handshake()
        let first = try Pair(client: client, server: server)
        let second = try Pair(client: client, server: server)
        #expect(try first.handshake().client.connection.isResumed)
        #expect(try !second.handshake().client.connection.isResumed)
    }

    @Test func aClientMayComeWithoutACertificateWhereOneIsAskedFor() throws {
        let server = try TLSServerContext(certificates: [house.certificate()], clientAuthorities: house.trust())
        let pair = try Pair(client: house.client(), server: server).handshake()
        #expect(pair.server.error == nil && pair.server.handshakesCompleted == 1)
        #expect(pair.server.connection.peerSubject == nil)
    }

    @Test func aClientsCertificateIsVerifiedAndKnown() throws {
        let server = try TLSServerContext(certificates: [house.certificate()], clientAuthorities: house.trust())
        let issued = house.authority.issue(clientSubject: "CN=acme-device,O=Acme GmbH", names: ["device.acme.test"])
        let client = try house.client(certificate: TLSCertificate(issued))
        let first = try Pair(client: client, server: server).handshake()
        let resumed = try Pair(client: client, server: server).handshake()
        #expect(resumed.server.connection.isResumed)
        for connection in [first.server.connection, resumed.server.connection] {
            #expect(connection.peerSubject == "CN=acme-device,O=Acme GmbH")
            #expect(connection.peerAlternativeNames == ["DNS:device.acme.test"])
            #expect(connection.peerCertificateSHA256 == first.server.connection.peerCertificateSHA256)
        }
    }

    @Test func aClientsCertificateOfAnotherAuthorityIsRefused() throws {
        let server = try TLSServerContext(certificates: [house.certificate()], clientAuthorities: house.trust())
        let stranger = ThrowawayAuthority(name: "Stranger").issue(clientSubject: "CN=acme-device,O=Acme GmbH")
        let pair = try Pair(client: house.client(certificate: TLSCertificate(stranger)), server: server).handshake()
        #expect(pair.server.error?.kind == .verification(.unknownAuthority))
        #expect(pair.client.error?.kind == .alert(48))  // unknown_ca
    }

    @Test func aClientCertificateVerifiedByAuthoritiesOfBeforeIsNotResumed() throws {
        let certificate = try house.certificate()
        let old = try TLSServerContext(certificates: [certificate], clientAuthorities: house.trust())
        let others = try TrustStore(pem: ThrowawayAuthority(name: "Successor").certificatePEM)
        let new = try TLSServerContext(
            certificates: [certificate], clientAuthorities: others, ticketKeys: old.ticketKeys)
        let client = try house.client(
            certificate: TLSCertificate(house.authority.issue(clientSubject: "CN=acme-device")))
        try Pair(client: client, server: old).handshake()
        let pair = try Pair(client: client, server: new).handshake()
        #expect(pair.server.error?.kind == .verification(.unknownAuthority))
    }
}
