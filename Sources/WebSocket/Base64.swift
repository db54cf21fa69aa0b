/// Base64 (RFC 4648 §4), as far as the opening handshake needs it.
enum Base64 {
    /// The text of the bytes, padded.
    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            let digits = [18, 12, 6, 0].map { alphabet[bits >> $0 & 63] }
            text += digits.prefix(group.count + 1)
            text += [UInt8](repeating: padding, count: 3 - group.count)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether the text decodes to exactly 16 bytes: 22 digits and two signs of padding.
    static func decodesTo16Bytes(_ text: String) -> Bool {
        let bytes = text.utf8
        return bytes.count == 24 && bytes.prefix(22).allSatisfy(alphabet.contains)
            && bytes.suffix(2).allSatisfy { $0 == padding }
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")
}
