/// Writes heads. Refuses what a parser would refuse, so that no text from a peer can become a line of its own.
package enum HeadSerializer {
    /// The bytes of a request head, blank line included. Throws when a part of it has no place in a head.
    package static func serialize(_ head: RequestHead) throws(HTTPError) -> [UInt8] {
        guard FieldSyntax.isToken(head.method.utf8) else { throw .invalidMethod }
        // A target has been checked when it was made, so it holds no space and no line end.
        return try serialize(startLine: "\(head.method) \(head.target.text) HTTP/1.1", head.fields)
    }

    /// The bytes of a response head, blank line included. Throws when a part of it has no place in a head.
    package static func serialize(_ head: ResponseHead) throws(HTTPError) -> [UInt8] {
        guard 100...599 ~= head.status else { throw .malformedStatusLine }
        // RFC 9112 §4: the space before the reason stays when there is no reason.
        return try serialize(startLine: "HTTP/1.1 \(head.status) \(head.reason)", head.fields)
    }

    private static func serialize(startLine: String, _ fields: HeaderFields) throws(HTTPError) -> [UInt8] {
        var bytes: [UInt8] = []
        try append(startLine, to: &bytes)
        bytes += lineEnd
        for field in fields.all {
            guard FieldSyntax.isToken(field.name.utf8) else { throw .invalidFieldName }
            try append(field.name, to: &bytes)
            bytes += separator
            try append(field.value, to: &bytes)
            bytes += lineEnd
        }
        return bytes + lineEnd
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) throws(HTTPError) {
        // ASCII in one piece, as a rule.
        let isPlain = text.utf8.withContiguousStorageIfAvailable { text in
            let isPlain = text.allSatisfy { $0 < 0x80 && FieldSyntax.isValueByte($0) }
            if isPlain { bytes.append(contentsOf: text) }
            return isPlain
        }
        if isPlain == true { return }
        guard let latin1 = text.latin1Bytes, latin1.allSatisfy(FieldSyntax.isValueByte) else {
            throw .invalidFieldValue
        }
        bytes += latin1
    }

    private static let separator: [UInt8] = [0x3A, 0x20]

    private static let lineEnd: [UInt8] = [0x0D, 0x0A]
}
