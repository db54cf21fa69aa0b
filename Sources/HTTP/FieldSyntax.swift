/// RFC 9110 §5 character classes, and the case-insensitive comparison that field names and many values ask for.
package enum FieldSyntax {
    /// RFC 9110 §5.6.2:
    /// ```
    /// tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." /
    ///         "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA
    /// ```
    static let tokenCharacters = CharacterClass("!#$%&'*+-.^_`|~" + CharacterClass.alphanumerics)

    /// Whether the text is `token = 1*tchar`: a method, a field name, a subprotocol.
    package static func isToken(_ text: some Collection<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy(tokenCharacters.contains)
    }

    /// Whether the byte may stand in a field value: `field-vchar = VCHAR / obs-text`, with SP and HTAB between them
    /// (RFC 9110 §5.5).
    static func isValueByte(_ byte: UInt8) -> Bool {
        byte >= 0x20 ? byte != 0x7F : byte == UInt8(ascii: "\t")
    }

    /// `OWS = *( SP / HTAB )` (RFC 9110 §5.6.3)
    static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    /// The bytes without the whitespace around them.
    static func trimmed<Bytes: BidirectionalCollection<UInt8>>(_ bytes: Bytes) -> Bytes.SubSequence {
        var rest = bytes[...].drop(while: isWhitespace)
        while let last = rest.last, isWhitespace(last) { rest.removeLast() }
        return rest
    }

    /// Whether two texts are the same but for the case of ASCII letters. Never folds anything outside ASCII.
    package static func equalIgnoringCase(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
        // Most names that a name is compared with are of another length, and that is known at once.
        guard left.utf8.count == right.utf8.count else { return false }
        // Texts lie in one piece, as a rule, and then bytes are compared with bytes.
        let areEqual = left.utf8.withContiguousStorageIfAvailable { left in
            right.utf8.withContiguousStorageIfAvailable { right in
                left.indices.allSatisfy { lowercased(left[$0]) == lowercased(right[$0]) }
            }
        }
        if let areEqual = areEqual ?? nil { return areEqual }
        return left.utf8.elementsEqual(right.utf8) { lowercased($0) == lowercased($1) }
    }

    /// The byte, an ASCII capital letter as its small one.
    static func lowercased(_ byte: UInt8) -> UInt8 {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
    }
}

/// A set of ASCII characters as one bit each. Bytes from 0x80 are in no class.
struct CharacterClass: Sendable {
    static let alphanumerics = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init(_ characters: String) {
        for byte in characters.utf8 where byte < 0x80 {
            let bit: UInt64 = 1 << UInt64(byte & 63)
            if byte < 64 { low |= bit } else { high |= bit }
        }
    }

    func contains(_ byte: UInt8) -> Bool {
        guard byte < 0x80 else { return false }
        return (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 == 1
    }
}
