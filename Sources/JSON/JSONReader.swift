import Bytes

/// Reads whole JSON texts (RFC 8259) of others, strictly: what two parsers could read in two ways is not read at all.
package enum JSONReader {
    /// The value that `json` holds; nil when it is not one JSON text in UTF-8, when containers stand deeper in each other
    /// than `maxDepth`, and when an object has two members of one name.
    package static func read(_ json: [UInt8]) -> JSONTree? {
        let span = json.span.bytes
        var position = 0
        guard let value = span.value(&position, depth: 0) else { return nil }
        span.skipWhitespace(&position)
        return position == span.byteCount ? value : nil
    }

    /// Deeper than any key set or set of claims; it bounds the recursion.
    package static let maxDepth = 16
}

extension RawSpan {
    fileprivate func value(_ position: inout Int, depth: Int) -> JSONTree? {
        skipWhitespace(&position)
        switch byte(at: position) {
        case UInt8(ascii: "{"): return object(&position, depth: depth)
        case UInt8(ascii: "["): return list(&position, depth: depth)
        case UInt8(ascii: "\""): return text(&position).map { .text($0) }
        case UInt8(ascii: "t"): return skipLiteral("true", &position) ? .bool(true) : nil
        case UInt8(ascii: "f"): return skipLiteral("false", &position) ? .bool(false) : nil
        case UInt8(ascii: "n"): return skipLiteral("null", &position) ? .null : nil
        default: return number(&position)
        }
    }

    private func object(_ position: inout Int, depth: Int) -> JSONTree? {
        guard depth < JSONReader.maxDepth, skip("{", &position) else { return nil }
        if skip("}", &position) { return .object([]) }
        var members: [JSONTree.Member] = []
        var names: Set<String> = []
        repeat {
            // RFC 8259 §4: with two members of one name, parsers differ in which one counts.
            guard let name = text(&position), names.insert(name).inserted, skip(":", &position),
                let value = value(&position, depth: depth + 1)
            else { return nil }
            members.append(JSONTree.Member(name, value))
        } while skip(",", &position)
        return skip("}", &position) ? .object(members) : nil
    }

    private func list(_ position: inout Int, depth: Int) -> JSONTree? {
        guard depth < JSONReader.maxDepth, skip("[", &position) else { return nil }
        if skip("]", &position) { return .list([]) }
        var items: [JSONTree] = []
        repeat {
            guard let item = value(&position, depth: depth + 1) else { return nil }
            items.append(item)
        } while skip(",", &position)
        return skip("]", &position) ? .list(items) : nil
    }

    private func text(_ position: inout Int) -> String? {
        guard let range = string(&position) else { return nil }
        return decodedString(range)
    }

    private func number(_ position: inout Int) -> JSONTree? {
        let start = position
        guard skipNumber(&position) else { return nil }
        return .number(String(decoding: [UInt8](extracting(start..<position)), as: UTF8.self))
    }
}
