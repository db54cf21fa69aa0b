import StandIn
import TLS
import Testing

@Suite struct ServerCertificatesTests {
    private let house = House()

    /// Each certificate is told by its first name.
    @Test(
        arguments: [
            ("eu.relay.test", "eu.relay.test"),
            ("EU.Relay.Test", "eu.relay.test"),
            ("us.relay.test", "*.relay.test"),
            ("a.us.relay.test", nil),
            ("relay.test", nil),
            ("elsewhere.test", nil),
            ("ap.relay.test", "ap.relay.test"),
        ] as [(String, String?)])
    func theNameAskedForChoosesTheCertificate(name: String, expected: String?) throws {
        let server = try house.server(
            house.certificate(["first.test"]), house.certificate(["eu.relay.test", "ap2.relay.test"]),
            house.certificate(["*.relay.test"]), house.certificate(["ap.relay.test"]),
            house.certificate(["eu.relay.test", "later"]))
        let pair = try Pair(client: house.client(), server: server, name: name).handshake()
        if let expected {
            #expect(pair.client.error == nil)
            #expect(pair.client.connection.peerAlternativeNames.first == "DNS:\(expected)")
        } else {
            #expect(pair.client.error?.kind == .verification(.wrongName))
        }
        #expect(pair.server.connection.serverName == name)
    }

    @Test func aClientThatNamesNoServerGetsTheFirst() throws {
        let server = try house.server(house.certificate(["127.0.0.1"]), house.certificate(["relay.test"]))
        let pair = try Pair(client: house.client(), server: server, name: "127.0.0.1").handshake()
        #expect(pair.client.error == nil && pair.server.error == nil)
        #expect(pair.server.connection.serverName == nil)
    }

    @Test func theChosenCertificatesConnectionsAgreeOnProtocolsAndResume() throws {
        let server = try house.server(house.certificate(["first.test"]), house.certificate(["relay.test"]))
        let client = try house.client()
        #expect(try Pair(client: client, server: server).handshake().client.connection.negotiatedProtocol == "http/1.1")
        #expect(try Pair(client: client, server: server).handshake().client.connection.isResumed)
    }
}
