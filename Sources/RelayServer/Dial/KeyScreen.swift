import Crypto
import Glibc

/// Keeps provider keys from coming back to clients: servers have put the credential they were shown into error messages and
/// close reasons.
///
/// A key is written over where it stands, byte for byte, so frames keep their lengths and text stays UTF-8. It is looked
/// for in whatever is read at once, before anything else looks at it, and in whatever is written at once: whole for messages
/// small enough to be held, and for longer ones unless a read ends in the middle of it.
struct KeyScreen {
    private let key: Secret
    /// The other key that was shown to the same endpoint, which only few sessions have.
    private let other: Secret?

    /// Shorter text could stand in a transcript by chance; no provider's key is as short.
    private static let minKeyBytes = 16

    /// Looks for the key, and for the one before it where that was shown too. Nil when they are too short to be told from
    /// other text.
    init?(_ key: Secret, _ other: Secret? = nil) {
        let keys = [key, other].compactMap(\.self).filter { $0.count >= Self.minKeyBytes }
        guard let first = keys.first else { return nil }
        self.key = first
        self.other = keys.dropFirst().first
    }

    /// Lends `bytes` to `body`, without the keys. Returns whether they held any: then the original is the caller's to wipe.
    @discardableResult
    func pass(_ bytes: RawSpan, to body: (RawSpan) -> Void) -> Bool {
        guard let other else { return pass(bytes, without: key, to: body) }
        var hasOther = false
        let hasKey = pass(bytes, without: key) { hasOther = pass($0, without: other, to: body) }
        return hasKey || hasOther
    }

    private func pass(_ bytes: RawSpan, without key: Secret, to body: (RawSpan) -> Void) -> Bool {
        guard offset(of: key, in: bytes, from: 0) != nil else {
            body(bytes)
            return false
        }
        body(overwritten(key, in: bytes).span.bytes)
        return true
    }

    private func overwritten(_ key: Secret, in bytes: RawSpan) -> [UInt8] {
        var copy = bytes.withUnsafeBytes { Array($0) }
        var start = 0
        while let found = offset(of: key, in: bytes, from: start) {
            for index in found..<found + key.count { copy[index] = UInt8(ascii: "*") }
            start = found + key.count
        }
        return copy
    }

    /// Where the key stands at or after `start`. libc finds its first byte many bytes at a time: this is on the data path.
    private func offset(of key: Secret, in bytes: RawSpan, from start: Int) -> Int? {
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
