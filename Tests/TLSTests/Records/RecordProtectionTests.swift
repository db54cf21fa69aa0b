import Testing

@testable import TLS

@Suite struct RecordProtectionTests {
    // MARK: RFC 8448 §3

    private static let client = "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
    private static let server = "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"

    /// Each side sends 50 bytes and close_notify, the server after a ticket.
    @Test func theRecordsOfTheTraceAreMadeAndRead() throws {
        let data = [UInt8](0..<50)
        var client = Forger(try TrafficSecret(hex: Self.client, .aes128GCM))
        #expect(client.data(data) == Self.clientData && client.alert(1, 0) == Self.clientAlert)
        var server = Reader(try TrafficSecret(hex: Self.server, .aes128GCM))
        let found = try server.read(Self.ticket + Self.serverData + Self.serverAlert)
        #expect(found.map(\.type) == [.handshake, .applicationData, .alert])
        #expect(Array(found[0].content.prefix(8)) == [4, 0, 0, 0xC9, 0, 0, 0, 30] && found[0].content.count == 205)
        #expect(found[1].content == data && found[2].content == [1, 0])
    }

    private static let clientData = bytes(
        """
        1703030043 a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a
        6292a2977014bd1e3deae63aeebb21694915e4
        """)
    private static let clientAlert = bytes("1703030013 c9872760655666b74d7ff1153efd6db6d0b0e3")
    private static let serverData = bytes(
        """
        1703030043 2e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8fcc49c4bf2
        e5f0a21c0047c2abf332540dd032e167c2955d
        """)
    private static let serverAlert = bytes("1703030013 b58fd67166ebf599d24720cfbe7efa7a8864a9")
    private static let ticket = bytes(
        """
        17030300de 3a6b8f90414a97d6959c3487680de5134a2b240e6cffac116e95d41d6af8f6b580dcf3d11d63c758db289a015940252f
        55713e061dc13e078891a38efbcf5753ad8ef170ad3c7353d16d9da773b9ca7f2b9fa1b6c0d4a3d03f75e09c30ba1e62972ac46f75f7b981
        be63439b2999ce13064615139891d5e4c5b406f16e3fc181a77ca475840025db2f0a77f81b5ab05b94c01346755f69232c86519d86cbeeac
        87aac347d143f9605d64f650db4d023e70e952ca49fe5137121c74bc2697687e248746d6df353005f3bce18696129c8153556b3b6c6779b3
        7bf15985684f
        """)

    // MARK: Every suite

    @Test(arguments: CipherSuite.allCases)
    func whatIsSealedIsOpened(suite: CipherSuite) throws {
        var forger = Forger(suite.secret())
        var reader = Reader(suite.secret())
        for count in [0, 1, 15, 16, 17, 255, 3200, 16_384] {
            let content = [UInt8](repeating: UInt8(truncatingIfNeeded: count), count: count)
            #expect(try reader.read(forger.data(content)) == [Reader.Found(type: .applicationData, content: content)])
        }
    }

    @Test(arguments: CipherSuite.allCases)
    func everyBitOfARecordCounts(suite: CipherSuite) throws {
        var forger = Forger(suite.secret())
        let record = forger.data([1, 2, 3])
        for bit in 0..<record.count * 8 where !(24..<40).contains(bit) {  // the length is not for the AEAD to judge
            var changed = record
            changed[bit / 8] ^= 1 << (bit % 8)
            var reader = Reader(suite.secret())
            #expect(throws: RecordFault.forged) { try reader.read(changed) }
        }
    }

    @Test func aRecordIsGoodOnceAndInItsPlace() throws {
        var forger = Forger(CipherSuite.aes128GCM.secret())
        let (first, second) = (forger.data([1]), forger.data([2]))
        var reader = Reader(CipherSuite.aes128GCM.secret())
        _ = try reader.read(first)
        #expect(throws: RecordFault.forged) { try reader.read(first) }
        var other = Reader(CipherSuite.aes128GCM.secret())
        #expect(throws: RecordFault.forged) { try other.read(second) }
    }

    @Test(arguments: CipherSuite.allCases)
    func anotherSecretOpensNothing(suite: CipherSuite) {
        var forger = Forger(suite.secret(1))
        var reader = Reader(suite.secret(2))
        #expect(throws: RecordFault.forged) { try reader.read(forger.data([1])) }
    }

    // MARK: Numbers

    @Test func itGoesOnBehindRecordsThatOthersMade() throws {
        let secret = CipherSuite.chaCha20Poly1305.secret()
        var reader = Reader(RecordProtection(secret, sequence: 3, for: .opening)!)
        var forger = Forger(secret)
        let records = (0..<5).map { forger.data([$0]) }
        #expect(try reader.read(records[3] + records[4]).map(\.content) == [[3], [4]])
    }

    @Test func numbersUseAllOfTheirBits() throws {
        let secret = CipherSuite.aes128GCM.secret()
        for number: UInt64 in [(1 << 32) - 1, 1 << 32, 1 << 63, .max - 1] {
            var forger = Forger(RecordProtection(secret, sequence: number, for: .sealing)!)
            let record = forger.data([1])
            for other in [0, 1, 1 << 32, 1 << 63].map({ number ^ $0 }) {
                var reader = Reader(RecordProtection(secret, sequence: other, for: .opening)!)
                let found = try? reader.read(record)
                #expect((found != nil) == (other == number), "\(number) as \(other)")
            }
        }
    }

    @Test func whenNumbersAreUsedUpThereIsNoMore() throws {
        let secret = CipherSuite.aes128GCM.secret()
        var protection = RecordProtection(secret, sequence: .max - 1, for: .sealing)!
        var record = [UInt8](repeating: 0, count: 22)
        try record.withUnsafeMutableBytes { try protection.seal($0) }
        #expect(throws: RecordFault.exhausted) { try record.withUnsafeMutableBytes { try protection.seal($0) } }
        protection.update()
        try record.withUnsafeMutableBytes { try protection.seal($0) }
        #expect(protection.sequence == 1)
    }
}
