import COpenSSL

/// Unpredictable bytes from libcrypto's generator, which the kernel seeds.
///
/// A generator that fails is a fault of the machine that no caller can mend: going on would mint guessable
/// credentials, so it traps.
package enum RandomBytes {
    /// `count` unpredictable bytes. Any thread.
    package static func make(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            fill(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
            initialized = count
        }
    }

    /// Fills `buffer` with unpredictable bytes. Any thread.
    package static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        guard let start = buffer.baseAddress, buffer.count > 0 else { return }
        let bytes = start.assumingMemoryBound(to: UInt8.self)
        guard let count = Int32(exactly: buffer.count), RAND_bytes(bytes, count) == 1 else {
            preconditionFailure("no random bytes to be had: \(OpenSSLError.take())")
        }
    }
}
