/// Bytes as base64 text, in one of its two alphabets.
package enum Base64: Sendable {
    /// RFC 4648 §4: `+` and `/`, padded with `=`.
    case standard
    /// RFC 4648 §5: `-` and `_`, without padding, as tokens and JWTs write it (RFC 7515 §2).
    case url

    /// The text for `bytes`.
    package func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            appendGroup(group, to: &text)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that `text` stands for; nil when it is not the one text that `encode` writes for them.
    ///
    /// RFC 4648 §3.5: a second spelling (spare bits set, padding missing or added, line breaks) is refused, so that a
    /// credential has one form only.
    package func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var pending: UInt32 = 0
        var pendingBits = 0
        for character in unpadded(text) {
            guard let value = value(of: character) else { return nil }
            pending = (pending << 6 | value) & 0xFFFF
            pendingBits += 6
            guard pendingBits >= 8 else { continue }
            pendingBits -= 8
            bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(pendingBits)))
        }
        return encode(bytes) == text ? bytes : nil
    }

    private func appendGroup(_ group: ArraySlice<UInt8>, to text: inout [UInt8]) {
        var bits: UInt32 = 0
        for byte in group { bits = bits << 8 | UInt32(byte) }
        bits <<= UInt32(8 * (3 - group.count))
        for place in 0...group.count {
            text.append(symbol(for: bits >> UInt32(18 - 6 * place) & 63))
        }
        if self == .standard {
            for _ in group.count..<3 { text.append(UInt8(ascii: "=")) }
        }
    }

    private func unpadded(_ text: some StringProtocol) -> Substring.UTF8View {
        var end = Substring(text)
        while self == .standard, end.utf8.last == UInt8(ascii: "=") { end = end.dropLast() }
        return end.utf8
    }

    private func symbol(for value: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: value)
        return switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + (value - 26)
        case 52..<62: UInt8(ascii: "0") + (value - 52)
        case 62: self == .url ? UInt8(ascii: "-") : UInt8(ascii: "+")
        default: self == .url ? UInt8(ascii: "_") : UInt8(ascii: "/")
        }
    }

    private func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a") + 26)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0") + 52)
        case symbol(for: 62): 62
        case symbol(for: 63): 63
        default: nil
        }
    }
}
