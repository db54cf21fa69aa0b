/// Reads a subject as RFC 4514 writes it: `CN=device+OU=field,O=Acme\, Inc.`.
///
/// Beyond the RFC it takes blanks around the marks, as people write them; a blank that belongs to a value's edge is escaped.
struct SubjectReader {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) {
        rest = Array(text.utf8)[...]
    }

    /// All parts of the subject, or `nil` when the text is none.
    mutating func parts() -> [CertificateName.Part]? {
        var parts: [CertificateName.Part] = []
        while true {
            guard let part = part() else { return nil }
            parts.append(part)
            guard let mark = rest.popFirst() else { return parts }
            guard mark == UInt8(ascii: ",") else { return nil }
        }
    }

    /// One level: values with `+` in between. The same twice would be lost in a set, and is no proper name (X.501 §9.3).
    private mutating func part() -> CertificateName.Part? {
        var part: CertificateName.Part = []
        while true {
            guard let attribute = attribute(), part.insert(attribute).inserted else { return nil }
            guard rest.first == UInt8(ascii: "+") else { return part }
            rest.removeFirst()
        }
    }

    private mutating func attribute() -> CertificateName.Attribute? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "=")),
            let type = SubjectReader.type(String(decoding: rest[..<end], as: UTF8.self).trimmingBlanks)
        else { return nil }
        rest = rest[(end + 1)...]
        skipBlanks()
        let isEncoded = rest.first == UInt8(ascii: "#")
        guard let value = value(), !value.isEmpty, !isEncoded || SubjectReader.isEncoding(value) else { return nil }
        return CertificateName.Attribute(
            type: type, value: isEncoded ? value.map(SubjectReader.lowercased) : value, isEncoded: isEncoded)
    }

    /// RFC 4512 §1.4: a short name such as `CN`, or numbers with dots in between.
    private static func type(_ text: String) -> String? {
        let bytes = text.utf8
        guard let first = bytes.first else { return nil }
        let isName =
            Ascii.isLetter(first)
            && bytes.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || $0 == UInt8(ascii: "-") }
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false)
        let isNumber = numbers.count > 1 && numbers.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(Ascii.isDigit) }
        return isName || isNumber ? text.asciiLowercased : nil
    }

    /// The value without its escapes, up to the next mark. What must be escaped and is not makes it none.
    private mutating func value() -> [UInt8]? {
        var value: [UInt8] = []
        // Blanks behind the last byte that counts are no part of the value, unless they are escaped.
        var count = 0
        while let byte = rest.first, byte != UInt8(ascii: ","), byte != UInt8(ascii: "+") {
            rest.removeFirst()
            if byte == UInt8(ascii: "\\") {
                guard let escaped = escaped() else { return nil }
                value.append(escaped)
                count = value.count
            } else {
                // RFC 4514 §3: these stand only behind a backslash.
                guard !"\";<>\0".utf8.contains(byte) else { return nil }
                value.append(byte)
                if byte != UInt8(ascii: " ") { count = value.count }
            }
        }
        return Array(value.prefix(count))
    }

    /// What stands for one byte behind a backslash: two hexadecimal digits, or a mark.
    private mutating func escaped() -> UInt8? {
        guard let first = rest.popFirst() else { return nil }
        if let high = SubjectReader.digit(first) {
            guard let low = rest.popFirst().flatMap(SubjectReader.digit) else { return nil }
            return high << 4 | low
        }
        return "\\\" #=+,;<>".utf8.contains(first) ? first : nil
    }

    private mutating func skipBlanks() {
        rest = rest.drop { $0 == UInt8(ascii: " ") }
    }

    /// RFC 4514 §2.4: `#` and pairs of hexadecimal digits.
    private static func isEncoding(_ value: [UInt8]) -> Bool {
        value.count > 2 && value.count % 2 == 1 && value.dropFirst().allSatisfy { digit($0) != nil }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        Ascii.isUppercaseLetter(byte) ? byte | 0x20 : byte
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension StringProtocol {
    /// Without the blanks at its ends.
    var trimmingBlanks: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = String(drop(while: isBlank))
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text
    }
}
