/// The end of a receipt log: what its next line must say.
///
/// A line is next when its number is, and when it names the hash of the line before.
package struct ReceiptChain: Equatable, Sendable {
    /// The number of the next line.
    package private(set) var next: Int
    /// The hash the next line names.
    package private(set) var previous: String

    /// Of an empty log.
    package init() {
        next = 0
        previous = ReceiptLine.none
    }

    /// Behind a whole line.
    package init(after line: ReceiptLine) {
        next = line.number + 1
        previous = line.hash
    }

    /// The next line, its line feed included.
    ///
    /// - Parameter signer: signs it, if it is a checkpoint.
    package mutating func append(
        _ entry: ReceiptEntry, signer: ReceiptSigner? = nil, digest: ReceiptLine.Digest
    ) -> [UInt8] {
        let line = ReceiptLine(entry, number: next, previous: previous, signer: signer, digest: digest)
        self = ReceiptChain(after: line)
        return line.bytes + [UInt8(ascii: "\n")]
    }
}
