/// The end of a receipt log that is to be continued, read from the last bytes of its file.
package struct ReceiptTail: Equatable, Sendable {
    /// What the next line must say.
    package let chain: ReceiptChain
    /// Bytes behind the last whole line that a dying writer left: they stay, and a `recovered` line must vouch for them.
    package let torn: [UInt8]
    /// Whether a line feed must come before the next line.
    package let wantsLineFeed: Bool

    /// A tail this long holds more than the longest line a relay writes.
    package static let maxBytes = 1 << 20

    /// - Parameters:
    ///   - bytes: the file's last `maxBytes`, or all of it.
    ///   - isWholeFile: whether they are all of it.
    /// - Throws: why the log cannot be continued.
    package init(_ bytes: [UInt8], isWholeFile: Bool, digest: ReceiptLine.Digest) throws(ReceiptTailError) {
        wantsLineFeed = bytes.last.map { $0 != Self.lineFeed } ?? false
        var end = wantsLineFeed ? bytes.count : max(0, bytes.count - 1)
        let tornEnd = end
        guard end > 0 || bytes.isEmpty else { throw .brokenLine }
        while end > 0 {
            let start = bytes[..<end].lastIndex(of: Self.lineFeed).map { $0 + 1 } ?? 0
            guard start > 0 || isWholeFile else { throw .noLine }
            let piece = bytes.span.bytes.extracting(start..<end)
            if let line = ReceiptLine(piece, digest: digest), line.isWhole {
                chain = ReceiptChain(after: line)
                // Of the whole line itself nothing is torn, even if its line feed is.
                torn = tornEnd > end ? Array(bytes[(end + 1)..<tornEnd]) : []
                return
            }
            guard end > start, ReceiptLine.mayBegin(piece), !ReceiptLine.endsAsLine(piece) else { throw .brokenLine }
            end = max(0, start - 1)
        }
        chain = ReceiptChain()
        torn = Array(bytes[..<tornEnd])
    }

    private static let lineFeed = UInt8(ascii: "\n")
}

/// Why a log cannot be continued.
package enum ReceiptTailError: Error, Equatable {
    /// The last line is not one, or was altered.
    case brokenLine
    /// There is no line in a tail that must hold one.
    case noLine
}
