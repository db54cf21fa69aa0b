import Testing

@testable import TLS

@Suite struct KeyWatchTests {
    private let house = House()

    private func sequence(_ end: End, ofClient: Bool, _ suite: CipherSuite = .aes128GCM) -> UInt64? {
        guard let protection = end.connection.watch?.protection(ofClient: ofClient, suite, for: .sealing) else {
            return nil
        }
        return protection.sequence
    }

    @Test(arguments: CipherSuite.allCases)
    func itKnowsBothKeysAndHowManyRecordsTheyHaveMade(suite: CipherSuite) throws {
        let client = try house.client(records: .direct)
        client.offer(suite)
        let pair = try Pair(client: client, server: house.server(records: .direct))
        #expect(sequence(pair.client, ofClient: true, suite) == nil)
        try pair.handshake()
        for end in [pair.client, pair.server] {
            #expect(sequence(end, ofClient: true, suite) == 0)
            // The ticket.
            #expect(sequence(end, ofClient: false, suite) == 1)
        }
        try pair.client.send([1])
        try pair.client.send([UInt8](repeating: 2, count: 20_000))
        #expect(sequence(pair.client, ofClient: true, suite) == 3)
    }

    @Test func aSuiteThatIsNotTheConnectionsHasNoKey() throws {
        let pair = try Pair(client: house.client(records: .direct), server: house.server()).handshake()
        #expect(sequence(pair.client, ofClient: true, .aes256GCM) == nil)
    }

    @Test func onlyThoseWhoseRecordsAreToBeDirectAreWatched() throws {
        let pair = try Pair(client: house.client(records: .direct), server: house.server()).handshake()
        #expect(pair.client.connection.watch != nil && pair.server.connection.watch == nil)
    }

    /// OpenSSL asks the context that the server's name has chosen.
    @Test func itIsToldWhicheverCertificateIsChosen() throws {
        let certificates = try [house.certificate(), house.certificate(["other.test"])]
        let server = try TLSServerContext(certificates: certificates, records: .direct)
        let pair = try Pair(client: house.client(), server: server, name: "other.test").handshake()
        #expect(sequence(pair.server, ofClient: true) == 0 && sequence(pair.server, ofClient: false) == 1)
    }
}
