/// The fields of a head, in the order they came. Names keep their spelling and are compared without regard to case.
///
/// A value is text of the bytes 0x20…0xFF and HTAB, each byte one Unicode scalar (ISO 8859-1), so that what RFC 9110
/// calls obs-text goes through unchanged; `HeadSerializer` refuses any other value.
package struct HeaderFields: Equatable, Sendable, ExpressibleByDictionaryLiteral {
    /// One field line.
    package struct Field: Equatable, Sendable {
        /// The name as it was spelled.
        package let name: String
        /// The value without the whitespace around it.
        package let value: String
    }

    /// All fields, first line first.
    package private(set) var all: [Field] = []

    /// No fields.
    package init() {}

    /// Fields in the order they are written; a name may stand more than once.
    package init(dictionaryLiteral fields: (String, String)...) {
        for (name, value) in fields { append(name, value) }
    }

    /// The number of field lines.
    package var count: Int { all.count }

    /// Adds a field line at the end. Does not check its syntax: `HeadParser` has, and `HeadSerializer` will.
    package mutating func append(_ name: String, _ value: String) {
        all.append(Field(name: name, value: value))
    }

    /// Adds another head's field lines at the end.
    package mutating func append(contentsOf fields: HeaderFields) {
        all += fields.all
    }

    /// Drops every line of the field.
    package mutating func removeAll(_ name: String) {
        all.removeAll { FieldSyntax.equalIgnoringCase($0.name, name) }
    }

    /// Drops every line of the field and overwrites the values where they lie, in every copy of these fields: they were
    /// credentials, and freed memory keeps what was in it.
    package mutating func wipe(_ name: String) {
        for field in all where FieldSyntax.equalIgnoringCase(field.name, name) {
            var value = field.value
            value.withUTF8 { text in
                let bytes = UnsafeMutableRawBufferPointer(mutating: UnsafeRawBufferPointer(text))
                for index in bytes.indices { bytes[index] = 0 }
            }
        }
        removeAll(name)
    }

    /// The value of the field's first line, or nil. For a field that may stand only once, look at `count(_:)` too.
    package func first(_ name: String) -> String? {
        all.first { FieldSyntax.equalIgnoringCase($0.name, name) }?.value
    }

    /// The values of all lines of the field.
    package func all(_ name: String) -> [String] {
        all.filter { FieldSyntax.equalIgnoringCase($0.name, name) }.map(\.value)
    }

    /// On how many lines the field stands.
    package func count(_ name: String) -> Int {
        all.count { FieldSyntax.equalIgnoringCase($0.name, name) }
    }

    /// The elements of a comma-separated field, over all its lines, in order (RFC 9110 §5.6.1).
    ///
    /// Whitespace around elements is dropped and so are empty elements, as §5.6.1.2 asks. Quoted strings are not
    /// understood: use it where elements are tokens.
    package func tokens(_ name: String) -> [String] {
        all(name).flatMap { value in
            value.utf8.split(separator: UInt8(ascii: ",")).compactMap { element in
                let token = FieldSyntax.trimmed(element)
                return token.isEmpty ? nil : String(Substring(token))
            }
        }
    }

    /// Whether a comma-separated field has the token, without regard to case.
    package func contains(token: String, in name: String) -> Bool {
        tokens(name).contains { FieldSyntax.equalIgnoringCase($0, token) }
    }
}
