/// The head of a request: what it asks for, and its fields.
package struct RequestHead: Equatable, Sendable {
    /// The method, case-sensitive.
    package var method: String
    /// What the request asks for.
    package var target: RequestTarget
    /// HTTP/1.1 when it comes from a parser, HTTP/2 when it comes from a stream.
    package var version: HTTPVersion
    /// What an extended CONNECT turns its stream into: `websocket` (RFC 8441 §4, `:protocol`); nil for any other request.
    package var `protocol`: String?
    /// The fields; from a parser, exactly one of them is a valid `Host`.
    package var fields: HeaderFields

    /// A head as given; `HeadSerializer` checks it when it is written.
    package init(
        method: String, target: RequestTarget, version: HTTPVersion = .http11, protocol: String? = nil,
        fields: HeaderFields = HeaderFields()
    ) {
        self.method = method
        self.target = target
        self.version = version
        self.protocol = `protocol`
        self.fields = fields
    }

    /// The host and port of the one `Host` field, or nil when it is missing, repeated or invalid.
    package var host: Host? {
        fields.count("Host") == 1 ? fields.first("Host").flatMap(Host.init) : nil
    }
}

extension RequestHead {
    /// A head from its parsed parts. Throws where the fields contradict each other or the `Host` rules.
    init(_ line: RequestLine, _ fields: HeaderFields) throws(HTTPError) {
        self.init(method: line.method, target: line.target, version: .http11, fields: fields)
        try check()
    }

    /// Throws where the fields contradict each other or the `Host` rules.
    func check() throws(HTTPError) {
        // RFC 9112 §3.2: lacking Host, more than one, or an invalid one: 400.
        switch fields.count("Host") {
        case 0: throw .hostMissing
        case 1: break
        default: throw .hostRepeated
        }
        guard host != nil else { throw .hostInvalid }
        try fields.checkBodyLength()
    }
}

/// `request-line = method SP request-target SP HTTP-version` (RFC 9112 §3)
struct RequestLine: StartLine {
    let method: String
    let target: RequestTarget

    init(parsing line: ArraySlice<UInt8>) throws(HTTPError) {
        // RFC 9112 §3: exactly one space between the parts; splitting on any whitespace invites smuggling.
        let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, let version = HTTPVersion(parsing: parts[2]) else { throw .malformedRequestLine }
        guard FieldSyntax.isToken(parts[0]) else { throw .invalidMethod }
        try version.requireHTTP11()
        method = String(decoding: parts[0], as: UTF8.self)
        target = try RequestTarget(parsing: parts[1])
    }
}
