/// Where data may be processed: `us`, `eu`, `edge`, or a zone the operator defines.
///
/// A newtype, so that a zone can neither be built from unchecked text nor be mistaken for another string.
package struct Zone: Hashable, Sendable, CustomStringConvertible {
    /// The zone's name: lowercase, safe to print anywhere.
    package let name: String

    /// The provider picks the nearest region: no residency promise. It satisfies no other zone.
    package static let edge = Zone(trusted: "edge")

    /// Bounds what a request can make us print; a host name's label has the same bound (RFC 1035 §2.3.4).
    package static let maxNameLength = 63

    /// Takes 1–63 of `a-z`, `0-9` and `-`, beginning with a letter. `any` is no zone: it is the residency that admits all.
    package init?(_ name: String) {
        let bytes = name.utf8
        guard bytes.count <= Zone.maxNameLength, let first = bytes.first, Ascii.isLowercaseLetter(first) else {
            return nil
        }
        guard bytes.allSatisfy({ Ascii.isLowercaseLetter($0) || Ascii.isDigit($0) || $0 == UInt8(ascii: "-") }) else {
            return nil
        }
        guard name != "any" else { return nil }
        self.init(trusted: name)
    }

    private init(trusted name: String) {
        self.name = name
    }

    package var description: String { name }
}
