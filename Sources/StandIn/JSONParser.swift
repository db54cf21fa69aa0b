/// What is wrong with a text that should be JSON, in the words of Python's decoder, which the provider shows to
/// clients: `Expecting value: line 1 column 1 (char 0)`.
package struct JSONFault: Error, Equatable {
    package var description: String
}

extension JSONValue {
    /// Parses one JSON text (RFC 8259).
    /// - Throws: the fault that Python's decoder would report first.
    package init(parsing text: String) throws(JSONFault) {
        var parser = JSONParser(text: Array(text.unicodeScalars))
        self = try parser.document()
    }
}

/// A recursive-descent parser over scalars, because Python counts columns in code points.
private struct JSONParser {
    /// Deeper nesting than any message has, and shallow enough for a small thread stack.
    static let maxDepth = 128

    let text: [Unicode.Scalar]
    var position = 0

    mutating func document() throws(JSONFault) -> JSONValue {
        skipSpace()
        let value = try value(depth: 0)
        skipSpace()
        guard position == text.count else { throw fault("Extra data", at: position) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONFault) -> JSONValue {
        guard depth < Self.maxDepth else { throw fault("Expecting value", at: position) }
        switch next {
        case "{": return try object(depth: depth)
        case "[": return try array(depth: depth)
        case "\"": return .string(try string())
        case "t": return try literal("true", .bool(true))
        case "f": return try literal("false", .bool(false))
        case "n": return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(JSONFault) -> JSONValue {
        position += 1
        skipSpace()
        var members: [JSONValue.Member] = []
        if take("}") { return .object(members) }
        while true {
            guard next == "\"" else {
                throw fault("Expecting property name enclosed in double quotes", at: position)
            }
            let name = try string()
            skipSpace()
            guard take(":") else { throw fault("Expecting ':' delimiter", at: position) }
            skipSpace()
            members.append(JSONValue.Member(name, try value(depth: depth + 1)))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw fault("Expecting ',' delimiter", at: position) }
            skipSpace()
        }
    }

    private mutating func array(depth: Int) throws(JSONFault) -> JSONValue {
        position += 1
        skipSpace()
        var items: [JSONValue] = []
        if take("]") { return .array(items) }
        while true {
            items.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(items) }
            guard take(",") else { throw fault("Expecting ',' delimiter", at: position) }
            skipSpace()
        }
    }

    private mutating func string() throws(JSONFault) -> String {
        let start = position
        position += 1
        var string = String.UnicodeScalarView()
        while let scalar = next {
            if scalar == "\"" {
                position += 1
                return String(string)
            }
            guard scalar.value >= 0x20 else { throw fault("Invalid control character at", at: position) }
            string.append(scalar == "\\" ? try escape(from: start) : scalar)
            position += 1
        }
        throw fault("Unterminated string starting at", at: start)
    }

    /// Reads an escape up to its last character, which the caller steps over.
    private mutating func escape(from start: Int) throws(JSONFault) -> Unicode.Scalar {
        let backslash = position
        position += 1
        switch next {
        case nil: throw fault("Unterminated string starting at", at: start)
        case "\"": return "\""
        case "\\": return "\\"
        case "/": return "/"
        case "b": return "\u{8}"
        case "f": return "\u{c}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": return try unicodeEscape()
        default: throw fault("Invalid \\escape", at: backslash)
        }
    }

    /// RFC 8259 §7: characters beyond the first plane are written as two escapes, a surrogate pair.
    private mutating func unicodeEscape() throws(JSONFault) -> Unicode.Scalar {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        let resume = position
        guard (0xD800..<0xDC00).contains(first), scalar(at: 1) == "\\", scalar(at: 2) == "u" else { return "\u{FFFD}" }
        position += 2
        let second = try codeUnit()
        guard (0xDC00..<0xE000).contains(second) else {
            position = resume
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
    }

    /// The four digits after the `u` at `position`; leaves `position` at the last of them.
    private mutating func codeUnit() throws(JSONFault) -> UInt32 {
        var unit: UInt32 = 0
        for place in 1...4 {
            guard let digit = scalar(at: place)?.hexadecimalValue else {
                throw fault("Invalid \\uXXXX escape", at: position)
            }
            unit = unit << 4 | digit
        }
        position += 4
        return unit
    }

    private mutating func literal(_ word: String, _ value: JSONValue) throws(JSONFault) -> JSONValue {
        let start = position
        for expected in word.unicodeScalars {
            guard take(expected) else { throw fault("Expecting value", at: start) }
        }
        return value
    }

    /// RFC 8259 §6: `-`, an integer part without leading zeros, then an optional fraction and exponent.
    private mutating func number() throws(JSONFault) -> JSONValue {
        let start = position
        _ = take("-")
        guard takeDigits(leadingZero: false) else { throw fault("Expecting value", at: start) }
        let integerEnd = position
        takeFraction()
        takeExponent()
        let spelling = String(String.UnicodeScalarView(text[start..<position]))
        if position == integerEnd, let integer = Int64(spelling) { return .integer(integer) }
        guard let number = Double(spelling) else { throw fault("Expecting value", at: start) }
        return .number(number)
    }

    private mutating func takeFraction() {
        let start = position
        if take("."), !takeDigits(leadingZero: true) { position = start }
    }

    private mutating func takeExponent() {
        let start = position
        guard take("e") || take("E") else { return }
        if !take("+") { _ = take("-") }
        if !takeDigits(leadingZero: true) { position = start }
    }

    private mutating func takeDigits(leadingZero: Bool) -> Bool {
        if !leadingZero, take("0") { return true }
        let start = position
        while let scalar = next, ("0"..."9").contains(scalar) { position += 1 }
        return position > start
    }

    private var next: Unicode.Scalar? { scalar(at: 0) }

    private func scalar(at offset: Int) -> Unicode.Scalar? {
        position + offset < text.count ? text[position + offset] : nil
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let scalar = next, scalar == " " || scalar == "\n" || scalar == "\r" || scalar == "\t" { position += 1 }
    }

    private func fault(_ what: String, at place: Int) -> JSONFault {
        let before = text[..<min(place, text.count)]
        let line = before.count { $0 == "\n" } + 1
        let column = place - (before.lastIndex(of: "\n") ?? -1)
        return JSONFault(description: "\(what): line \(line) column \(column) (char \(place))")
    }
}

extension Unicode.Scalar {
    fileprivate var hexadecimalValue: UInt32? {
        switch self {
        case "0"..."9": value - 0x30
        case "a"..."f": value - 0x61 + 10
        case "A"..."F": value - 0x41 + 10
        default: nil
        }
    }
}
