/// The masking of payloads (RFC 6455 §5.3): byte `i` of the payload is combined with byte `i mod 4` of the key. Doing
/// it twice undoes it.
package enum Masking {
    /// Masks or unmasks bytes in place, eight at a time. `offset` is where in the payload the first of them stands.
    package static func apply(_ key: UInt32, offset: UInt64 = 0, to bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { apply(key, offset: offset, to: $0) }
    }

    /// Masks or unmasks bytes in place, eight at a time. `offset` is where in the payload the first of them stands.
    package static func apply(_ key: UInt32, offset: UInt64 = 0, to bytes: UnsafeMutableRawBufferPointer) {
        let turned = rotated(key, by: offset)
        let word = (UInt64(turned) << 32 | UInt64(turned)).bigEndian
        let wholeWords = bytes.count & ~7
        for position in stride(from: 0, to: wholeWords, by: 8) {
            let masked = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self) ^ word
            bytes.storeBytes(of: masked, toByteOffset: position, as: UInt64.self)
        }
        for position in wholeWords..<bytes.count {
            bytes[position] ^= UInt8(truncatingIfNeeded: turned >> UInt32(24 - 8 * (position & 3)))
        }
    }

    /// The key as it applies from `offset` on.
    private static func rotated(_ key: UInt32, by offset: UInt64) -> UInt32 {
        let bits = UInt32(truncatingIfNeeded: offset & 3) * 8
        return key << bits | key >> (32 - bits)
    }
}
