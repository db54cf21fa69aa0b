import HTTP

extension OpeningHandshake {
    /// A key from exactly 16 random bytes (RFC 6455 §4.1, item 7); the randomness is the caller's, and so is a wrong
    /// count: it traps.
    package static func key(from randomBytes: [UInt8]) -> String {
        precondition(randomBytes.count == 16, "a key is made of 16 bytes")
        return Base64.encode(randomBytes)
    }

    /// The client's request (RFC 6455 §4.1), with `fields` behind those of the handshake. It offers no extension unless
    /// they do.
    package static func request(
        target: RequestTarget, host: String, key: String, fields: HeaderFields = [:]
    ) -> RequestHead {
        var all: HeaderFields = [
            "Host": host,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": version,
        ]
        all.append(contentsOf: fields)
        return RequestHead(method: "GET", target: target, fields: all)
    }

    /// The client's request over HTTP/2 (RFC 8441 §5), with `fields` behind those of the handshake.
    package static func connectRequest(target: RequestTarget, host: String, fields: HeaderFields = [:]) -> RequestHead {
        var all: HeaderFields = ["Host": host, "Sec-WebSocket-Version": version]
        all.append(contentsOf: fields)
        return RequestHead(
            method: "CONNECT", target: target, version: .http2, protocol: "websocket", fields: all)
    }

    /// The client's reading of the answer over HTTP/2 (RFC 8441 §5): `verify` without what HTTP/1.1 needs to prove.
    @discardableResult
    package static func verifyConnect(
        _ response: ResponseHead, offeredSubprotocols: [String] = [], offeredExtensions: Bool = false
    ) throws(UpgradeFailure) -> String? {
        guard 200...299 ~= response.status else { throw UpgradeFailure(status: response.status) }
        return try selected(by: response.fields, from: offeredSubprotocols, offeredExtensions: offeredExtensions)
    }

    /// The client's reading of the answer (RFC 6455 §4.1, "Once the client's opening handshake has been sent"). Throws
    /// unless it is the one answer that opens the WebSocket asked for; after any other, no byte may be taken for a frame.
    ///
    /// Gives the subprotocol selected, nil when there is none. `offeredSubprotocols` and `offeredExtensions` say what
    /// the request asked for; an extension that was offered is the caller's to read.
    @discardableResult
    package static func verify(
        _ response: ResponseHead, key: String, offeredSubprotocols: [String] = [], offeredExtensions: Bool = false
    ) throws(UpgradeFailure) -> String? {
        let fields = response.fields
        // Item 1: any status but 101 is plain HTTP, also 200.
        guard response.status == 101 else { throw UpgradeFailure(status: response.status) }
        // Items 2 and 3
        guard fields.hasOnly("Upgrade", "websocket") else { throw .upgradeNotWebSocketAlone }
        guard fields.contains(token: "upgrade", in: "Connection") else { throw .connectionWithoutUpgrade }
        // Item 4
        guard fields.all("Sec-WebSocket-Accept") == [accept(for: key)] else { throw .badAccept }
        return try selected(by: fields, from: offeredSubprotocols, offeredExtensions: offeredExtensions)
    }

    private static func selected(
        by fields: HeaderFields, from offeredSubprotocols: [String], offeredExtensions: Bool
    ) throws(UpgradeFailure) -> String? {
        // Item 5
        guard offeredExtensions || fields.count("Sec-WebSocket-Extensions") == 0 else { throw .unaskedExtension }
        // Item 6
        let selected = fields.all("Sec-WebSocket-Protocol")
        guard selected.count <= 1, selected.allSatisfy(offeredSubprotocols.contains) else { throw .unaskedSubprotocol }
        return selected.first
    }
}
