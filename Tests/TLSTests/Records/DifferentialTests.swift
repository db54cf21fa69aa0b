import Glibc
import RelayTestKit
import StandIn
import Testing

@testable import TLS

/// Our records and OpenSSL's read the same stream, made by a peer that keeps the rules or breaks them: the same data must
/// come out, and the same records be refused, with the same alert.
///
/// `TIDEGATE_FUZZ_ROUNDS` says how many streams there are, where a suite's worth is not enough.
@Suite struct DifferentialTests {
    private let house = House()

    private static let rounds = getenv("TIDEGATE_FUZZ_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 150

    @Test(arguments: [true, false], [UInt64.random(in: 0...UInt64.max)])
    func bothReadTheSame(isClient: Bool, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let (client, server) = try (
            house.client(records: isClient ? .openSSL : .direct), house.server(records: isClient ? .direct : .openSSL)
        )
        for round in 0..<Self.rounds {
            let suite = CipherSuite.allCases.randomElement(using: &generator)!
            client.offer(suite)
            let pair = try Pair(client: client, server: server).handshake()
            let both = try Readers(pair, suite, readerIsClient: isClient)
            var peer = Peer(both.forger(pair, suite), ofClient: isClient, generator.next())
            var difference: String?
            for _ in 0..<Int.random(in: 1...12, using: &generator) where difference == nil {
                difference = both.difference(after: peer.next())
            }
            #expect(difference == nil, "round \(round)")
        }
    }
}

/// One stream's two readers.
private final class Readers {
    private let openSSL: End
    private let ours: RecordEnd
    private let readerIsClient: Bool
    private var answersOfOpenSSL: Reader
    private var answersOfOurs: Reader
    private var split = Split.random(SeededGenerator(seed: 1))

    /// Takes the secrets from the side of `pair` that watches, which is the other's peer.
    init(_ pair: Pair, _ suite: CipherSuite, readerIsClient: Bool) throws {
        self.readerIsClient = readerIsClient
        openSSL = readerIsClient ? pair.client : pair.server
        let watch = try #require((readerIsClient ? pair.server : pair.client).connection.watch)
        func protection(ofClient: Bool, _ purpose: RecordProtection.Purpose) -> RecordProtection {
            watch.protection(ofClient: ofClient, suite, for: purpose)!
        }
        ours = RecordEnd(
            DirectRecords(
                reading: protection(ofClient: !readerIsClient, .opening),
                writing: protection(ofClient: readerIsClient, .sealing), isClient: readerIsClient))
        answersOfOpenSSL = Reader(protection(ofClient: readerIsClient, .opening))
        answersOfOurs = Reader(protection(ofClient: readerIsClient, .opening))
    }

    func forger(_ pair: Pair, _ suite: CipherSuite) -> Forger {
        let watch = (readerIsClient ? pair.server : pair.client).connection.watch!
        return Forger(watch.protection(ofClient: !readerIsClient, suite, for: .sealing)!)
    }

    /// Lets both read, in the same pieces, and says in what they differ.
    func difference(after bytes: [UInt8]) -> String? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(split.next(of: rest.count)))
            rest = rest.dropFirst(piece.count)
            if openSSL.error == nil { openSSL.receive(piece) }
            ours.receive(piece)
            guard openSSL.received == ours.received else { return "data" }
            guard openSSL.error?.kind == ours.error?.kind else {
                return "OpenSSL: \(openSSL.error?.description ?? "fine"); ours: \(ours.error?.description ?? "fine")"
            }
            guard openSSL.connection.receivedCloseNotify == ours.isPeerDone else { return "close_notify" }
        }
        let told = (try? answersOfOpenSSL.read(openSSL.takeOutgoing()), try? answersOfOurs.read(ours.takeOutgoing()))
        guard let openSSL = told.0?.filter({ $0.type == .alert }), let ours = told.1?.filter({ $0.type == .alert })
        else {
            return "an answer that cannot be read"
        }
        // A length that cannot be is decode_error by RFC 8446 §6.2. OpenSSL says unexpected_message for an alert's, and
        // illegal_parameter for a message's.
        let isKnown =
            self.ours.error == RecordFault.malformedAlert.error || self.ours.error == RecordFault.malformedMessage.error
        return openSSL == ours || isKnown ? nil : "alerts: \(openSSL) and \(ours)"
    }
}

/// A peer that says anything, mostly right.
private struct Peer: ~Copyable {
    private var forger: Forger
    private var generator: SeededGenerator
    /// It is spoken to a client.
    private let ofClient: Bool

    init(_ forger: consuming Forger, ofClient: Bool, _ seed: UInt64) {
        self.forger = forger
        self.ofClient = ofClient
        generator = SeededGenerator(seed: seed)
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    /// One or a few records.
    mutating func next() -> [UInt8] {
        switch number(0...39) {
        case 0...15: forger.data(generator.bytes(number(0...2000)), zeros: number(0...40))
        case 16...17: forger.data(generator.bytes(number(16_000...16_384)))
        case 18...19: forger.data([])
        case 20...23: forger.keyUpdate(number(0...1) == 0 ? .requested : .notRequested)
        case 24: forger.alert(1, 90)
        case 25: forger.alert(UInt8(number(0...3)), UInt8(number(0...120)))
        case 26...28: ticket()
        case 29: pieces(of: KeyUpdate.requested.message, thenNextKey: true)
        case 30: forger.handshake([24, 0, 0]) + forger.data([1])
        case 31: forger.handshake([24, 0, UInt8(number(0...1)), UInt8(number(0...3)), UInt8(number(0...2))])
        case 32:
            forger.handshake([[0, 1, 2, 8, 11, 13, 15, 20, 25, 254].randomElement(using: &generator)!, 0, 0, 2, 0, 0])
        case 33: forger.record(.alert, generator.bytes(number(0...3)))
        case 34: forger.record(inner: generator.bytes(number(0...20)) + [UInt8](repeating: 0, count: number(0...20)))
        case 35: forger.record(inner: [1, 23], type: [0, 20, 21, 22, 24].randomElement(using: &generator)!)
        case 36: [23, 3, 3, UInt8(number(0x40...0x60)), UInt8(number(0...255))] + generator.bytes(16_700)
        case 37: [20, 3, 3, 0, 1, 1]
        case 38: damaged()
        default: forger.record(.handshake, [])
        }
    }

    /// A NewSessionTicket that is one, for a client to take and for a server to refuse.
    private mutating func ticket() -> [UInt8] {
        let nonce = generator.bytes(number(0...20))
        let ticket = generator.bytes(number(1...300))
        let body =
            [0, 0, 14, 16] + generator.bytes(4) + [UInt8(nonce.count)] + nonce
            + [UInt8(ticket.count >> 8), UInt8(truncatingIfNeeded: ticket.count)] + ticket + [0, 0]
        return pieces(of: [4, 0, UInt8(body.count >> 8), UInt8(truncatingIfNeeded: body.count)] + body)
    }

    private mutating func pieces(of message: [UInt8], thenNextKey: Bool = false) -> [UInt8] {
        let cut = number(0...message.count)
        let first = cut == 0 ? [] : forger.handshake(Array(message[..<cut]))
        guard cut < message.count else { return first }
        return first + forger.handshake(Array(message[cut...]))
    }

    /// Wrong in a bit of what the AEAD protects, the version apart: that is OpenSSL's to look at, and not ours.
    private mutating func damaged() -> [UInt8] {
        var record = forger.data(generator.bytes(number(1...100)))
        record[number(5...record.count - 1)] ^= 1 << UInt8(number(0...7))
        return record
    }
}
