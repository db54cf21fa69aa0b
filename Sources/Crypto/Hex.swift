/// Bytes as hexadecimal text (RFC 4648 §8).
package enum Hex {
    /// Two lower-case digits for each byte.
    package static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
            for (index, byte) in bytes.enumerated() {
                text[2 * index] = digit(byte >> 4)
                text[2 * index + 1] = digit(byte & 15)
            }
            return 2 * bytes.count
        }
    }

    /// The bytes that `text` stands for, in either case; nil when it is not an even number of hexadecimal digits.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        return decode(text.utf8, into: { bytes.append($0) }) ? bytes : nil
    }

    /// The same for text that is a secret; so is what it stands for.
    package static func decode(_ text: Secret) -> Secret? {
        text.withBytes(decodeSecret)
    }

    /// The same for text that lies in memory of somebody else's.
    package static func decodeSecret(_ text: UnsafeRawBufferPointer) -> Secret? {
        var isHex = false
        let bytes = Secret(capacity: text.count / 2) { memory in
            var count = 0
            isHex = decode(text) { byte in
                memory[count] = byte
                count += 1
            }
            return count
        }
        return isHex ? bytes : nil
    }

    private static func decode(_ text: some Sequence<UInt8>, into take: (UInt8) -> Void) -> Bool {
        var high: UInt8?
        for character in text {
            guard let value = value(of: character) else { return false }
            if let first = high {
                take(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
