/// SHA-1 (FIPS 180-4 §6.1), for the accept key only, where it guards nothing: RFC 6455 §4.2.2 uses it to show that the
/// server read the handshake. Everything that must resist anybody uses `Crypto`.
enum SHA1 {
    /// The 20 bytes of the digest.
    static func digest(_ message: [UInt8]) -> [UInt8] {
        var state: State = (0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0)
        let padded = padded(message)
        for start in stride(from: 0, to: padded.count, by: 64) {
            process(schedule(padded[start..<start + 64]), into: &state)
        }
        return [state.0, state.1, state.2, state.3, state.4].flatMap(bigEndianBytes)
    }

    private typealias State = (UInt32, UInt32, UInt32, UInt32, UInt32)

    /// The message, a 1 bit, zeros, and the length in bits, to a multiple of 64 bytes (§5.1.1).
    private static func padded(_ message: [UInt8]) -> [UInt8] {
        let zeros = (119 - message.count % 64) % 64
        let length = UInt64(message.count) * 8
        return message + [0x80] + [UInt8](repeating: 0, count: zeros)
            + bigEndianBytes(UInt32(truncatingIfNeeded: length >> 32))
            + bigEndianBytes(UInt32(truncatingIfNeeded: length))
    }

    private static func schedule(_ block: ArraySlice<UInt8>) -> [UInt32] {
        var words = stride(from: block.startIndex, to: block.endIndex, by: 4).map { start in
            block[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
        for round in 16..<80 {
            words.append(rotated(words[round - 3] ^ words[round - 8] ^ words[round - 14] ^ words[round - 16], by: 1))
        }
        return words
    }

    private static func process(_ words: [UInt32], into state: inout State) {
        var (a, b, c, d, e) = state
        for (round, word) in words.enumerated() {
            let (mixed, constant): (UInt32, UInt32) =
                switch round {
                case 0..<20: (b & c | ~b & d, 0x5A82_7999)
                case 20..<40: (b ^ c ^ d, 0x6ED9_EBA1)
                case 40..<60: (b & c | b & d | c & d, 0x8F1B_BCDC)
                default: (b ^ c ^ d, 0xCA62_C1D6)
                }
            let next = rotated(a, by: 5) &+ mixed &+ e &+ constant &+ word
            (a, b, c, d, e) = (next, a, rotated(b, by: 30), c, d)
        }
        state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e)
    }

    private static func rotated(_ word: UInt32, by bits: UInt32) -> UInt32 {
        word << bits | word >> (32 - bits)
    }

    private static func bigEndianBytes(_ word: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
    }
}
