import Crypto
import Glibc

/// Keeps a zone's provider key from coming back to clients: servers have put the credential they were shown into error
/// messages and close reasons.
///
/// The key is written over where it stands, byte for byte, so frames keep their lengths and text stays UTF-8. It is looked
/// for in whatever is written at once: whole for messages small enough to be held, and for longer ones unless a read ends
/// in the middle of it.
struct KeyScreen {
    private let key: Secret

    /// Shorter text could stand in a transcript by chance; no provider's key is as short.
    private static let minKeyBytes = 16

    /// Nil for a key too short to be told from other text.
    init?(_ key: Secret) {
        guard key.count >= Self.minKeyBytes else { return nil }
        self.key = key
    }

    /// Lends `bytes` to `body`, without the key.
    func pass(_ bytes: RawSpan, to body: (RawSpan) -> Void) {
        guard offset(in: bytes, from: 0) != nil else { return body(bytes) }
        body(overwritten(bytes).span.bytes)
    }

    private func overwritten(_ bytes: RawSpan) -> [UInt8] {
        var copy = bytes.withUnsafeBytes { Array($0) }
        var start = 0
        while let found = offset(in: bytes, from: start) {
            for index in found..<found + key.count { copy[index] = UInt8(ascii: "*") }
            start = found + key.count
        }
        return copy
    }

    /// Where the key stands at or after `start`. libc finds its first byte many bytes at a time: this is on the data path.
    private func offset(in bytes: RawSpan, from start: Int) -> Int? {
        key.withBytes { key in
            bytes.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress, let first = key.first else { return nil }
                var start = start
                while start + key.count <= bytes.count {
                    let room = bytes.count - key.count + 1 - start
                    guard let found = memchr(base + start, Int32(first), room) else { return nil }
                    let offset = base.distance(to: found)
                    if let wanted = key.baseAddress, memcmp(found, wanted, key.count) == 0 { return offset }
                    start = offset + 1
                }
                return nil
            }
        }
    }
}
