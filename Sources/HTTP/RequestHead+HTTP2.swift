/// The fields of HTTP/2 that make up what HTTP/1.1 calls the request line, as they came (RFC 9113 §8.3.1, RFC 8441 §4).
package struct PseudoFields: Equatable, Sendable {
    /// `:method`
    package var method: String?
    /// `:scheme`
    package var scheme: String?
    /// `:authority`
    package var authority: String?
    /// `:path`
    package var path: String?
    /// `:protocol`
    package var `protocol`: String?

    /// None yet.
    package init() {}
}

extension RequestHead {
    /// The head of an HTTP/2 request, as whoever reads heads of HTTP/1.1 expects it: `:authority` is its one `Host` field,
    /// `:path` its target.
    ///
    /// Throws the first rule broken, by the rules of HTTP/1.1 where they are the same.
    package init(_ pseudo: PseudoFields, _ fields: HeaderFields) throws(HTTPError) {
        guard let method = pseudo.method, FieldSyntax.isToken(method.utf8) else { throw .invalidMethod }
        // RFC 9113 §8.5: a CONNECT without a protocol has no path, for it asks for a proxy.
        guard let path = pseudo.path, let scheme = pseudo.scheme else { throw .authorityFormTarget }
        // RFC 8441 §4 and RFC 9113 §8.3.1: the scheme of the target; a WebSocket's is that of its HTTP too.
        guard ["http", "https"].contains(where: { FieldSyntax.equalIgnoringCase($0, scheme) }) else {
            throw .schemeNotHTTP
        }
        guard pseudo.protocol == nil || method == "CONNECT" else { throw .invalidMethod }
        self.init(
            method: method, target: try RequestTarget(path), version: .http2,
            protocol: pseudo.protocol, fields: try Self.fields(fields, authority: pseudo.authority))
        try check()
    }

    private static func fields(_ fields: HeaderFields, authority: String?) throws(HTTPError) -> HeaderFields {
        var all = HeaderFields()
        if let authority {
            // RFC 9113 §8.3.1: a Host field must not name another authority.
            guard fields.all("Host").allSatisfy({ FieldSyntax.equalIgnoringCase($0, authority) }) else {
                throw .hostRepeated
            }
            all.append("Host", authority)
        }
        // RFC 9113 §8.2.3: cookies may come one by one, and are one field again for whoever reads them.
        let cookies = fields.all("Cookie")
        for field in fields.all where !field.isNamed("Cookie") && (authority == nil || !field.isNamed("Host")) {
            all.append(field.name, field.value)
        }
        if !cookies.isEmpty { all.append("Cookie", cookies.joined(separator: "; ")) }
        return all
    }
}

extension HeaderFields.Field {
    fileprivate func isNamed(_ name: String) -> Bool {
        FieldSyntax.equalIgnoringCase(self.name, name)
    }
}
