// Redis is a function of bytes: commands to what goes out, what comes in to replies, with hiredis's reader in between. It must
// never know a socket, a clock, or what the replies mean. `RelayServer` drives it on the thread that the shared state has.

import CHiredis

/// Reads what a Redis server says, whatever pieces it comes in.
///
/// A server that lies gets no memory: a reply has a bound, and so has the number of items that it announces.
/// Confined to the thread that made it.
package final class RedisReader {
    private let reader: UnsafeMutablePointer<redisReader>
    /// hiredis's own way of keeping replies, but for arrays.
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    /// Bytes since the last reply was complete.
    private var pending = 0

    /// What no reply is larger than: the longest that is asked for, `INFO server`, has some two thousand bytes.
    static let maxReplyBytes = 256 << 10
    /// What no reply has more items than.
    static let maxItems: Int32 = 1024

    /// Nil when there is no memory.
    package init?() {
        guard let reader = redisReaderCreateWithFunctions(nil), let usual = redisReaderCreate() else { return nil }
        defer { redisReaderFree(usual) }
        guard let usual = usual.pointee.fn else { return nil }
        functions = .allocate(capacity: 1)
        functions.initialize(to: usual.pointee)
        functions.pointee.createArray = createBoundedArray
        reader.pointee.fn = functions
        reader.pointee.privdata = UnsafeMutableRawPointer(usual)
        self.reader = reader
    }

    deinit {
        redisReaderFree(reader)
        functions.deinitialize(count: 1)
        functions.deallocate()
    }

    /// Takes what came. Throws when a reply is too large; nothing more can be read then.
    package func receive(_ bytes: RawSpan) throws(RedisError) {
        pending += bytes.byteCount
        guard pending <= Self.maxReplyBytes else { throw .tooLarge }
        let isTaken = bytes.withUnsafeBytes { bytes in
            redisReaderFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count) == REDIS_OK
        }
        guard isTaken else { throw .malformed }
    }

    /// The next reply that is complete; nil: none is. Throws when what came is no reply; nothing more can be read then.
    package func next() throws(RedisError) -> RedisReply? {
        var found: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &found) == REDIS_OK else { throw .malformed }
        guard let found else { return nil }
        pending = Int(clamping: reader.pointee.len &- reader.pointee.pos)
        defer { freeReplyObject(found) }
        return RedisReply(found.assumingMemoryBound(to: redisReply.self).pointee)
    }
}

/// Refuses room for more items than any reply has: a server may announce what it likes.
private func createBoundedArray(
    _ task: UnsafePointer<redisReadTask>?, _ count: Int32
) -> UnsafeMutableRawPointer? {
    guard let task, let usual = task.pointee.privdata, count <= RedisReader.maxItems else { return nil }
    return usual.assumingMemoryBound(to: redisReplyObjectFunctions.self).pointee.createArray?(task, count)
}

extension RedisReply {
    /// Reads a reply of hiredis's, whose items nest nine deep at most.
    fileprivate init(_ reply: redisReply) {
        switch reply.type {
        case REDIS_REPLY_STATUS: self = .status(Self.text(of: reply))
        case REDIS_REPLY_ERROR: self = .error(Self.text(of: reply))
        case REDIS_REPLY_INTEGER: self = .integer(Int(reply.integer))
        case REDIS_REPLY_STRING: self = .bulk(Self.bytes(of: reply))
        case REDIS_REPLY_ARRAY:
            let items = UnsafeBufferPointer(start: reply.element, count: reply.elements)
            self = .array(items.map { item in item.map { RedisReply($0.pointee) } ?? .null })
        default: self = .null
        }
    }

    private static func bytes(of reply: redisReply) -> [UInt8] {
        UnsafeRawBufferPointer(start: reply.str, count: reply.len).map { $0 }
    }

    private static func text(of reply: redisReply) -> String {
        String(decoding: bytes(of: reply), as: UTF8.self)
    }
}
