import RelayTestKit
import Testing

@testable import TLS

@Suite struct DirectRecordsTests {
    private let suite = CipherSuite.aes128GCM

    /// An end, the forger that plays its peer, and what reads its answers.
    private func end(isClient: Bool = false, recordsPerKey: UInt64? = nil) -> RecordEnd {
        RecordEnd(theirs: suite.secret(), ours: suite.secret(2), isClient: isClient, recordsPerKey: recordsPerKey)
    }

    private func forger() -> Forger { Forger(suite.secret()) }

    private func answers(of end: RecordEnd) throws -> [Reader.Found] {
        var reader = Reader(suite.secret(2))
        return try reader.read(end.takeOutgoing())
    }

    // MARK: KeyUpdate (RFC 8446 §4.6.3)

    @Test(arguments: Split.some)
    func aKeyUpdateIsFollowed(split: Split) throws {
        let end = end()
        var forger = forger()
        var stream: [UInt8] = []
        for number in UInt8(0)..<6 {
            stream += forger.data([number])
            stream += forger.keyUpdate(.notRequested)
        }
        end.receive(stream + forger.data([6]), split: split)
        #expect(end.error == nil && end.received == [0, 1, 2, 3, 4, 5, 6])
        #expect(try answers(of: end).isEmpty)
    }

    @Test func oneThatAsksIsAnsweredBeforeTheNextData() throws {
        let end = end()
        var forger = forger()
        try end.send([1])
        end.receive(forger.keyUpdate(.requested) + forger.data([7]))
        try end.send([2])
        #expect(end.received == [7])
        let found = try answers(of: end)
        #expect(found.map(\.type) == [.applicationData, .handshake, .applicationData])
        #expect(found[1].content == KeyUpdate.notRequested.message && found[2].content == [2])
    }

    @Test func severalThatAskAtOnceAreAnsweredOnce() throws {
        let end = end()
        var forger = forger()
        end.receive(forger.keyUpdate(.requested) + forger.keyUpdate(.requested) + forger.keyUpdate(.notRequested))
        #expect(try answers(of: end).count == 1)
    }

    @Test func aKeyThatThePeerHasWornOutIsAskedToBeReplacedOnce() throws {
        let end = end(recordsPerKey: 3)
        var forger = forger()
        end.receive(forger.data([1]) + forger.data([2]))
        #expect(end.outgoingCount == 0)
        end.receive(forger.data([3]) + forger.data([4]))
        end.receive(forger.data([5]))
        #expect(try answers(of: end).map(\.content) == [KeyUpdate.requested.message])
        end.receive(forger.keyUpdate(.notRequested) + forger.data([6]) + forger.data([7]) + forger.data([8]))
        #expect(end.error == nil && end.received == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(end.outgoingCount > 0)
    }

    /// Two of these, each updating when its key is worn, and asking when the other's is.
    @Test(arguments: 1...10)
    func updatesOfBothSidesMayCross(seed: UInt64) throws {
        let (one, other) = (suite.secret(1), suite.secret(2))
        let left = RecordEnd(theirs: one, ours: other, recordsPerKey: 3)
        let right = RecordEnd(theirs: other, ours: one, isClient: true, recordsPerKey: 5)
        var generator = SeededGenerator(seed: seed)
        var (up, down): ([UInt8], [UInt8]) = ([], [])
        for _ in 0..<200 {
            let content = generator.bytes(Int.random(in: 1...40, using: &generator))
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                try left.send(content)
                down += content
            case 1:
                try right.send(content)
                up += content
            case 2: left.receive(right.takeOutgoing())
            default: right.receive(left.takeOutgoing())
            }
        }
        while left.outgoingCount + right.outgoingCount > 0 {
            left.receive(right.takeOutgoing())
            right.receive(left.takeOutgoing())
        }
        #expect(left.error == nil && right.error == nil)
        #expect(left.received == up && right.received == down)
    }

    // MARK: Alerts (RFC 8446 §6)

    @Test func closeNotifyIsTheEnd() throws {
        let end = end()
        var forger = forger()
        end.receive(forger.data([1]) + forger.alert(1, 0) + [1, 2, 3, 4, 5, 6])
        #expect(end.isPeerDone && end.error == nil && end.received == [1])
        end.receive([9, 9, 9, 9, 9, 9])
        #expect(end.error == nil)
        try end.send([2])
        #expect(try answers(of: end).map(\.content) == [[2]])
    }

    @Test func nothingIsSaidBehindOurOwn() throws {
        let end = end()
        var forger = forger()
        end.close()
        end.receive(forger.data([1]) + forger.keyUpdate(.requested) + forger.data([2]))
        #expect(end.received == [1, 2])
        end.receive([20, 3, 3, 0, 1, 1])
        #expect(end.error == RecordFault.unprotected.error)
        #expect(try answers(of: end).map(\.content) == [[1, 0]])
    }

    @Test(arguments: [(UInt8(1), UInt8(20)), (2, 20), (1, 255), (2, 80), (0, 46)])
    func everyOtherAlertIsFatalWhateverItsLevel(level: UInt8, description: UInt8) throws {
        let end = end()
        var forger = forger()
        end.receive(forger.alert(level, description))
        #expect(end.error?.kind == .alert(description))
        #expect(end.outgoingCount == 0)
    }

    @Test func userCanceledAnnouncesTheEndAndIsNotOne() throws {
        let end = end()
        var forger = forger()
        end.receive(forger.alert(1, 90) + forger.data([1]) + forger.alert(2, 0))
        #expect(end.isPeerDone && end.received == [1] && end.error == nil)
    }

    @Test(arguments: [[UInt8(1)], [1, 0, 0], [1, 0, 1, 0]])
    func anAlertIsTwoBytes(content: [UInt8]) throws {
        let end = end()
        var forger = forger()
        end.receive(forger.record(.alert, content))
        #expect(end.error == RecordFault.malformedAlert.error)
    }

    // MARK: Handshake messages in pieces (RFC 8446 §5.1)

    @Test(arguments: [ContentType.applicationData, .alert])
    func nothingComesBetweenThePiecesOfAMessage(type: ContentType) throws {
        let end = end()
        var forger = forger()
        end.receive(forger.handshake([24, 0, 0]) + forger.record(type, [1, 0]))
        #expect(end.error == RecordFault.interleaved.error && end.received.isEmpty)
    }

    @Test func aMessageMayComeInPieces() throws {
        let end = end()
        var forger = forger()
        end.receive(forger.handshake([24]) + forger.handshake([0, 0, 1]) + forger.keyUpdate(.requested).dropLast(0))
        // The pieces and the whole one are one message too many for one KeyUpdate.
        #expect(end.error == RecordFault.dataBehindKeyUpdate.error)
    }

    @Test func ticketsThatComeLateArePassedOver() throws {
        let end = end(isClient: true)
        var forger = forger()
        let ticket = [4, 0, 0, 200] + [UInt8](repeating: 3, count: 200)
        end.receive(
            forger.data([1]) + forger.handshake(Array(ticket[..<50])) + forger.handshake(Array(ticket[50...]))
                + forger.data([2]))
        #expect(end.received == [1, 2] && end.error == nil && end.outgoingCount == 0)
    }

    @Test func aServerTakesNoTickets() throws {
        let end = end()
        var forger = forger()
        end.receive(forger.handshake([4, 0, 0, 200]))
        #expect(end.error == RecordFault.unexpectedMessage.error)
    }
}
