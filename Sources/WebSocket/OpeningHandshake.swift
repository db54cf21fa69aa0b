import HTTP

/// The opening handshake, both sides, over HTTP/1.1 (RFC 6455 §4) and HTTP/2 (RFC 8441 §5): the server's here, the client's in
/// `OpeningHandshake+Client`.
package enum OpeningHandshake {
    /// The one version there is (RFC 6455 §4.1, item 9).
    package static let version = "13"

    /// Whether the request asks for an upgrade at all, so that the rules below and not those of plain HTTP apply to it.
    package static func isUpgrade(_ head: RequestHead) -> Bool {
        head.version == .http2 ? head.protocol != nil : head.fields.count("Upgrade") > 0
    }

    /// The server's reading of a request, in the order of RFC 6455 §4.2.1. Throws the first rule it breaks.
    package static func check(_ head: RequestHead) throws(OpeningHandshakeError) -> UpgradeRequest {
        head.version == .http2 ? try checkConnect(head) : try checkUpgrade(head)
    }

    private static func checkUpgrade(_ head: RequestHead) throws(OpeningHandshakeError) -> UpgradeRequest {
        let fields = head.fields
        // Item 1: "an HTTP/1.1 or higher GET request". A higher HTTP/1 does not exist; HTTP/2 upgrades by RFC 8441.
        guard head.method == "GET" else { throw .methodNotGET }
        guard head.version == .http11 else { throw .versionNotHTTP11 }
        // A body would be read as frames by one side and as a request by another.
        guard fields.count("Content-Length") == 0, fields.count("Transfer-Encoding") == 0 else { throw .bodyPresent }
        // Item 2
        guard head.host != nil else { throw .hostInvalid }
        // Item 3. The item asks only that the list include "websocket"; with another protocol beside it, somebody
        // behind us could choose that one and tunnel past every check here.
        guard isUpgrade(head) else { throw .upgradeMissing }
        guard fields.hasOnly("Upgrade", "websocket") else { throw .upgradeNotWebSocketAlone }
        // Item 4
        guard fields.contains(token: "upgrade", in: "Connection") else { throw .connectionWithoutUpgrade }
        // Item 5
        guard fields.count("Sec-WebSocket-Key") == 1, let key = fields.first("Sec-WebSocket-Key"),
            Base64.decodesTo16Bytes(key)
        else { throw .keyInvalid }
        // Item 6
        guard fields.hasOnly("Sec-WebSocket-Version", version) else { throw .webSocketVersionNot13 }
        // Items 8 and 9
        return UpgradeRequest(
            key: key, offeredSubprotocols: try Subprotocols.parse(fields), offersDeflate: fields.offersDeflate)
    }

    /// RFC 8441 §5: what HTTP/1.1 says with Upgrade, Connection and the key is said by the extended CONNECT itself; the rest is
    /// as over HTTP/1.1. A key that is sent all the same means nothing.
    private static func checkConnect(_ head: RequestHead) throws(OpeningHandshakeError) -> UpgradeRequest {
        let fields = head.fields
        guard head.method == "CONNECT", let named = head.protocol else { throw .methodNotCONNECT }
        guard FieldSyntax.equalIgnoringCase(named, "websocket") else { throw .protocolNotWebSocket }
        guard fields.count("Content-Length") == 0 else { throw .bodyPresent }
        guard head.host != nil else { throw .hostInvalid }
        guard fields.hasOnly("Sec-WebSocket-Version", version) else { throw .webSocketVersionNot13 }
        return UpgradeRequest(
            key: nil, offeredSubprotocols: try Subprotocols.parse(fields), offersDeflate: fields.offersDeflate)
    }

    /// The server's answer to a request that `check` let through, by the version it came over: 101 with the key's answer
    /// (RFC 6455 §4.2.2), or 200 (RFC 8441 §5). It accepts no extension.
    ///
    /// `subprotocol` must be one of those offered, or nil to select none.
    package static func response(to request: UpgradeRequest, subprotocol: String? = nil) -> ResponseHead {
        if let key = request.key { return response(key: key, subprotocol: subprotocol) }
        return ResponseHead(status: 200, fields: subprotocol.map { ["Sec-WebSocket-Protocol": $0] } ?? [:])
    }

    /// The answer over HTTP/1.1 to a client's key.
    ///
    /// `subprotocol` must be one of those offered, or nil to select none.
    package static func response(key: String, subprotocol: String? = nil) -> ResponseHead {
        var fields: HeaderFields = [
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Accept": accept(for: key),
        ]
        if let subprotocol { fields.append("Sec-WebSocket-Protocol", subprotocol) }
        return ResponseHead(status: 101, fields: fields)
    }

    /// What the server must answer to a key: base64 of SHA-1 of the key and a fixed text (RFC 6455 §4.2.2, item 5.4).
    package static func accept(for key: String) -> String {
        Base64.encode(SHA1.digest(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
    }
}

/// What a valid opening handshake asks for. Only `OpeningHandshake.check` makes one.
package struct UpgradeRequest: Equatable, Sendable {
    /// To be answered over HTTP/1.1; nil over HTTP/2, where nothing has to prove that the server speaks WebSocket.
    package let key: String?
    /// In the client's order of preference.
    package let offeredSubprotocols: [String]
    /// Whether permessage-deflate (RFC 7692) is among the extensions offered.
    package let offersDeflate: Bool
}

extension HeaderFields {
    /// Whether the field stands once with this value and no other, without regard to case.
    func hasOnly(_ name: String, _ value: String) -> Bool {
        count(name) == 1 && FieldSyntax.equalIgnoringCase(first(name) ?? "", value)
    }

    fileprivate var offersDeflate: Bool {
        tokens("Sec-WebSocket-Extensions").contains { element in
            let name = element.prefix { $0 != ";" && $0 != " " && $0 != "\t" }
            return FieldSyntax.equalIgnoringCase(name, "permessage-deflate")
        }
    }
}
