import Bytes

/// What a request asks for, in origin form: `absolute-path [ "?" query ]` (RFC 9112 §3.2.1), byte for byte as it came.
///
/// Nothing is decoded or normalised in place: what is passed on upstream is what the client wrote, less the parameters
/// taken out by name. Always valid: it holds visible ASCII only, so it can neither end a line nor start another field.
package struct RequestTarget: Equatable, Sendable {
    /// The path, from its first slash up to the query.
    package let path: String
    /// What follows the first `?`, or nil when there is none.
    package let query: String?

    /// Reads a target. Throws for every form but origin form, and for bytes that belong escaped.
    package init(_ text: String) throws(HTTPError) {
        try self.init(parsing: text.utf8)
    }

    init(parsing bytes: some Collection<UInt8>) throws(HTTPError) {
        let target = ArraySlice(bytes)
        try Self.checkForm(target)
        try Self.checkCharacters(target)
        let question = target.firstIndex(of: UInt8(ascii: "?"))
        path = String(decoding: target[..<(question ?? target.endIndex)], as: UTF8.self)
        query = question.map { String(decoding: target[($0 + 1)...], as: UTF8.self) }
    }

    private init(path: String, query: String?) {
        self.path = path
        self.query = query
    }

    /// The target as it stands in a request line.
    package var text: String {
        query.map { "\(path)?\($0)" } ?? path
    }

    /// The same query at another path. Throws when that path could not stand in a target.
    package func replacingPath(with path: String) throws(HTTPError) -> RequestTarget {
        let other = try RequestTarget(path)
        guard other.query == nil else { throw .invalidTargetCharacter }
        return RequestTarget(path: other.path, query: query)
    }
}

extension RequestTarget {
    /// The parts between the slashes of the path, for routing; empty ones are kept, so `/` has one and `//v3/ws` three.
    ///
    /// Throws when another reader might see another path: no route here needs an escape, a `;` parameter, a backslash
    /// or a dot segment, so they can only be there to slip past a check (RFC 3986 §3.3, §5.2.4, §6.2.2).
    package func segments() throws(HTTPError) -> [String] {
        guard !path.utf8.contains(where: Self.ambiguousInPath.contains) else { throw .ambiguousPath }
        let segments = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        guard !segments.contains(where: { $0 == "." || $0 == ".." }) else { throw .ambiguousPath }
        return segments
    }

    /// All values of one query parameter, decoded, in order; a parameter without `=` has the empty value.
    package func parameter(_ name: String) -> [String] {
        pieces.filter { $0.isNamed(name) }.map(\.value)
    }

    /// The names of all query parameters, decoded, in order; one that stands twice is there twice. What stands between two `&`
    /// is a parameter whether it has a `=` or not; nothing at all is none (URL Standard, application/x-www-form-urlencoded).
    package var parameterNames: [[UInt8]] {
        pieces.filter { !$0.text.isEmpty }.map(\.name)
    }

    /// The target without any parameter of these names, however the names are escaped; every other byte of it stays.
    ///
    /// With each `name[=value]` goes one separator: the `&` beside it, or the `?` when it was the only piece.
    package func removing(parameters names: Set<String>) -> RequestTarget {
        let kept = pieces.filter { piece in !names.contains(where: piece.isNamed) }
        return RequestTarget(path: path, query: kept.isEmpty ? nil : kept.map(\.text).joined(separator: "&"))
    }

    /// The target with exactly one parameter of this name, at the end of the query.
    package func setting(_ name: String, to value: String) -> RequestTarget {
        let piece = PercentCoding.encode(name) + "=" + PercentCoding.encode(value)
        let others = removing(parameters: [name])
        return RequestTarget(path: path, query: others.query.map { $0.isEmpty ? piece : "\($0)&\(piece)" } ?? piece)
    }

    private var pieces: [QueryPiece] {
        guard let query else { return [] }
        return query.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false).map(QueryPiece.init)
    }
}

/// What stands between two `&` of a query: `name[=value]`.
private struct QueryPiece {
    /// As it came.
    let text: Substring
    /// Decoded.
    let name: [UInt8]

    init(_ bytes: Substring.UTF8View) {
        text = Substring(bytes)
        name = PercentCoding.decodedBytes(bytes.prefix { $0 != UInt8(ascii: "=") })
    }

    /// Compared byte by byte: two texts that Unicode calls equivalent are two names to an upstream.
    func isNamed(_ name: String) -> Bool {
        self.name.elementsEqual(name.utf8)
    }

    /// The decoded value; empty without an `=`.
    var value: String {
        PercentCoding.decode(text.utf8.drop { $0 != UInt8(ascii: "=") }.dropFirst())
    }
}

extension RequestTarget {
    /// RFC 9112 §3.2: tells the four forms apart; only origin form is for a server that is not a proxy.
    private static func checkForm(_ target: ArraySlice<UInt8>) throws(HTTPError) {
        guard let first = target.first else { throw .malformedRequestLine }
        if first == UInt8(ascii: "/") { return }
        if target.elementsEqual("*".utf8) { throw .asteriskFormTarget }
        guard let colon = target.firstIndex(of: UInt8(ascii: ":")) else { throw .authorityFormTarget }
        throw target[(colon + 1)...].starts(with: "//".utf8) ? .absoluteFormTarget : .authorityFormTarget
    }

    private static func checkCharacters(_ target: ArraySlice<UInt8>) throws(HTTPError) {
        var allowed = pathCharacters
        for index in target.indices {
            let byte = target[index]
            switch byte {
            // RFC 9112 §3.2: a fragment is never sent.
            case UInt8(ascii: "#"): throw .fragmentInTarget
            case UInt8(ascii: "?"): allowed = queryCharacters
            // RFC 3986 §2.1
            case UInt8(ascii: "%"):
                let digits = target[(index + 1)...].prefix(2)
                guard digits.count == 2, digits.allSatisfy({ $0.hexDigit != nil }) else { throw .invalidPercentEscape }
            default:
                guard allowed.contains(byte) else { throw .invalidTargetCharacter }
            }
        }
    }

    /// `pchar = unreserved / pct-encoded / sub-delims / ":" / "@"`, and the slash (RFC 3986 §3.3)
    private static let pathCharacters = CharacterClass("/-._~!$&'()*+,;=:@" + CharacterClass.alphanumerics)

    /// Visible ASCII but `#`. RFC 3986 §3.4 would leave out `"<>[\]^{|}` and the backquote, yet browsers and SDKs send
    /// JSON lists in queries without escaping all of them (URL Standard, query percent-encode set).
    private static let queryCharacters = CharacterClass(
        "/-._~!$&'()*+,;=:@" + "?\"<>[\\]^`{|}" + CharacterClass.alphanumerics)

    private static let ambiguousInPath = CharacterClass("%;\\")
}
