/// Where a line stands.
package struct ReceiptPlace: Equatable, Sendable, CustomStringConvertible {
    /// The file, as it was named.
    package let file: String
    /// Its line, from 1.
    package let line: Int

    package init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    package var description: String { "\(file):\(line)" }
}

/// What shows that a log is not as it was written.
package struct ReceiptFault: Equatable, Sendable, CustomStringConvertible {
    /// Where it shows.
    package let place: ReceiptPlace
    /// What it is.
    package let kind: Kind
    /// What was found and what it means, for people.
    package let sentence: String

    /// The kinds of faults.
    package enum Kind: String, CaseIterable, Sendable {
        /// A line's bytes are not those that were written, or another line stands in its place.
        case altered
        /// Not a line of a receipt log.
        case malformed
        /// A line that was cut off, without the line that vouches for it.
        case torn
        /// Lines are gone.
        case missing
        /// A line that is not part of the log.
        case added
        /// A line that stands in the log twice.
        case duplicated
        /// A line that stands in the wrong place.
        case outOfOrder = "out-of-order"
        /// A checkpoint whose signature is not its key's.
        case badSignature = "bad-signature"
        /// A checkpoint by a key that is none of those given.
        case unknownKey = "unknown-key"
        /// No checkpoint is signed by a key given.
        case unsigned
        /// Another log begins.
        case newLog = "new-log"
    }

    package var description: String { "\(place): \(kind.rawValue): \(sentence)" }
}
