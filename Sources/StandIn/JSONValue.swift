/// A JSON value (RFC 8259) that keeps the order of its members, because the provider's messages have one.
package enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A number written without fraction and exponent that fits 64 bits.
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One name and its value.
    package struct Member: Equatable, Sendable {
        /// The name, unescaped.
        package var name: String
        /// What it stands for.
        package var value: JSONValue

        package init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// The value of the last member called `name`, as Python reads duplicates; nil when there is none.
    package subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    /// The text of a string value.
    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The number of an integer value.
    package var integer: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// The number of an integer or fractional value.
    package var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }

    /// The truth of a boolean value.
    package var bool: Bool? {
        guard case .bool(let truth) = self else { return nil }
        return truth
    }

    /// The items of an array.
    package var items: [JSONValue]? {
        guard case .array(let items) = self else { return nil }
        return items
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    /// A string, written as a literal.
    package init(stringLiteral text: String) { self = .string(text) }
    /// A whole number, written as a literal.
    package init(integerLiteral number: Int64) { self = .integer(number) }
    /// A number with a fraction, written as a literal.
    package init(floatLiteral number: Double) { self = .number(number) }
    /// A boolean, written as a literal.
    package init(booleanLiteral truth: Bool) { self = .bool(truth) }
    /// An array, written as a literal.
    package init(arrayLiteral items: JSONValue...) { self = .array(items) }
    /// Null, written as `nil`.
    package init(nilLiteral: ()) { self = .null }
    /// An object, written as a literal; members keep their order.
    package init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(members.map { Member($0.0, $0.1) })
    }

    /// A number of ours as JSON, clamped to 64 bits.
    package init(_ number: some BinaryInteger) { self = .integer(Int64(clamping: number)) }

    /// A text, or null.
    package init(_ text: String?) { self = text.map { .string($0) } ?? .null }
}

extension JSONValue {
    /// The value as compact JSON text, members in their order.
    package var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let truth): text += truth ? "true" : "false"
        case .integer(let number): text += String(number)
        // RFC 8259 §6: there is no spelling for what is not finite.
        case .number(let number): text += number.isFinite ? "\(number)" : "null"
        case .string(let string): Self.write(string, to: &text)
        case .array(let items): Self.write(items, between: "[", "]", to: &text) { $0.write(to: &$1) }
        case .object(let members):
            Self.write(members, between: "{", "}", to: &text) { member, text in
                Self.write(member.name, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
        }
    }

    private static func write<Item>(
        _ items: [Item], between start: String, _ end: String, to text: inout String,
        _ each: (Item, inout String) -> Void
    ) {
        text += start
        for (index, item) in items.enumerated() {
            if index > 0 { text += "," }
            each(item, &text)
        }
        text += end
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            // RFC 8259 §7: control characters must be escaped.
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
