import Bytes
import RelayTestKit
import Testing

@testable import TLS

@Suite struct RecordReaderTests {
    private let suite = CipherSuite.aes128GCM

    /// Any records, whole: what is in them.
    @Test(arguments: Split.some)
    func theRecordsAreTheSameHoweverTheBytesAreCut(split: Split) throws {
        var generator = SeededGenerator(seed: 5)
        var forger = Forger(suite.secret())
        var stream: [UInt8] = []
        var expected: [UInt8] = []
        for _ in 0..<40 {
            let content = generator.bytes(Int.random(in: 0...300, using: &generator))
            stream += forger.data(content, zeros: Int.random(in: 0...20, using: &generator))
            expected += content
        }
        let largest = generator.bytes(RecordFormat.maxContentCount)
        stream += forger.data(largest)
        let end = RecordEnd(theirs: suite.secret(), ours: suite.secret(2))
        end.receive(stream, split: split)
        #expect(end.error == nil && end.received == expected + largest)
    }

    @Test func nothingIsHeldWhenNoRecordHasBegun() throws {
        var forger = Forger(suite.secret())
        let record = forger.data([UInt8](repeating: 7, count: 1000))
        var reader = RecordReader(RecordProtection(suite.secret(), for: .opening)!, maxContentCount: 1 << 14)
        var room = [UInt8](repeating: 0, count: 2000)
        for (piece, isWhole) in [(record[..<500], false), (record[500...], true)] {
            try Array(piece).withUnsafeBytes { piece in
                var input = piece
                let found = try room.withUnsafeMutableBytes { try reader.next(from: &input, into: $0) }
                #expect((found != nil) == isWhole && input.isEmpty)
                let holds = reader.begun.holdsStorage
                #expect(holds == !isWhole)
            }
        }
    }

    // MARK: The rules of RFC 8446 §5

    struct Rule: CustomTestStringConvertible, Sendable {
        let name: String
        let fault: RecordFault?
        /// What the peer sends.
        let stream: @Sendable (inout Forger) -> [UInt8]
        var testDescription: String { name }

        init(_ name: String, _ fault: RecordFault?, _ stream: @escaping @Sendable (inout Forger) -> [UInt8]) {
            self.name = name
            self.fault = fault
            self.stream = stream
        }
    }

    static let rules: [Rule] = [
        Rule("§5 a record in the clear", .unprotected) { _ in [21, 3, 3, 0, 2, 1, 0] },
        Rule("§5 change_cipher_spec after the handshake", .unprotected) { _ in [20, 3, 3, 0, 1, 1] },
        Rule("§5 an unknown outer type", .unprotected) { $0.record(inner: [1, 23], type: 25) },
        Rule("§5.1 no data", nil) { $0.data([]) },
        Rule("§5.1 no data, hidden", nil) { $0.data([], zeros: 1000) },
        Rule("§5.1 the most data", nil) { $0.data([UInt8](repeating: 1, count: 16_384)) },
        Rule("§5.1 an alert without a byte", .empty) { $0.record(.alert, []) },
        Rule("§5.1 a handshake message without a byte", .empty) { $0.record(.handshake, [], zeros: 5) },
        Rule("§5.2 the longest body is not too long", .forged) { _ in
            [23, 3, 3, 0x41, 0x00] + [UInt8](repeating: 0, count: 16_640)
        },
        Rule("§5.2 a body longer than any", .tooLong) { _ in [23, 3, 3, 0x41, 0x01] },
        Rule("§5.2 a body too short for a tag", .forged) { _ in [23, 3, 3, 0, 15] + [UInt8](repeating: 0, count: 15) },
        Rule("§5.2 a body of nothing", .forged) { _ in [23, 3, 3, 0, 0] },
        Rule("§5.2 a wrong tag", .forged) { $0.data([1]).dropLast() + [0] },
        Rule("§5.2 no content type", .withoutType) { $0.record(inner: []) },
        Rule("§5.2 a type that nobody knows", .unknownType) { $0.record(inner: [1, 99]) },
        Rule("§5.2 a change_cipher_spec, protected", .unknownType) { $0.record(inner: [1, 20]) },
        Rule("§5.4 zeros only", .withoutType) { $0.record(inner: [UInt8](repeating: 0, count: 100)) },
        Rule("§5.4 the most zeros", nil) { $0.data([1], zeros: 16_383) },
        Rule("§5.4 one zero too many", .tooLong) { $0.data([1], zeros: 16_384) },
        Rule("§5.1 one byte too many", .tooLong) { $0.data([UInt8](repeating: 1, count: 16_385)) },
        Rule("as many records without data as there may be", nil) { forger in
            (0..<32).flatMap { _ in forger.data([]) } + forger.data([1]) + (0..<32).flatMap { _ in forger.data([]) }
        },
        Rule("one record without data too many", .idle) { forger in (0..<33).flatMap { _ in forger.data([]) } },
        Rule("KeyUpdates count as such", .idle) { forger in (0..<33).flatMap { _ in forger.keyUpdate(.notRequested) } },
        Rule("user_canceled counts as such", .idle) { forger in (0..<33).flatMap { _ in forger.alert(1, 90) } },
    ]

    @Test(arguments: rules, [Split.whole, .oneByte])
    func itHolds(rule: Rule, split: Split) throws {
        var forger = Forger(suite.secret())
        let end = RecordEnd(theirs: suite.secret(), ours: suite.secret(2))
        end.receive(rule.stream(&forger), split: split)
        #expect(end.error == rule.fault?.error)
        var reader = Reader(suite.secret(2))
        let told = try reader.read(end.takeOutgoing())
        #expect(told == (rule.fault?.answer.map { [Reader.Found(type: .alert, content: [2, $0.rawValue])] } ?? []))
    }

    @Test func numbersThatAreUsedUpEndTheConnection() throws {
        let secret = suite.secret()
        var forger = Forger(RecordProtection(secret, sequence: .max - 1, for: .sealing)!)
        let end = RecordEnd(
            DirectRecords(
                reading: RecordProtection(secret, sequence: .max - 1, for: .opening)!,
                writing: RecordProtection(suite.secret(2), for: .sealing)!, isClient: false))
        end.receive(forger.data([1]))
        #expect(end.received == [1] && end.error == nil)
        end.receive([23, 3, 3, 0, 18] + [UInt8](repeating: 0, count: 18))
        #expect(end.error == RecordFault.exhausted.error)
    }

    /// RFC 6066 §4: a client may have asked for short records.
    @Test func whatIsLongerThanAgreedIsRefused() throws {
        for (count, fault) in [(512, nil), (513, RecordFault.tooLong)] {
            var forger = Forger(suite.secret())
            let end = RecordEnd(theirs: suite.secret(), ours: suite.secret(2), maxContentCount: 512)
            end.receive(forger.data([UInt8](repeating: 1, count: count), zeros: 100))
            #expect(end.error == fault?.error)
        }
    }
}
