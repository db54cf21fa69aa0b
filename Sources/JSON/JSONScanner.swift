import Bytes

/// Finds single top-level members of a JSON object without building a document: enough to tell a provider's messages
/// apart.
///
/// Strict (RFC 8259), so that a text is recognised only when the provider's own parser would read it: nil for anything
/// that is not one whole object, for trailing bytes, and for nesting deeper than `maxDepth`. A repeated member counts
/// as its last one, as in Python's and JavaScript's parsers. What is not asked for is skipped without allocating;
/// nothing recurses.
package enum JSONScanner {
    /// The top-level member `name` as text, its escapes decoded; nil when it is missing or not a string.
    package static func topLevelString(_ name: String, in json: RawSpan) -> String? {
        guard let value = json.lastMember(name), json.byte(at: value.lowerBound) == UInt8(ascii: "\"") else {
            return nil
        }
        return json.decodedString(value)
    }

    /// The top-level member `name` as an integer; nil when it is missing, has a fraction or exponent, or does not fit.
    package static func topLevelInteger(_ name: String, in json: RawSpan) -> Int? {
        guard let value = json.lastMember(name) else { return nil }
        return Int(String(decoding: [UInt8](json.extracting(value)), as: UTF8.self))
    }

    /// The top-level member `name` as a truth value; nil when it is missing or something else.
    package static func topLevelBoolean(_ name: String, in json: RawSpan) -> Bool? {
        guard let value = json.lastMember(name) else { return nil }
        return Bool(String(decoding: [UInt8](json.extracting(value)), as: UTF8.self))
    }

    /// Deeper than any message of the provider; one bit of a word for each open container.
    static var maxDepth: Int { UInt64.bitWidth }
}

/// The grammar of RFC 8259. Each `skip` moves `position` behind what it names and is false when that does not stand
/// there.
extension RawSpan {
    /// Where the value of the object's last member `name` stands; nil when it has none or this is not one whole object.
    fileprivate func lastMember(_ name: String) -> Range<Int>? {
        var position = 0
        var found: Range<Int>?
        guard skip("{", &position) else { return nil }
        if !skip("}", &position) {
            repeat {
                guard let memberName = string(&position), skip(":", &position) else { return nil }
                skipWhitespace(&position)
                let start = position
                guard skipValue(&position) else { return nil }
                if isString(memberName, name) { found = start..<position }
            } while skip(",", &position)
            guard skip("}", &position) else { return nil }
        }
        skipWhitespace(&position)
        return position == byteCount ? found : nil
    }

    private func skipValue(_ position: inout Int) -> Bool {
        var containers = OpenContainers()
        repeat {
            if skip("{", &position) {
                guard containers.open(.object) else { return false }
                if !skip("}", &position) {
                    guard skipName(&position) else { return false }
                    continue
                }
                containers.close()
            } else if skip("[", &position) {
                guard containers.open(.array) else { return false }
                if !skip("]", &position) { continue }
                containers.close()
            } else {
                guard skipScalar(&position) else { return false }
            }
            guard skipEnds(of: &containers, &position) else { return false }
        } while !containers.isEmpty
        return true
    }

    /// Behind a value: closes the containers that end here, and stops before the next value of one that goes on.
    private func skipEnds(of containers: inout OpenContainers, _ position: inout Int) -> Bool {
        while let container = containers.innermost {
            if skip(",", &position) { return container == .array || skipName(&position) }
            guard skip(container == .array ? "]" : "}", &position) else { return false }
            containers.close()
        }
        return true
    }

    private func skipName(_ position: inout Int) -> Bool {
        string(&position) != nil && skip(":", &position)
    }

    private func skipScalar(_ position: inout Int) -> Bool {
        skipWhitespace(&position)
        switch byte(at: position) {
        case UInt8(ascii: "\""): return string(&position) != nil
        case UInt8(ascii: "t"): return skipLiteral("true", &position)
        case UInt8(ascii: "f"): return skipLiteral("false", &position)
        case UInt8(ascii: "n"): return skipLiteral("null", &position)
        default: return skipNumber(&position)
        }
    }

    func skipLiteral(_ literal: StaticString, _ position: inout Int) -> Bool {
        for expected in UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount) {
            guard byte(at: position) == expected else { return false }
            position += 1
        }
        return true
    }

    /// `number = [ "-" ] int [ frac ] [ exp ]` (RFC 8259 §6); no leading zero.
    func skipNumber(_ position: inout Int) -> Bool {
        skipOptional("-", &position)
        if byte(at: position) == UInt8(ascii: "0") {
            position += 1
        } else {
            guard skipDigits(&position) else { return false }
        }
        if skipOptional(".", &position) {
            guard skipDigits(&position) else { return false }
        }
        if skipOptional("e", &position) || skipOptional("E", &position) {
            if !skipOptional("+", &position) { skipOptional("-", &position) }
            guard skipDigits(&position) else { return false }
        }
        return true
    }

    private func skipDigits(_ position: inout Int) -> Bool {
        let start = position
        while let byte = byte(at: position), byte.decimalDigit != nil { position += 1 }
        return position > start
    }

    /// Skips whitespace and then the character.
    func skip(_ character: Unicode.Scalar, _ position: inout Int) -> Bool {
        skipWhitespace(&position)
        return skipOptional(character, &position)
    }

    @discardableResult
    private func skipOptional(_ character: Unicode.Scalar, _ position: inout Int) -> Bool {
        guard byte(at: position) == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// `ws = *( SP / HTAB / LF / CR )` (RFC 8259 §2)
    func skipWhitespace(_ position: inout Int) {
        while let byte = byte(at: position), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
            position += 1
        }
    }
}

/// JSON strings in place (RFC 8259 §7).
extension RawSpan {
    /// Skips a string, checks its escapes, and tells where it stands, quotes included.
    func string(_ position: inout Int) -> Range<Int>? {
        skipWhitespace(&position)
        let start = position
        guard skipOptional("\"", &position) else { return nil }
        while let byte = byte(at: position) {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return start..<position
            case UInt8(ascii: "\\"):
                guard escapedUnit(&position) != nil else { return nil }
            // RFC 8259 §7: control characters must be escaped.
            case 0..<0x20: return nil
            default: break
            }
        }
        return nil
    }

    /// Whether the string at `range` reads `text`. Allocates only when it has escapes.
    private func isString(_ range: Range<Int>, _ text: String) -> Bool {
        let content = extracting(range.lowerBound + 1..<range.upperBound - 1)
        guard content.firstOffset(of: UInt8(ascii: "\\"), from: 0) == nil else {
            return decodedString(range).map { $0.utf8.elementsEqual(text.utf8) } ?? false
        }
        return content.withUnsafeBytes { $0.elementsEqual(text.utf8) }
    }

    /// The text of the string at `range`; nil when it is not UTF-8. A surrogate without its other half becomes U+FFFD.
    func decodedString(_ range: Range<Int>) -> String? {
        var bytes: [UInt8] = []
        var units: [UInt16] = []
        var position = range.lowerBound + 1
        while position < range.upperBound - 1, let byte = byte(at: position) {
            position += 1
            if byte == UInt8(ascii: "\\"), let unit = escapedUnit(&position) {
                // Two escapes in a row may be the halves of one character.
                units.append(unit)
                continue
            }
            Self.move(&units, to: &bytes)
            bytes.append(byte)
        }
        Self.move(&units, to: &bytes)
        return String(validating: bytes, as: UTF8.self)
    }

    private static func move(_ units: inout [UInt16], to bytes: inout [UInt8]) {
        guard !units.isEmpty else { return }
        bytes += String(decoding: units, as: UTF16.self).utf8
        units.removeAll(keepingCapacity: true)
    }

    /// Reads what follows a backslash, as one unit of UTF-16; nil when it is no escape.
    private func escapedUnit(_ position: inout Int) -> UInt16? {
        guard let byte = byte(at: position) else { return nil }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(byte)
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"): return hexUnit(&position)
        default: return nil
        }
    }

    private func hexUnit(_ position: inout Int) -> UInt16? {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = byte(at: position)?.hexDigit else { return nil }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }
}

/// The containers around a position, outermost first, one bit each.
private struct OpenContainers {
    enum Container { case array, object }

    private var bits: UInt64 = 0
    private var depth = 0

    var isEmpty: Bool { depth == 0 }

    var innermost: Container? {
        guard depth > 0 else { return nil }
        return bits & 1 == 1 ? .object : .array
    }

    /// False when there is no room for one more.
    mutating func open(_ container: Container) -> Bool {
        guard depth < JSONScanner.maxDepth else { return false }
        bits = bits << 1 | (container == .object ? 1 : 0)
        depth += 1
        return true
    }

    mutating func close() {
        bits >>= 1
        depth -= 1
    }
}
