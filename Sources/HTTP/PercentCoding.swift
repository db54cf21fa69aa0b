import Bytes

/// Percent-encoding of query parameters (RFC 3986 §2.1), with `+` for a space as forms write it.
enum PercentCoding {
    /// The text behind a parameter's name or value. A `%` without two digits stays as it is; bytes that are not UTF-8
    /// become U+FFFD.
    static func decode(_ encoded: some Collection<UInt8>) -> String {
        String(decoding: decodedBytes(encoded), as: UTF8.self)
    }

    /// The same as bytes, of which none is lost.
    static func decodedBytes(_ encoded: some Collection<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encoded.count)
        var rest = encoded[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"): bytes.append(popEscape(&rest) ?? byte)
            default: bytes.append(byte)
            }
        }
        return bytes
    }

    /// The text with everything but unreserved characters (RFC 3986 §2.3) escaped.
    static func encode(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if unreserved.contains(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func popEscape<Bytes: Collection<UInt8>>(_ rest: inout Bytes) -> UInt8?
    where Bytes == Bytes.SubSequence {
        let digits = rest.prefix(2).compactMap(\.hexDigit)
        guard digits.count == 2 else { return nil }
        rest.removeFirst(2)
        return digits[0] << 4 | digits[1]
    }

    private static let unreserved = CharacterClass("-._~" + CharacterClass.alphanumerics)
    private static let hexDigits = Array("0123456789ABCDEF".utf8)
}
