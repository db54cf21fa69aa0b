/// JSON strings (RFC 8259 §7) and arrays (§5).
package enum JSONText {
    /// The text as it stands between the quotes of a JSON string.
    package static func escape(_ text: String) -> String {
        var bytes: [UInt8] = []
        appendEscaped(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text as a JSON string, quotes included.
    package static func quoted(_ text: String) -> String {
        "\"\(escape(text))\""
    }

    /// An array of values that are JSON already.
    package static func array(_ values: [[UInt8]]) -> [UInt8] {
        [UInt8(ascii: "[")] + values.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
    }

    /// Adds the text as a JSON string, quotes included.
    static func appendString(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        appendEscaped(text, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    private static func appendEscaped(_ text: String, to bytes: inout [UInt8]) {
        // Most texts lie in one piece and hold nothing to escape.
        let isPlain = text.utf8.withContiguousStorageIfAvailable { text in
            let isPlain = text.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            if isPlain { bytes.append(contentsOf: text) }
            return isPlain
        }
        if isPlain == true { return }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += #"\""#.utf8
            case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
            case UInt8(ascii: "\n"): bytes += #"\n"#.utf8
            case UInt8(ascii: "\r"): bytes += #"\r"#.utf8
            case UInt8(ascii: "\t"): bytes += #"\t"#.utf8
            // RFC 8259 §7: control characters must be escaped.
            case 0..<0x20: bytes += (#"\u00"# + (byte < 0x10 ? "0" : "") + String(byte, radix: 16)).utf8
            default: bytes.append(byte)
            }
        }
    }
}
