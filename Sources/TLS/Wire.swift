import Bytes
import COpenSSL

/// Where one connection's ciphertext comes from and goes to, for the duration of one call.
///
/// OpenSSL reads and writes through a BIO whose callbacks look here: no buffer in between, no descriptor behind it.
/// Both ends belong to the loop and serve all its connections. Plain memory at a fixed address, so that a callback
/// costs two pointers and counts no references.
struct Wire {
    /// What is left of the input.
    var input: UnsafeRawPointer?
    var inputCount = 0
    /// OpenSSL asked for more than there was.
    var isStarved = false
    /// Nil between calls.
    var output: UnsafeMutablePointer<ByteQueue>?

    /// A BIO that reads and writes through `wire`, which must outlive it.
    static func makeBIO(over wire: UnsafeMutablePointer<Wire>) -> OpaquePointer? {
        let bio = BIO_new(method)
        BIO_set_data(bio, wire)
        BIO_set_init(bio, 1)
        return bio
    }

    // Unsafe only to the compiler: made once, never changed.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire")
        BIO_meth_set_read_ex(method, readInput)
        BIO_meth_set_write_ex(method, writeOutput)
        BIO_meth_set_ctrl(method, control)
        return method
    }()
}

// Plain functions, because a closure could carry the isolation of the place it is written in.

/// Hands out input. At its end OpenSSL is told to try again, never that the peer has gone: the end of the stream is
/// the transport's to see.
private func readInput(
    _ bio: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int, _ count: UnsafeMutablePointer<Int>?
) -> Int32 {
    shim_BIO_clear_retry_flags(bio)
    guard let wire = wire(of: bio), let buffer else { return 0 }
    guard let input = wire.pointee.input, wire.pointee.inputCount > 0 else {
        wire.pointee.isStarved = true
        shim_BIO_set_retry_read(bio)
        return 0
    }
    let taken = min(capacity, wire.pointee.inputCount)
    UnsafeMutableRawPointer(buffer).copyMemory(from: input, byteCount: taken)
    wire.pointee.input = input + taken
    wire.pointee.inputCount &-= taken
    count?.pointee = taken
    return 1
}

/// Takes every write whole, so `SSL_write` never has to be tried again.
private func writeOutput(
    _ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ byteCount: Int, _ count: UnsafeMutablePointer<Int>?
) -> Int32 {
    guard let output = wire(of: bio)?.pointee.output else { return 0 }
    output.pointee.append(UnsafeRawBufferPointer(start: bytes, count: byteCount).bytes)
    count?.pointee = byteCount
    return 1
}

/// Nothing is held back, so a flush has nothing to do; all else is not for us.
private func control(
    _ bio: OpaquePointer?, _ command: Int32, _ number: Int, _ argument: UnsafeMutableRawPointer?
) -> Int {
    command == BIO_CTRL_FLUSH ? 1 : 0
}

private func wire(of bio: OpaquePointer?) -> UnsafeMutablePointer<Wire>? {
    BIO_get_data(bio)?.assumingMemoryBound(to: Wire.self)
}
