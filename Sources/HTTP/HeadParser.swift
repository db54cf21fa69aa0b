// HTTP: HTTP/1.1 heads, request targets and problem details, in RFC 9110's and 9112's words.
//
// It knows syntax, limits and which reading is the only safe one. It must never know a socket, a zone, a tenant or a
// route. Called by whoever has bytes of a head in hand (`RelayServer`, `StandIn`) and by `WebSocket`, whose opening
// handshake is such a head.

import Bytes

/// Parses request heads from bytes as they arrive.
///
/// Give it each piece once. After it has given a head back it is ready for the next one on the connection; after it has
/// thrown, it must not be used again, because nobody knows where the next message starts.
package struct RequestHeadParser: Sendable {
    private var parser: HeadParser<RequestLine>

    /// A parser at the start of a head.
    package init(limits: HTTPLimits = HTTPLimits()) {
        parser = HeadParser(limits: limits)
    }

    /// Takes `bytes`, and gives the head back when its blank line was among them.
    ///
    /// Sets `consumed` to how many of `bytes` belong to the head: all of them while it is incomplete (nil), those up to
    /// the blank line when it is complete. What follows is the caller's. Throws the first rule broken; the same one
    /// however the bytes were split.
    package mutating func parse(_ bytes: RawSpan, consumed: inout Int) throws(HTTPError) -> RequestHead? {
        guard let (line, fields) = try parser.parse(bytes, consumed: &consumed) else { return nil }
        return try RequestHead(line, fields)
    }
}

/// Parses response heads from bytes as they arrive; used like `RequestHeadParser`.
package struct ResponseHeadParser: Sendable {
    private var parser: HeadParser<StatusLine>

    /// A parser at the start of a head.
    package init(limits: HTTPLimits = HTTPLimits()) {
        parser = HeadParser(limits: limits)
    }

    /// Takes `bytes`, and gives the head back when its blank line was among them; see `RequestHeadParser.parse`.
    package mutating func parse(_ bytes: RawSpan, consumed: inout Int) throws(HTTPError) -> ResponseHead? {
        guard let (line, fields) = try parser.parse(bytes, consumed: &consumed) else { return nil }
        return try ResponseHead(line, fields)
    }
}

/// The first line of a head.
protocol StartLine: Sendable {
    /// Reads the line, without its line end. It holds neither CR, LF nor NUL.
    init(parsing line: ArraySlice<UInt8>) throws(HTTPError)
}

/// What both parsers share: lines, field lines, limits.
///
/// ```
///  HTTP-message = start-line CRLF *( field-line CRLF ) CRLF       (RFC 9112 §2.1)
/// ```
struct HeadParser<Start: StartLine>: Sendable {
    private enum Wait {
        case startLine
        case fieldLine(after: Start)
    }

    private let limits: HTTPLimits
    private var wait = Wait.startLine
    private var fields = HeaderFields()
    private var line: [UInt8] = []
    private var headBytes = 0

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    mutating func parse(_ bytes: RawSpan, consumed: inout Int) throws(HTTPError) -> (Start, HeaderFields)? {
        consumed = 0
        while try completeLine(from: bytes, &consumed) {
            let content = try lineContent()
            switch wait {
            case .startLine:
                wait = .fieldLine(after: try Start(parsing: content))
            case .fieldLine(let start) where content.isEmpty:
                let head = (start, fields)
                self = HeadParser(limits: limits)
                return head
            case .fieldLine:
                try appendField(content)
            }
            clearLine()
        }
        return nil
    }
}

extension HeadParser {
    /// Moves bytes up to and including the next LF into `line`; false when there is none yet.
    ///
    /// The limits count every byte, so that the rule that breaks first does not depend on how the bytes were split.
    private mutating func completeLine(from bytes: RawSpan, _ offset: inout Int) throws(HTTPError) -> Bool {
        let lineFeed = bytes.firstOffset(of: UInt8(ascii: "\n"), from: offset)
        let end = lineFeed.map { $0 + 1 } ?? bytes.byteCount
        let lineRoom = maxLineBytes - line.count
        let headRoom = limits.maxHeadBytes - headBytes
        guard end - offset <= min(lineRoom, headRoom) else {
            throw lineRoom <= headRoom ? lineTooLong : .headTooLarge
        }
        bytes.extracting(offset..<end).withUnsafeBytes { line.append(contentsOf: $0) }
        headBytes += end - offset
        offset = end
        return lineFeed != nil
    }

    /// Begins the next line. The last may have been a credential, so that it is overwritten.
    private mutating func clearLine() {
        line.withUnsafeMutableBytes { line in
            for index in line.indices { line[index] = 0 }
        }
        line.removeAll(keepingCapacity: true)
    }

    private var maxLineBytes: Int {
        switch wait {
        case .startLine: min(limits.maxStartLineBytes, limits.maxHeadBytes)
        case .fieldLine: limits.maxFieldLineBytes
        }
    }

    private var lineTooLong: HTTPError {
        switch wait {
        case .startLine: .startLineTooLong
        case .fieldLine: .fieldLineTooLong
        }
    }

    /// The line without its line end.
    private func lineContent() throws(HTTPError) -> ArraySlice<UInt8> {
        // RFC 9112 §2.2 lets a recipient take LF alone as a line end; two readers that differ in it can be played
        // against each other, so it is refused here.
        guard line.dropLast().last == UInt8(ascii: "\r") else { throw .bareLineFeed }
        let content = line.dropLast(2)
        // RFC 9112 §2.2: a bare CR must be refused or replaced.
        guard !content.contains(UInt8(ascii: "\r")) else { throw .bareCarriageReturn }
        // RFC 9110 §5.5: so must NUL.
        guard !content.contains(0) else { throw .nulByte }
        return content
    }

    /// `field-line = field-name ":" OWS field-value OWS` (RFC 9112 §5)
    private mutating func appendField(_ line: ArraySlice<UInt8>) throws(HTTPError) {
        if let first = line.first, FieldSyntax.isWhitespace(first) {
            // RFC 9112 §2.2 for the first field line, §5.2 (obs-fold) for the others.
            throw fields.count == 0 ? .whitespaceBeforeFirstField : .obsoleteLineFolding
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .missingColon }
        let name = line[..<colon]
        guard let last = name.last else { throw .emptyFieldName }
        // RFC 9112 §5.1: whitespace before the colon has been used for smuggling and must be refused.
        guard !FieldSyntax.isWhitespace(last) else { throw .spaceBeforeColon }
        guard FieldSyntax.isToken(name) else { throw .invalidFieldName }
        let value = FieldSyntax.trimmed(line[(colon + 1)...])
        guard value.allSatisfy(FieldSyntax.isValueByte) else { throw .invalidFieldValue }
        guard fields.count < limits.maxFields else { throw .tooManyFields }
        fields.append(String(decoding: name, as: UTF8.self), String(latin1: value))
    }
}
