/// A host and port as the `Host` field gives them: `uri-host [ ":" port ]` (RFC 9110 §7.2).
package struct Host: Equatable, Sendable {
    /// The name or address in small letters; an IPv6 address keeps its brackets.
    package let name: String
    /// The port, or nil when none is given.
    package let port: UInt16?

    /// Reads a `Host` field's value; nil when it is not a host.
    ///
    /// Narrower than RFC 3986: no empty host, no percent-escapes and no sub-delimiters, which no DNS name has, and no
    /// empty port.
    package init?(_ text: String) {
        let bytes = text.utf8
        let nameEnd = bytes.first == UInt8(ascii: "[") ? Self.endOfAddress(bytes) : Self.endOfName(bytes)
        guard let nameEnd else { return nil }
        let rest = bytes[nameEnd...]
        if rest.isEmpty {
            port = nil
        } else {
            let digits = rest.dropFirst()
            guard rest.first == UInt8(ascii: ":"), digits.count <= 5, let port = UInt16(decimal: digits) else {
                return nil
            }
            self.port = port
        }
        name = String(decoding: bytes[..<nameEnd].map(FieldSyntax.lowercased), as: UTF8.self)
    }

    private static let nameCharacters = CharacterClass("-._~" + CharacterClass.alphanumerics)
    private static let addressCharacters = CharacterClass(":.0123456789ABCDEFabcdef")

    private static func endOfName(_ bytes: String.UTF8View) -> String.Index? {
        let name = bytes.prefix(while: nameCharacters.contains)
        return name.isEmpty ? nil : name.endIndex
    }

    private static func endOfAddress(_ bytes: String.UTF8View) -> String.Index? {
        let address = bytes.dropFirst().prefix(while: addressCharacters.contains)
        let rest = bytes[address.endIndex...]
        guard !address.isEmpty, rest.first == UInt8(ascii: "]") else { return nil }
        return rest.dropFirst().startIndex
    }
}
