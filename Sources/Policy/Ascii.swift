/// The few character classes that names, hosts and addresses are made of.
enum Ascii {
    static func isLowercaseLetter(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }

    static func isUppercaseLetter(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") }

    static func isLetter(_ byte: UInt8) -> Bool { isLowercaseLetter(byte) || isUppercaseLetter(byte) }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}

extension String {
    /// The text with `A-Z` folded to `a-z` and every other byte as it was: what host names and schemes compare by.
    var asciiLowercased: String {
        String(decoding: utf8.map { Ascii.isUppercaseLetter($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}

/// `us, eu or edge`: a list as a sentence has it.
func listed(_ items: [String], or conjunction: String = "or") -> String {
    guard let last = items.last, items.count > 1 else { return items.first ?? "none" }
    return items.dropLast().joined(separator: ", ") + " \(conjunction) " + last
}
