/// Writes one JSON object, its members in the order they are added.
package struct JSONObjectWriter: Sendable {
    private var bytes = [UInt8(ascii: "{")]

    /// An object without members.
    package init() {}

    /// Adds a member with a string.
    package mutating func member(_ name: String, _ value: String) {
        appendName(name)
        JSONText.appendString(value, to: &bytes)
    }

    /// Adds a member with a number.
    package mutating func member(_ name: String, _ value: Int) {
        appendName(name)
        bytes += String(value).utf8
    }

    /// Adds a member with `true` or `false`.
    package mutating func member(_ name: String, _ value: Bool) {
        appendName(name)
        bytes += (value ? "true" : "false").utf8
    }

    /// Adds a member with a value that is JSON already.
    package mutating func member(_ name: String, json value: [UInt8]) {
        appendName(name)
        bytes += value
    }

    /// The object's bytes so far, without the brace that ends it.
    package var unfinished: [UInt8] { bytes }

    /// The object's bytes. Members may still be added afterwards.
    package var json: [UInt8] { bytes + [UInt8(ascii: "}")] }

    /// The object so far, as text.
    package var text: String { String(decoding: json, as: UTF8.self) }

    private mutating func appendName(_ name: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        JSONText.appendString(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }
}
