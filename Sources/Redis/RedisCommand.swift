import Crypto

/// A command as it goes over the wire: an array of bulk strings (RESP, version 2).
package enum RedisCommand {
    /// The bytes of a command and its arguments.
    package static func bytes(_ words: [String]) -> [UInt8] {
        var bytes = Array("*\(words.count)\r\n".utf8)
        for word in words {
            bytes += "$\(word.utf8.count)\r\n".utf8
            bytes += word.utf8
            bytes += "\r\n".utf8
        }
        return bytes
    }

    /// `AUTH`, which holds a password: nothing of it lies anywhere else.
    ///
    /// - Parameter user: nil: the server's default one.
    package static func authenticate(as user: String?, with password: Secret) -> Secret {
        let words = ["AUTH"] + (user.map { [$0] } ?? [])
        var head = bytes(words)
        // One word more than is written so far.
        head.replaceSubrange(0..<(head.firstIndex(of: UInt8(ascii: "\r")) ?? 0), with: "*\(words.count + 1)".utf8)
        head += "$\(password.count)\r\n".utf8
        let end = Array("\r\n".utf8)
        return Secret(capacity: head.count + password.count + end.count) { memory in
            memory.copyBytes(from: head)
            password.withBytes { UnsafeMutableRawBufferPointer(rebasing: memory[head.count...]).copyMemory(from: $0) }
            UnsafeMutableRawBufferPointer(rebasing: memory[(head.count + password.count)...]).copyBytes(from: end)
            return memory.count
        }
    }
}
