import COpenSSL
import RelayTestKit
import StandIn
import Testing

@testable import TLS

/// Where our records begin, with OpenSSL's at the other end.
@Suite struct TakeOverTests {
    private let house = House()

    /// Who has direct records; the other has OpenSSL's.
    enum Ours: CaseIterable { case client, server, both }

    private func contexts(_ ours: Ours) throws -> (TLSClientContext, TLSServerContext) {
        (
            try house.client(records: ours == .server ? .openSSL : .direct),
            try house.server(records: ours == .client ? .openSSL : .direct)
        )
    }

    private func pair(_ ours: Ours, _ suite: CipherSuite = .aes128GCM, split: Split = .whole) throws -> Pair {
        let (client, server) = try contexts(ours)
        client.offer(suite)
        return try Pair(client: client, server: server, split: split).handshake()
    }

    /// A word each way, after which nothing is OpenSSL's that is to be ours.
    private func greet(_ pair: Pair, _ ours: Ours) throws {
        try pair.client.send([1])
        pair.carry()
        try pair.server.send([2])
        pair.carry()
        #expect(pair.client.connection.isDirect == (ours != .server))
        #expect(pair.server.connection.isDirect == (ours != .client))
    }

    // MARK: When

    @Test func itIsWithTheFirstDataThatComesIn() throws {
        let pair = try pair(.both)
        #expect(!pair.client.connection.isDirect && !pair.server.connection.isDirect)
        try pair.client.send([1])
        pair.carry()
        #expect(!pair.client.connection.isDirect && pair.server.connection.isDirect)
        try pair.server.send([2])
        pair.carry()
        #expect(pair.client.connection.isDirect)
        #expect(pair.server.received == [1] && pair.client.received == [2])
    }

    /// The request on the heels of the client's Finished.
    @Test(arguments: Ours.allCases, Split.some)
    func dataThatComesWithTheHandshakeIsNotLost(ours: Ours, split: Split) throws {
        let (client, server) = try contexts(ours)
        let pair = try Pair(client: client, server: server, split: split)
        try pair.client.connection.start(output: &pair.client.outgoing)
        pair.server.receive(pair.client.takeOutgoing())
        pair.client.receive(pair.server.takeOutgoing())
        for number in UInt8(1)...20 { try pair.client.send([number]) }
        pair.carry()
        #expect(pair.server.received == [UInt8](1...20) && pair.server.handshakesCompleted == 1)
        try pair.server.send([9])
        pair.carry()
        #expect(pair.client.received == [9])
    }

    @Test func aServerThatSpeaksFirstGoesOnWithTheRightNumbers() throws {
        let pair = try pair(.server)
        for number in UInt8(1)...10 { try pair.server.send([number]) }
        try pair.client.send([1])
        pair.carry()
        for number in UInt8(11)...20 { try pair.server.send([number]) }
        pair.carry()
        #expect(pair.server.connection.isDirect && pair.client.received == [UInt8](1...20))
    }

    @Test(arguments: Ours.allCases)
    func keysThatChangedBeforeAreKnown(ours: Ours) throws {
        let pair = try pair(ours)
        for end in [pair.client, pair.server] {
            for number in UInt8(0)..<3 {
                #expect(SSL_key_update(end.connection.ssl, SSL_KEY_UPDATE_REQUESTED) == 1)
                try end.send([number])
            }
        }
        try greet(pair, ours)
        #expect(pair.server.received == [0, 1, 2, 1] && pair.client.received == [0, 1, 2, 2])
    }

    @Test(arguments: Ours.allCases)
    func tls12StaysWithOpenSSL(ours: Ours) throws {
        let (client, server) = try contexts(ours)
        client.allowAtMostTLS12()
        for split in Split.some {
            let pair = try Pair(client: client, server: server, split: split).handshake()
            for size in [1, 40_000, 3] {
                try pair.client.send([UInt8](repeating: 7, count: size))
                try pair.server.send([UInt8](repeating: 8, count: size))
                pair.carry()
            }
            #expect(pair.server.received.count == 40_004 && pair.client.received.count == 40_004)
            #expect(!pair.client.connection.isDirect && !pair.server.connection.isDirect)
            #expect(pair.client.connection.watch == nil && pair.server.connection.watch == nil)
            #expect(pair.server.connection.version == .tls12)
        }
    }

    @Test func afterOurCloseNotifyItIsTooLate() throws {
        let pair = try pair(.client)
        pair.client.close()
        pair.carry()
        try pair.server.send([1, 2])
        try pair.server.send([3])
        pair.carry()
        #expect(pair.client.received == [1, 2, 3] && !pair.client.connection.isDirect)
    }

    // MARK: What goes on

    /// Data of any size in any pieces both ways, with the other side's keys changing at any moment.
    @Test(arguments: CipherSuite.allCases.flatMap { [(Ours.client, $0), (.server, $0)] }, Split.some)
    func aConversationWithOpenSSLIsWhole(roles: (ours: Ours, suite: CipherSuite), split: Split) throws {
        let (ours, suite) = roles
        let pair = try pair(ours, suite, split: split)
        let openSSL = ours == .client ? pair.server : pair.client
        var generator = SeededGenerator(seed: 11)
        var (up, down): ([UInt8], [UInt8]) = ([], [])
        for _ in 0..<60 {
            let count = [1, 100, 3200, 16_384, 20_000].randomElement(using: &generator)!
            let content = generator.bytes(Int.random(in: 1...count, using: &generator))
            if Bool.random(using: &generator) {
                try pair.client.send(content)
                up += content
            } else {
                try pair.server.send(content)
                down += content
            }
            if Int.random(in: 0..<4, using: &generator) == 0 {
                let asks = Bool.random(using: &generator)
                SSL_key_update(
                    openSSL.connection.ssl, asks ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED)
            }
            if Bool.random(using: &generator) { pair.carry() }
        }
        pair.carry()
        #expect(pair.client.error == nil && pair.server.error == nil)
        #expect(pair.server.received == up && pair.client.received == down)
        #expect(pair.client.connection.cipher == suite.rawValue && pair.server.connection.cipher == suite.rawValue)
        #expect((ours == .client ? pair.client : pair.server).connection.isDirect)
    }

    @Test(arguments: Ours.allCases)
    func theEndIsTheSame(ours: Ours) throws {
        let pair = try pair(ours)
        try greet(pair, ours)
        pair.client.close()
        pair.client.close()
        pair.carry()
        #expect(pair.server.connection.receivedCloseNotify && !pair.client.connection.receivedCloseNotify)
        #expect(throws: TLSError(.notOpen, "close_notify has been sent")) { try pair.client.send([1]) }
        try pair.server.send([3])
        pair.server.close()
        pair.carry()
        #expect(pair.client.received == [2, 3] && pair.client.connection.receivedCloseNotify)
        #expect(pair.client.error == nil && pair.server.error == nil)
    }

    @Test(arguments: Ours.allCases)
    func aChangedBitIsFoundAndToldToThePeer(ours: Ours) throws {
        let pair = try pair(ours)
        try greet(pair, ours)
        try pair.client.send([1, 2, 3])
        var bytes = pair.client.takeOutgoing()
        bytes[bytes.count - 1] ^= 1
        pair.server.receive(bytes)
        #expect(pair.server.error?.kind == .violation && pair.server.received == [1])
        pair.carry()
        #expect(pair.client.error?.kind == .alert(UInt8(SSL3_AD_BAD_RECORD_MAC)))
        #expect(throws: TLSError(.notOpen, "the connection has failed")) { try pair.server.send([1]) }
        pair.server.receive([1, 2, 3])
        #expect(pair.server.error?.kind == .notOpen)
    }

    @Test(arguments: Ours.allCases)
    func aStreamCutShortHasNoCloseNotify(ours: Ours) throws {
        let pair = try pair(ours)
        try greet(pair, ours)
        try pair.client.send([3])
        try pair.client.send([4])
        pair.server.receive(pair.client.takeOutgoing().dropLast())
        #expect(pair.server.received == [1, 3] && !pair.server.connection.receivedCloseNotify)
    }

    /// RFC 6066 §4.
    @Test(arguments: [Ours.server, .both])
    func aClientThatAsksForShortRecordsGetsThem(ours: Ours) throws {
        let (client, server) = try contexts(ours)
        #expect(SSL_CTX_set_tlsext_max_fragment_length(client.context.pointer, 1) == 1)
        let pair = try Pair(client: client, server: server).handshake()
        try greet(pair, ours)
        try pair.server.send([UInt8](repeating: 5, count: 1300))
        #expect(pair.server.outgoingCount == 1300 + 3 * 22)
        try pair.client.send([UInt8](repeating: 6, count: 1300))
        pair.carry()
        #expect(pair.client.received.count == 1301 && pair.server.received.count == 1301)
    }

    // MARK: Tickets

    @Test(arguments: Ours.allCases)
    func sessionsResumeAsBefore(ours: Ours) throws {
        let (client, server) = try contexts(ours)
        for number in 0..<4 {
            let pair = try Pair(client: client, server: server, split: .random(SeededGenerator(seed: 3))).handshake()
            #expect(pair.client.connection.isResumed == (number > 0))
            try greet(pair, ours)
            #expect(pair.client.connection.isResumed == (number > 0))
            #expect(pair.server.connection.isResumed == (number > 0))
            #expect(pair.client.connection.peerSPKISHA256?.count == 32)
        }
    }

    @Test func aTicketThatComesLateIsPassedOver() throws {
        let pair = try pair(.client)
        try greet(pair, .client)
        #expect(SSL_new_session_ticket(pair.server.connection.ssl) == 1)
        try pair.server.send([7])
        pair.carry()
        #expect(pair.client.received == [2, 7] && pair.client.error == nil)
    }

    // MARK: What is known of the peer

    @Test(arguments: Ours.allCases)
    func whatWasAgreedStaysKnown(ours: Ours) throws {
        let clients = try ClientAuthentication(authorities: house.trust())
        let issued = house.authority.intermediate(name: "Devices")
            .issue(clientSubject: "CN=device,O=Acme GmbH", names: ["device.test"])
        let server = try TLSServerContext(
            certificates: [house.certificate()], clients: clients, records: ours == .client ? .openSSL : .direct)
        let client = try TLSClientContext(
            trust: house.trust(), certificate: TLSCertificate(issued), records: ours == .server ? .openSSL : .direct)
        let pair = try Pair(client: client, server: server).handshake()
        let before = [pair.client, pair.server].map { Facts($0.connection) }
        try greet(pair, ours)
        #expect([pair.client, pair.server].map { Facts($0.connection) } == before)
        #expect(
            before[1].names == ["CN=device,O=Acme GmbH", "DNS:device.test"] && before[1].protocolName == "http/1.1")
        #expect(before[1].chain.count == 2)
        #expect(before[0].others == ["DNS:relay.test"] && before[1].serverName == "relay.test")
    }

    private struct Facts: Equatable {
        let version, cipher, protocolName, serverName, subject: String?
        let isResumed: Bool
        let sha256, spki: [UInt8]?
        let names, others: [String]
        let chain: [[UInt8]]

        init(_ connection: TLSConnection) {
            version = connection.version?.rawValue
            cipher = connection.cipher
            protocolName = connection.negotiatedProtocol
            serverName = connection.serverName
            subject = connection.peerSubject
            isResumed = connection.isResumed
            sha256 = connection.peerCertificateSHA256
            spki = connection.peerSPKISHA256
            names = connection.peerNames
            others = connection.peerAlternativeNames
            chain = connection.peerChain
        }
    }

    @Test func aClientIsJudgedAgainByItsCertificate() throws {
        let devices = house.authority.intermediate(name: "Devices")
        let (revoked, good) = (devices.issue(clientSubject: "CN=a"), devices.issue(clientSubject: "CN=b"))
        func listener(_ lists: [[UInt8]]?, isRequired: Bool = true) throws -> TLSServerContext {
            try TLSServerContext(
                certificates: [house.certificate()],
                clients: ClientAuthentication(
                    authorities: house.trust(), revocations: lists.map { try RevocationLists(pem: $0.flatMap { $0 }) },
                    isRequired: isRequired),
                records: .direct)
        }
        let server = try listener(nil)
        let later = try listener([house.authority.revocationList(), devices.revocationList(revoking: [revoked])])
        for (issued, isAccepted) in [(revoked, false), (good, true)] {
            let pair = try Pair(client: house.client(certificate: TLSCertificate(issued)), server: server).handshake()
            try greet(pair, .server)
            let connection = pair.server.connection
            #expect(connection.peerIsStillAccepted(by: server))
            #expect(connection.peerIsStillAccepted(by: later) == isAccepted)
            #expect(!connection.peerIsStillAccepted(by: nil))
        }
        let pair = try Pair(client: house.client(), server: listener(nil, isRequired: false)).handshake()
        try greet(pair, .server)
        #expect(pair.server.connection.peerIsStillAccepted(by: nil))
        #expect(!pair.server.connection.peerIsStillAccepted(by: later))
    }
}

extension TLSConnection {
    var isDirect: Bool { ssl == nil }
}

extension TLSClientContext {
    /// Leaves the other side no choice.
    func offer(_ suite: CipherSuite) {
        SSL_CTX_set_ciphersuites(context.pointer, suite.rawValue)
    }
}
