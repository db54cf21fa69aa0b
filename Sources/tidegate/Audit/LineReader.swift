import Foundation

/// Reads a file line by line, a block at a time.
enum LineReader {
    private static let blockBytes = 1 << 20
    /// Beyond any line of a relay's; what is longer is cut into pieces of this size.
    private static let maxLineBytes = 4 << 20
    private static let lineFeed = UInt8(ascii: "\n")

    /// - Parameter body: is given each line without its line feed, and whether it had one.
    static func read(_ path: String, _ body: (RawSpan, Bool) -> Void) throws {
        let file = try open(path)
        defer { fclose(file) }
        var block = [UInt8](repeating: 0, count: blockBytes)
        var unfinished: [UInt8] = []
        while case let count = fread(&block, 1, block.count, file), count > 0 {
            var start = 0
            while let end = block[start..<count].firstIndex(of: lineFeed) {
                pass(block, start..<end, behind: &unfinished, body)
                start = end + 1
            }
            unfinished += block[start..<count]
            if unfinished.count > maxLineBytes { pass(block, 0..<0, behind: &unfinished, body) }
        }
        guard ferror(file) == 0 else { throw FileError(path: path, code: errno) }
        if !unfinished.isEmpty { body(unfinished.span.bytes, false) }
    }

    /// All of a small file.
    static func bytes(of path: String) throws -> [UInt8] {
        let file = try open(path)
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: blockBytes)
        let count = fread(&bytes, 1, bytes.count, file)
        guard ferror(file) == 0 else { throw FileError(path: path, code: errno) }
        return Array(bytes.prefix(count))
    }

    private static func open(_ path: String) throws -> UnsafeMutablePointer<FILE> {
        guard let file = fopen(path, "re") else { throw FileError(path: path, code: errno) }
        return file
    }

    /// Most lines lie within one block and are passed where they are.
    private static func pass(
        _ block: [UInt8], _ range: Range<Int>, behind unfinished: inout [UInt8], _ body: (RawSpan, Bool) -> Void
    ) {
        guard !unfinished.isEmpty else { return body(block.span.bytes.extracting(range), true) }
        unfinished += block[range]
        body(unfinished.span.bytes, true)
        unfinished.removeAll(keepingCapacity: true)
    }
}

/// A file that cannot be read.
private struct FileError: Error, CustomStringConvertible {
    let path: String
    let code: Int32
    var description: String { "\(path): \(String(cString: strerror(code)))" }
}
