import Bytes
import Crypto

/// A connection's records once they are ours: data in and out, alerts, and changes of keys. What RFC 8446 §5 and §4.6 ask
/// of both sides.
///
/// It begins where OpenSSL stopped, in the middle of a connection: with both directions' secrets and the numbers of their
/// next records.
struct DirectRecords: ~Copyable {
    /// The peer has said that it sends nothing more.
    private(set) var isPeerDone = false

    private var reader: RecordReader
    private var writer: RecordWriter
    private var messages: PostHandshake
    private var hasClosed = false
    /// The KeyUpdate that is due, and goes out behind what is being read.
    private var dueUpdate: KeyUpdate?
    private var hasAskedForUpdate = false

    /// - `dueUpdate`: the KeyUpdate that OpenSSL has yet to send.
    init(
        reading: consuming RecordProtection, writing: consuming RecordProtection, isClient: Bool,
        maxContentCount: Int = RecordFormat.maxContentCount, dueUpdate: KeyUpdate? = nil
    ) {
        self.dueUpdate = dueUpdate
        reader = RecordReader(reading, maxContentCount: maxContentCount)
        writer = RecordWriter(writing, maxContentCount: maxContentCount)
        messages = PostHandshake(isClient: isClient)
    }

    /// Decrypts what `ciphertext` and the calls before it make whole to the front of `plaintext`, and says how many bytes
    /// that is. As `TLSConnection.receive` has it, for the room too.
    mutating func receive(
        _ ciphertext: UnsafeRawBufferPointer, plaintext: UnsafeMutableRawBufferPointer, output: inout ByteQueue
    ) throws(TLSError) -> Int {
        var rest = ciphertext
        var filled = 0
        do throws(RecordFault) {
            while !isPeerDone {
                let room = UnsafeMutableRawBufferPointer(rebasing: plaintext[filled...])
                guard let record = try reader.next(from: &rest, into: room) else { break }
                if record.type == .applicationData, !messages.isInside {
                    filled += record.count
                } else {
                    try take(record.type, UnsafeRawBufferPointer(rebasing: room[..<record.count]))
                }
            }
            askForUpdateIfDue()
            try sendDueUpdate(output: &output)
        } catch {
            throw end(error, output: &output)
        }
        return filled
    }

    /// Encrypts data. The end must not have been said.
    mutating func send(_ data: UnsafeRawBufferPointer, output: inout ByteQueue) throws(TLSError) {
        do throws(RecordFault) { try writer.write(data, output: &output) } catch { throw error.error }
    }

    /// Says close_notify.
    mutating func close(output: inout ByteQueue) {
        hasClosed = true
        // Fails only where there are no numbers left, and then nothing can be said.
        try? writer.write(AlertDescription.closeNotify, output: &output)
    }

    private mutating func take(_ type: ContentType, _ content: UnsafeRawBufferPointer) throws(RecordFault) {
        guard type == .handshake else {
            guard !messages.isInside else { throw .interleaved }
            return try takeAlert(content)
        }
        guard let update = try messages.read(content) else { return }
        reader.protection.update()
        hasAskedForUpdate = false
        // However often it asks, one answer serves. One that asks in turn answers too.
        if update == .requested, dueUpdate == nil { dueUpdate = .notRequested }
    }

    /// RFC 8446 §6: whatever level an alert claims, all of them but two are the end of the connection. The two: the peer
    /// has finished, or has been told to and will say so.
    private mutating func takeAlert(_ content: UnsafeRawBufferPointer) throws(RecordFault) {
        guard content.count == 2 else { throw .malformedAlert }
        switch AlertDescription(rawValue: content[1]) {
        case .closeNotify: isPeerDone = true
        case .userCanceled: break
        default: throw .alert(content[1])
        }
    }

    /// The peer has used its key for as long as is safe (RFC 8446 §5.5) and does not change it by itself.
    private mutating func askForUpdateIfDue() {
        guard reader.protection.isWorn, !hasAskedForUpdate else { return }
        hasAskedForUpdate = true
        dueUpdate = .requested
    }

    /// RFC 8446 §4.6.3: the answer to a KeyUpdate goes before the next data. Nothing goes behind close_notify.
    private mutating func sendDueUpdate(output: inout ByteQueue) throws(RecordFault) {
        guard let update = dueUpdate, !hasClosed else { return }
        dueUpdate = nil
        try writer.write(update, output: &output)
    }

    /// Tells the peer, if it has to be told, why the connection is over.
    private mutating func end(_ fault: RecordFault, output: inout ByteQueue) -> TLSError {
        if let answer = fault.answer, !hasClosed { try? writer.write(answer, output: &output) }
        return fault.error
    }
}
