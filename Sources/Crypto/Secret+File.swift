import Glibc

extension Secret {
    /// Reads a file straight into secret memory. Throws when it cannot be read, or is larger than `maxBytes`.
    package static func file(_ path: String, maxBytes: Int) throws(SecretFileError) -> Secret {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(code: errno) }
        defer { close(descriptor) }
        // Room for one byte more than there may be, to see whether there is.
        let contents = try Secret(capacity: maxBytes + 1) { (memory) throws(SecretFileError) in
            try read(descriptor, into: memory)
        }
        guard contents.count <= maxBytes else { throw .tooLarge }
        return contents.withBytes { Secret(copying: $0) }
    }

    /// Reads until the file ends or the memory is full.
    private static func read(
        _ descriptor: Int32, into memory: UnsafeMutableRawBufferPointer
    ) throws(SecretFileError) -> Int {
        var filled = 0
        while filled < memory.count, let start = memory.baseAddress {
            let count = Glibc.read(descriptor, start + filled, memory.count - filled)
            if count == 0 { break }
            if count > 0 { filled += count } else if errno != EINTR { throw .unreadable(code: errno) }
        }
        return filled
    }
}

/// Why a secret cannot be read from a file.
package enum SecretFileError: Error, Equatable {
    /// With the system's `errno`.
    case unreadable(code: Int32)
    case tooLarge
}
