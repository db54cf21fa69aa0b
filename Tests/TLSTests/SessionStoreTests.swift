import COpenSSL
import StandIn
import Testing

@testable import TLS

@Suite struct SessionStoreTests {
    private let house = House()

    @Test func aSecondConnectionToTheSameEndpointResumes() throws {
        let (client, server) = (try house.client(), try house.server())
        let first = try Pair(client: client, server: server).handshake()
        let second = try Pair(client: client, server: server).handshake()
        #expect(!first.client.connection.isResumed)
        #expect(second.client.connection.isResumed && second.server.connection.isResumed)
        #expect(second.client.connection.peerSPKISHA256 == first.client.connection.peerSPKISHA256)
        #expect(second.server.connection.serverName == "relay.test")
    }

    @Test func aContextNeverResumesAnothersSession() throws {
        let server = try house.server()
        try Pair(client: house.client(), server: server).handshake()
        #expect(try !Pair(client: house.client(), server: server).handshake().server.connection.isResumed)
    }

    @Test func anEndpointNeverResumesAnothersSession() throws {
        let (client, server) = (try house.client(), try house.server())
        try Pair(client: client, server: server, key: "one").handshake()
        #expect(try !Pair(client: client, server: server, key: "two").handshake().server.connection.isResumed)
    }

    @Test func aNameNeverResumesAnothersSession() throws {
        let client = try house.client()
        let server = try house.server(house.certificate(["relay.test"]))
        try Pair(client: client, server: server, name: "relay.test").handshake()
        let pair = try Pair(client: client, server: server, name: "other.test").handshake()
        #expect(pair.client.error?.kind == .verification(.wrongName))
    }

    @Test func aConnectionThatWasDroppedCanBeResumed() throws {
        let (client, server) = (try house.client(), try house.server())
        do {
            let dropped = try Pair(client: client, server: server).handshake()
            try dropped.client.send([1])
        }
        #expect(try Pair(client: client, server: server).handshake().client.connection.isResumed)
    }

    @Test func tls12SessionsResumeToo() throws {
        let (client, server) = (try house.client(), try house.server())
        client.allowAtMostTLS12()
        try Pair(client: client, server: server).handshake()
        #expect(try Pair(client: client, server: server).handshake().client.connection.isResumed)
    }

    @Test func theNewestComesFirstAndOnce() throws {
        let store = SessionStore()
        let key = SessionKey(endpoint: "endpoint", serverName: "relay.test")
        let sessions = (0..<3).map { _ in SSL_SESSION_new() }
        for session in sessions { store.put(try #require(session), for: key) }
        for session in sessions.reversed() {
            let taken = store.take(key)
            #expect(taken == session)
            SSL_SESSION_free(taken)
        }
        #expect(store.take(key) == nil)
    }

    @Test func itIsBounded() throws {
        let store = SessionStore()
        for endpoint in 0..<200 {
            for _ in 0..<20 {
                let key = SessionKey(endpoint: "\(endpoint)", serverName: "relay.test")
                store.put(try #require(SSL_SESSION_new()), for: key)
            }
        }
        var kept = 0
        for endpoint in 0..<200 {
            while let session = store.take(SessionKey(endpoint: "\(endpoint)", serverName: "relay.test")) {
                SSL_SESSION_free(session)
                kept += 1
            }
        }
        #expect(kept == 64 * 8)
    }
}
