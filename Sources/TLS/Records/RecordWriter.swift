import Bytes

/// Makes records of what is to be sent, onto the end of the caller's queue.
struct RecordWriter: ~Copyable {
    var protection: RecordProtection

    /// The longest content, which a client may have asked to be short (RFC 6066 §4).
    private let maxContentCount: Int

    init(_ protection: consuming RecordProtection, maxContentCount: Int) {
        self.protection = protection
        self.maxContentCount = maxContentCount
    }

    /// Data, in as few records as hold it.
    mutating func write(_ data: UnsafeRawBufferPointer, output: inout ByteQueue) throws(RecordFault) {
        var rest = data
        while !rest.isEmpty {
            if protection.isWorn { try write(KeyUpdate.notRequested, output: &output) }
            try write(
                .applicationData, UnsafeRawBufferPointer(rebasing: rest.prefix(maxContentCount)), output: &output)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(maxContentCount))
        }
    }

    /// RFC 8446 §6: a closure alert is a warning, all others are fatal.
    mutating func write(_ alert: AlertDescription, output: inout ByteQueue) throws(RecordFault) {
        let level: UInt8 = alert == .closeNotify ? 1 : 2
        try write(.alert, [level, alert.rawValue], output: &output)
    }

    /// Tells the peer that what follows is protected by the next key, and takes that.
    mutating func write(_ update: KeyUpdate, output: inout ByteQueue) throws(RecordFault) {
        try write(.handshake, update.message, output: &output)
        protection.update()
    }

    private mutating func write(
        _ type: ContentType, _ content: [UInt8], output: inout ByteQueue
    ) throws(RecordFault) {
        try content.span.bytes.withUnsafeBytes { (content) throws(RecordFault) in
            try write(type, content, output: &output)
        }
    }

    /// One record. The content is copied to where it will be sent from and encrypted there, with its type, in one go.
    private mutating func write(
        _ type: ContentType, _ content: UnsafeRawBufferPointer, output: inout ByteQueue
    ) throws(RecordFault) {
        let bodyCount = content.count + 1 + RecordFormat.tagCount
        let count = RecordFormat.headerCount + bodyCount
        try output.withUninitializedTail(minimumCapacity: count) { (room) throws(RecordFault) in
            guard let record = room.baseAddress else { return 0 }
            RecordFormat.writeHeader(bodyCount: bodyCount, to: record)
            let inner = record + RecordFormat.headerCount
            if let source = content.baseAddress { inner.copyMemory(from: source, byteCount: content.count) }
            inner.storeBytes(of: type.rawValue, toByteOffset: content.count, as: UInt8.self)
            try protection.seal(UnsafeMutableRawBufferPointer(start: record, count: count))
            return count
        }
    }
}
