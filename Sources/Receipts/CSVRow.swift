/// A row of a table for spreadsheets (RFC 4180).
package struct CSVRow: Sendable {
    private let cells: [String]

    /// - Parameter cells: their texts, whatever they hold: a log may be anyone's.
    package init(_ cells: [String]) {
        self.cells = cells
    }

    /// Without its line end, which is CR LF (RFC 4180 §2).
    package var text: String { cells.map { Self.quoted(Self.harmless($0)) }.joined(separator: ",") }

    /// A spreadsheet takes a cell that begins like this for a formula, quoted or not; behind an apostrophe it is text.
    private static func harmless(_ cell: String) -> String {
        guard let first = cell.utf8.first, "=+-@\t\r".utf8.contains(first) else { return cell }
        return "'" + cell
    }

    /// RFC 4180 §2, rules 6 and 7. Bytes are looked at, for a character may hold a quote and an accent, or CR and LF.
    private static func quoted(_ cell: String) -> String {
        let quote = UInt8(ascii: "\"")
        guard cell.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return cell }
        let escaped = cell.utf8.flatMap { $0 == quote ? [quote, quote] : [$0] }
        return String(decoding: [quote] + escaped + [quote], as: UTF8.self)
    }
}
