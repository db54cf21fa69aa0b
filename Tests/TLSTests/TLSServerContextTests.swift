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
}
