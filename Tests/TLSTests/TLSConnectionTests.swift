import Bytes
import COpenSSL
import RelayTestKit
import StandIn
import Testing

@testable import TLS

@Suite struct TLSConnectionTests {
    private let house = House()

    @Test(arguments: Split.some)
    func theHandshakeIsTheSameHoweverTheBytesAreCut(split: Split) throws {
        let pair = try Pair(client: house.client(), server: house.server(), split: split).handshake()
        #expect(pair.client.error == nil && pair.server.error == nil)
        #expect(pair.client.handshakesCompleted == 1 && pair.server.handshakesCompleted == 1)
        #expect(pair.client.connection.version == .tls13 && pair.server.connection.version == .tls13)
    }

    @Test(arguments: Split.some)
    func whatIsSentIsReceivedHoweverTheBytesAreCut(split: Split) throws {
        let pair = try Pair(client: house.client(), server: house.server(), split: split).handshake()
        var generator = SeededGenerator(seed: 7)
        var up: [UInt8] = []
        var down: [UInt8] = []
        for size in [1, 125, 0, 3200, 16_384, 16_385, 40_000] {
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
            up += bytes
            down += bytes.reversed()
            try pair.client.send(bytes)
            try pair.server.send(bytes.reversed())
            if size.isMultiple(of: 2) { pair.carry() }
        }
        pair.carry()
        #expect(pair.server.received == up)
        #expect(pair.client.received == down)
    }

    @Test func aMegabyteArrivesWhole() throws {
        let pair = try Pair(client: house.client(), server: house.server()).handshake()
        let bytes = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        try pair.client.send(bytes)
        pair.carry()
        #expect(pair.server.received == bytes)
    }

    @Test func tls12ServesAClientThatKnowsNothingNewer() throws {
        let client = try house.client()
        client.allowAtMostTLS12()
        let pair = try Pair(client: client, server: house.server(), split: .oneByte).handshake()
        try pair.client.send([1, 2, 3])
        pair.carry()
        #expect(pair.server.connection.version == .tls12)
        #expect(pair.server.received == [1, 2, 3])
    }

    @Test func closeNotifyEndsTheStreamCleanly() throws {
        let pair = try Pair(client: house.client(), server: house.server()).handshake()
        try pair.client.send([1, 2, 3])
        pair.client.close()
        pair.client.close()
        pair.carry()
        #expect(pair.server.received == [1, 2, 3])
        #expect(pair.server.connection.receivedCloseNotify)
        #expect(!pair.client.connection.receivedCloseNotify)
    }

    @Test func theOtherSideMaySendOnAfterCloseNotify() throws {
        let pair = try Pair(client: house.client(), server: house.server()).handshake()
        pair.client.close()
        pair.carry()
        try pair.server.send([4, 5, 6])
        pair.server.close()
        pair.carry()
        #expect(pair.client.received == [4, 5, 6])
        #expect(pair.client.connection.receivedCloseNotify)
        #expect(pair.client.error == nil && pair.server.error == nil)
    }

    @Test func aStreamCutShortHasNoCloseNotify() throws {
        let pair = try Pair(client: house.client(), server: house.server()).handshake()
        try pair.client.send([1, 2, 3])
        try pair.client.send([4, 5, 6])
        pair.server.receive(pair.client.takeOutgoing().dropLast())
        #expect(pair.server.received == [1, 2, 3])
        #expect(!pair.server.connection.receivedCloseNotify)
    }

    @Test func bytesAfterCloseNotifyAreIgnored() throws {
        let pair = try Pair(client: house.client(), server: house.server()).handshake()
        pair.client.close()
        pair.server.receive(pair.client.takeOutgoing() + [1, 2, 3, 4, 5, 6])
        #expect(pair.server.error == nil)
        pair.server.receive([7, 8, 9])
        #expect(pair.server.error == nil && pair.server.received.isEmpty)
    }

    @Test func sendingOutsideTheOpenTimeIsTheCallersFault() throws {
        let pair = try Pair(client: house.client(), server: house.server())
        #expect(throws: TLSError(.notOpen, "the handshake is not complete")) { try pair.client.send([1]) }
        try pair.handshake()
        pair.client.close()
        #expect(throws: TLSError(.notOpen, "close_notify has been sent")) { try pair.client.send([1]) }
    }

    @Test func closingBeforeTheHandshakeIsCompleteSaysNothing() throws {
        let pair = try Pair(client: house.client(), server: house.server())
        pair.client.close()
        #expect(pair.client.takeOutgoing().isEmpty)
    }

    @Test func oneChangedBitIsFoundAndToldToThePeer() throws {
        let pair = try Pair(client: house.client(), server: house.server()).handshake()
        try pair.client.send([1, 2, 3])
        var bytes = pair.client.takeOutgoing()
        bytes[bytes.count - 1] ^= 1
        pair.server.receive(bytes)
        #expect(pair.server.error?.kind == .violation)
        #expect(pair.server.received.isEmpty)
        pair.carry()
        #expect(pair.client.error?.kind == .alert(UInt8(SSL3_AD_BAD_RECORD_MAC)))
    }

    @Test func aConnectionThatFailedStaysFailed() throws {
        let end = End(TLSConnection(server: try house.server()))
        end.receive("GET / HTTP/1.1\r\n\r\n".utf8)
        #expect(end.error?.kind == .violation)
        #expect(throws: TLSError(.notOpen, "the connection has failed")) { try end.send([1]) }
        end.close()
        #expect(end.takeOutgoing().isEmpty)
        end.receive([1, 2, 3])
        #expect(end.error?.kind == .notOpen)
    }

    @Test func nothingReceivedIsNoProgress() throws {
        let pair = try Pair(client: house.client(), server: house.server()).handshake()
        pair.server.receive([])
        #expect(pair.server.error == nil && pair.server.received.isEmpty)
    }

    @Test func anErrorLeftInTheThreadsQueueByOthersIsNotBlamedOnThePeer() throws {
        let pair = try Pair(client: house.client(), server: house.server()).handshake()
        _ = BIO_new_file("/nowhere/at/all", "r")
        try pair.client.send([1, 2, 3])
        pair.server.receive(pair.client.takeOutgoing().prefix(10))
        #expect(pair.server.error == nil)
        ERR_clear_error()
    }

    @Test func tls11IsRefusedWithAnAlert() throws {
        let end = End(TLSConnection(server: try house.server()))
        end.receive(Self.helloOfTLS11)
        #expect(end.error?.kind == .violation)
        // RFC 5246 §7.2: an alert record, fatal, protocol_version.
        #expect(Array(end.takeOutgoing().suffix(2)) == [2, 70])
    }

    @Test func aServerOfTLS11IsRefused() throws {
        let end = End(try TLSConnection(client: house.client(), serverName: "relay.test", sessionKey: "endpoint"))
        try end.connection.start(output: &end.outgoing)
        _ = end.takeOutgoing()
        // ServerHello: version 3.2, 32 bytes of random, no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
        let hello = [3, 2] + [UInt8](repeating: 7, count: 32) + [0, 0x00, 0x2F, 0]
        end.receive([22, 3, 2, 0, UInt8(hello.count + 4), 2, 0, 0, UInt8(hello.count)] + hello)
        #expect(end.error?.kind == .violation)
    }

    @Test func aDamagedHelloNeverTraps() throws {
        let (client, server) = try (house.client(), house.server())
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<200 {
            let pair = try Pair(client: client, server: server)
            try pair.client.connection.start(output: &pair.client.outgoing)
            var hello = pair.client.takeOutgoing()
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                hello[Int.random(in: 0..<hello.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            pair.server.receive(hello)
            pair.client.receive(pair.server.takeOutgoing())
        }
    }

    @Test func whatWasAgreedIsKnownToBothSides() throws {
        let pair = try Pair(client: house.client(), server: house.server())
        #expect(pair.server.connection.version == nil && pair.server.connection.serverName == nil)
        #expect(pair.client.connection.peerCertificateSHA256 == nil)
        try pair.handshake()
        #expect(pair.client.connection.negotiatedProtocol == "http/1.1")
        #expect(pair.server.connection.negotiatedProtocol == "http/1.1")
        #expect(pair.server.connection.serverName == "relay.test")
        #expect(!pair.client.connection.isResumed && !pair.server.connection.isResumed)
        #expect(pair.client.connection.peerCertificateSHA256?.count == 32)
        #expect(pair.client.connection.peerSPKISHA256?.count == 32)
        #expect(pair.client.connection.peerAlternativeNames == ["DNS:relay.test"])
        #expect(pair.server.connection.peerCertificateSHA256 == nil && pair.server.connection.peerSubject == nil)
    }

    /// A ClientHello of TLS 1.1 with TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA and no extensions.
    private static let helloOfTLS11: [UInt8] = {
        let body = [3, 2] + [UInt8](repeating: 7, count: 32) + [0, 0, 2, 0xC0, 0x09, 1, 0]
        return [22, 3, 1, 0, UInt8(body.count + 4), 1, 0, 0, UInt8(body.count)] + body
    }()
}

extension TLSClientContext {
    /// Plays a peer that has not heard of TLS 1.3.
    func allowAtMostTLS12() {
        SSL_CTX_ctrl(context.pointer, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
    }
}
