import Bytes

/// Makes records of a stream of ciphertext that may be cut anywhere, and decrypts them.
///
/// A record that is whole in the input is decrypted from there. Only one that has begun is kept, until the rest of it
/// arrives.
struct RecordReader: ~Copyable {
    var protection: RecordProtection

    /// The longest content, which a client may have asked to be short (RFC 6066 §4).
    private let maxContentCount: Int
    private(set) var begun = ByteQueue()
    private var recordsWithoutData = 0

    /// A record's content, which lies where the caller wanted it.
    struct Record {
        let type: ContentType
        let count: Int
    }

    /// How many records may come in a row that bring no data: OpenSSL's limit for empty ones. Each costs work, and none of
    /// them anything to hold on to.
    static let maxRecordsWithoutData = 32

    init(_ protection: consuming RecordProtection, maxContentCount: Int) {
        self.protection = protection
        self.maxContentCount = maxContentCount
    }

    /// Consumes `input` as far as the end of its first record and decrypts that to the front of `room`, which must be no
    /// smaller than the record; nil when all of the input is consumed and the record is not whole yet.
    mutating func next(
        from input: inout UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) throws(RecordFault) -> Record? {
        guard begun.isEmpty else { return try finish(from: &input, into: room) }
        let count = try RecordFormat.recordCount(of: input)
        guard let count, count <= input.count else {
            keep(input, of: count)
            input = UnsafeRawBufferPointer(start: nil, count: 0)
            return nil
        }
        let record = UnsafeRawBufferPointer(rebasing: input[..<count])
        input = UnsafeRawBufferPointer(rebasing: input[count...])
        return try open(record, into: room)
    }

    /// The same for a record that has begun.
    private mutating func finish(
        from input: inout UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) throws(RecordFault) -> Record? {
        while true {
            let count = try begun.withUnsafeBytes { (bytes) throws(RecordFault) in
                try RecordFormat.recordCount(of: bytes)
            }
            if begun.count == count {
                var record = ByteQueue()
                swap(&record, &begun)
                return try record.withUnsafeBytes { (record) throws(RecordFault) in try open(record, into: room) }
            }
            guard !input.isEmpty else { return nil }
            let missing = (count ?? RecordFormat.headerCount) - begun.count
            begun.append(UnsafeRawBufferPointer(rebasing: input.prefix(missing)))
            input = UnsafeRawBufferPointer(rebasing: input.dropFirst(missing))
        }
    }

    /// Keeps the beginning of a record, with room for all of it where its size is known.
    private mutating func keep(_ bytes: UnsafeRawBufferPointer, of count: Int?) {
        begun.withUninitializedTail(minimumCapacity: count ?? RecordFormat.headerCount) { room in
            room.copyMemory(from: bytes)
            return bytes.count
        }
    }

    private mutating func open(
        _ record: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) throws(RecordFault) -> Record {
        let innerCount = record.count - RecordFormat.headerCount - RecordFormat.tagCount
        guard let plaintext = room.baseAddress, innerCount <= room.count else {
            preconditionFailure("no room for a record")
        }
        try protection.open(record, into: plaintext)
        // RFC 8446 §5.4: zeros do not make a record any longer than it may be.
        guard innerCount <= RecordFormat.maxContentCount + 1 else { throw .tooLong }
        var count = innerCount
        // The type is the last byte that is not zero.
        while count > 0, plaintext.load(fromByteOffset: count - 1, as: UInt8.self) == 0 { count -= 1 }
        guard count > 0 else { throw .withoutType }
        count -= 1
        guard let type = ContentType(rawValue: plaintext.load(fromByteOffset: count, as: UInt8.self)) else {
            throw .unknownType
        }
        guard count <= maxContentCount else { throw .tooLong }
        try note(type, count)
        return Record(type: type, count: count)
    }

    /// RFC 8446 §5.1: data may come in no bytes at all, which hides when something is said; the others may not.
    private mutating func note(_ type: ContentType, _ count: Int) throws(RecordFault) {
        guard count > 0 || type == .applicationData else { throw .empty }
        if type == .applicationData, count > 0 {
            recordsWithoutData = 0
        } else {
            recordsWithoutData += 1
            guard recordsWithoutData <= Self.maxRecordsWithoutData else { throw .idle }
        }
    }
}
