/// The name of a query parameter: the bytes that stand before its `=`, with escapes and `+` decoded.
///
/// Bytes, because that is what an upstream compares by: two texts that Unicode calls equivalent are two names.
package struct ParameterName: Hashable, Sendable, CustomStringConvertible {
    private let bytes: [UInt8]

    /// Tidegate's own parameters: always allowed, and they never leave.
    package static let own: [ParameterName] = ["token", "zone"]

    /// Bounds what a request can make us print. The provider's longest name has 38 bytes, a client key 46.
    package static let maxPlainLength = 40

    /// A name as a request has it.
    package init(decoded bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// A name as files and people write it; `nil` unless it is plain: 1–40 letters, digits, `_`, `-` or `.`.
    package init?(_ text: String) {
        self.init(decoded: Array(text.utf8))
        guard isPlain else { return nil }
    }

    /// Whether it is Tidegate's own.
    package var isOwn: Bool { ParameterName.own.contains(self) }

    /// Whether it can be told: nothing in it could become structure, and no key or token would fit.
    package var isPlain: Bool {
        (1...ParameterName.maxPlainLength).contains(bytes.count)
            && bytes.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || "_-.".utf8.contains($0) }
    }

    /// The name where it is plain.
    package var description: String { isPlain ? String(decoding: bytes, as: UTF8.self) : "(a name that is not shown)" }
}

extension ParameterName: ExpressibleByStringLiteral {
    /// For names that stand in the source.
    package init(stringLiteral text: String) {
        self.init(decoded: Array(text.utf8))
    }
}

extension ParameterName: Comparable {
    /// By their bytes.
    package static func < (left: ParameterName, right: ParameterName) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
