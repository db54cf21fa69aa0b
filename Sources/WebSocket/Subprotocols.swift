import HTTP

/// The list in `Sec-WebSocket-Protocol` (RFC 6455 §11.3.4).
package enum Subprotocols {
    /// What the client offers, the one it likes best first; over all lines of the field. Empty when it offers none.
    ///
    /// Throws when an element is not a token or stands twice (RFC 6455 §4.1, item 10).
    package static func parse(_ fields: HeaderFields) throws(OpeningHandshakeError) -> [String] {
        let offered = fields.tokens("Sec-WebSocket-Protocol")
        guard offered.allSatisfy({ FieldSyntax.isToken($0.utf8) }), Set(offered).count == offered.count else {
            throw .subprotocolInvalid
        }
        return offered
    }
}
