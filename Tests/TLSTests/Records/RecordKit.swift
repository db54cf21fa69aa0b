import Bytes
import Crypto
import RelayTestKit
import Testing

@testable import TLS

extension CipherSuite {
    /// A secret as this suite has them.
    func secret(_ seed: UInt64 = 1) -> TrafficSecret {
        var generator = SeededGenerator(seed: seed)
        return TrafficSecret(Secret(generator.bytes(secretCount)), suite: self)!
    }
}

extension TrafficSecret {
    /// A secret that is known.
    init(hex: String, _ suite: CipherSuite) throws {
        self = try #require(TrafficSecret(Secret(bytes(hex)), suite: suite))
    }
}

extension SeededGenerator {
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }
}

/// The bytes that hexadecimal digits stand for, with any white space between them.
func bytes(_ hex: String) -> [UInt8] {
    Hex.decode(hex.filter { !$0.isWhitespace })!
}

/// Makes records of any kind, right or wrong, and so plays a peer that breaks rules.
struct Forger: ~Copyable {
    private var protection: RecordProtection

    init(_ protection: consuming RecordProtection) {
        self.protection = protection
    }

    init(_ secret: TrafficSecret) {
        self.init(RecordProtection(secret, for: .sealing)!)
    }

    /// A record of `content` and its type, with zeros behind.
    mutating func record(_ type: ContentType, _ content: [UInt8], zeros: Int = 0) -> [UInt8] {
        record(inner: content + [type.rawValue] + [UInt8](repeating: 0, count: zeros))
    }

    /// A record with anything inside, and outside any type.
    mutating func record(inner: [UInt8], type: UInt8 = 23) -> [UInt8] {
        let bodyCount = inner.count + RecordFormat.tagCount
        var record = [type, 3, 3, UInt8(truncatingIfNeeded: bodyCount >> 8), UInt8(truncatingIfNeeded: bodyCount)]
        record += inner + [UInt8](repeating: 0, count: RecordFormat.tagCount)
        record.withUnsafeMutableBytes { try! protection.seal($0) }
        return record
    }

    mutating func data(_ content: [UInt8], zeros: Int = 0) -> [UInt8] {
        record(.applicationData, content, zeros: zeros)
    }

    mutating func handshake(_ message: [UInt8]) -> [UInt8] {
        record(.handshake, message)
    }

    mutating func alert(_ level: UInt8, _ description: UInt8) -> [UInt8] {
        record(.alert, [level, description])
    }

    /// A KeyUpdate; what comes after is made with the next key.
    mutating func keyUpdate(_ update: KeyUpdate) -> [UInt8] {
        defer { protection.update() }
        return handshake(update.message)
    }
}

/// One side's records, with what it has received and has yet to send.
final class RecordEnd {
    private var records: DirectRecords
    var outgoing = ByteQueue()
    private(set) var received: [UInt8] = []
    private(set) var error: TLSError?

    init(_ records: consuming DirectRecords) {
        self.records = records
    }

    /// The end whose peer protects with `theirs`.
    init(
        theirs: TrafficSecret, ours: TrafficSecret, isClient: Bool = false, recordsPerKey: UInt64? = nil,
        maxContentCount: Int = RecordFormat.maxContentCount
    ) {
        var reading = RecordProtection(theirs, for: .opening)!
        var writing = RecordProtection(ours, for: .sealing)!
        reading.recordsPerKey = recordsPerKey ?? reading.recordsPerKey
        writing.recordsPerKey = recordsPerKey ?? writing.recordsPerKey
        records = DirectRecords(
            reading: reading, writing: writing, isClient: isClient, maxContentCount: maxContentCount)
    }

    var isPeerDone: Bool { records.isPeerDone }
    var outgoingCount: Int { outgoing.count }

    func send(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try records.send($0, output: &outgoing) }
    }

    func close() {
        records.close(output: &outgoing)
    }

    func receive(_ bytes: [UInt8]) {
        guard error == nil else { return }
        var plaintext = [UInt8](repeating: 0, count: bytes.count + TLSConnection.plaintextReserve)
        do {
            let count = try bytes.withUnsafeBytes { bytes in
                try plaintext.withUnsafeMutableBytes {
                    try records.receive(bytes, plaintext: $0, output: &outgoing)
                }
            }
            received += plaintext.prefix(count)
        } catch {
            self.error = error as? TLSError
        }
    }

    func receive(_ bytes: [UInt8], split: Split) {
        var split = split
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = split.next(of: rest.count)
            receive(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
    }

    func takeOutgoing() -> [UInt8] {
        let bytes = outgoing.withUnsafeBytes { Array($0) }
        outgoing.consume(bytes.count)
        return bytes
    }
}

/// Opens the records of one side, as a peer that can read all of them.
struct Reader: ~Copyable {
    private var protection: RecordProtection

    init(_ protection: consuming RecordProtection) {
        self.protection = protection
    }

    init(_ secret: TrafficSecret) {
        self.init(RecordProtection(secret, for: .opening)!)
    }

    /// The type and content of each record; behind a KeyUpdate, with the next key.
    mutating func read(_ stream: [UInt8]) throws -> [Found] {
        var rest = stream[...]
        var found: [Found] = []
        while rest.count >= RecordFormat.headerCount {
            let count = 5 + Int(rest[rest.startIndex + 3]) << 8 + Int(rest[rest.startIndex + 4])
            let record = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
            var inner = [UInt8](repeating: 0, count: max(count - 21, 1))
            try record.withUnsafeBytes { record in
                try inner.withUnsafeMutableBytes { try protection.open(record, into: $0.baseAddress!) }
            }
            let end = try #require(inner.lastIndex { $0 != 0 })
            let type = try #require(ContentType(rawValue: inner[end]))
            found.append(Found(type: type, content: Array(inner[..<end]), bytesOnTheWire: count))
            if type == .handshake, inner[0] == 24 { protection.update() }
        }
        #expect(rest.isEmpty)
        return found
    }

    struct Found: Equatable {
        let type: ContentType
        let content: [UInt8]
        var bytesOnTheWire = 0

        static func == (left: Found, right: Found) -> Bool {
            left.type == right.type && left.content == right.content
        }
    }
}
