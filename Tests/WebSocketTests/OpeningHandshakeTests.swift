import HTTP
import Testing
import WebSocket

@Suite struct OpeningHandshakeTests {
    // RFC 6455 §1.3
    private let valid: HeaderFields = [
        "Host": "server.example.com",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    ]

    @Test func theExampleOfTheRFCIsAnswered() throws {
        let request = try OpeningHandshake.check(try head(valid))
        #expect(request.key == "dGhlIHNhbXBsZSBub25jZQ==")
        #expect(request.offeredSubprotocols == [])
        #expect(!request.offersDeflate)
        let fields: HeaderFields = [
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        ]
        #expect(OpeningHandshake.response(to: request) == ResponseHead(status: 101, fields: fields))
    }

    @Test func theSubprotocolSelectedIsTold() {
        let response = OpeningHandshake.response(key: "dGhlIHNhbXBsZSBub25jZQ==", subprotocol: "tidegate.v1")
        #expect(response.fields.all("Sec-WebSocket-Protocol") == ["tidegate.v1"])
    }

    @Test(arguments: [
        ("Upgrade", "WebSocket"), ("Connection", "keep-alive, Upgrade"), ("Connection", "UPGRADE"),
        ("Connection", "upgrade, x-internal"),
        ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="), ("Host", "a:8443"),
    ])
    func whatTheRulesLeaveOpenPasses(name: String, value: String) throws {
        #expect(throws: Never.self) { try OpeningHandshake.check(try head(replacing(name, value))) }
    }

    // RFC 6455 §4.2.1
    @Test(
        arguments: [
            ("Host", [], .hostInvalid),
            ("Host", ["a", "a"], .hostInvalid),
            ("Host", ["a b"], .hostInvalid),
            ("Upgrade", [], .upgradeMissing),
            ("Upgrade", [""], .upgradeNotWebSocketAlone),
            ("Upgrade", ["h2c"], .upgradeNotWebSocketAlone),
            ("Upgrade", ["websocket, h2c"], .upgradeNotWebSocketAlone),
            ("Upgrade", ["h2c, websocket"], .upgradeNotWebSocketAlone),
            ("Upgrade", ["websocket,"], .upgradeNotWebSocketAlone),
            ("Upgrade", ["websocket/13"], .upgradeNotWebSocketAlone),
            ("Upgrade", ["websocket", "websocket"], .upgradeNotWebSocketAlone),
            ("Upgrade", ["websocket", "h2c"], .upgradeNotWebSocketAlone),
            ("Connection", [], .connectionWithoutUpgrade),
            ("Connection", ["keep-alive"], .connectionWithoutUpgrade),
            ("Connection", ["upgraded"], .connectionWithoutUpgrade),
            ("Sec-WebSocket-Key", [], .keyInvalid),
            ("Sec-WebSocket-Key", [""], .keyInvalid),
            ("Sec-WebSocket-Key", ["dGhlIHNhbXBsZSBub25jZQ"], .keyInvalid),
            ("Sec-WebSocket-Key", ["dGhlIHNhbXBsZSBub25j"], .keyInvalid),
            ("Sec-WebSocket-Key", ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="], .keyInvalid),
            ("Sec-WebSocket-Version", [], .webSocketVersionNot13),
            ("Sec-WebSocket-Version", ["8"], .webSocketVersionNot13),
            ("Sec-WebSocket-Version", ["13, 8"], .webSocketVersionNot13),
            ("Sec-WebSocket-Version", ["013"], .webSocketVersionNot13),
            ("Sec-WebSocket-Version", ["13", "13"], .webSocketVersionNot13),
            ("Sec-WebSocket-Protocol", ["a b"], .subprotocolInvalid),
            ("Content-Length", ["0"], .bodyPresent),
            ("Content-Length", ["5"], .bodyPresent),
            ("Transfer-Encoding", ["chunked"], .bodyPresent),
        ] as [(String, [String], OpeningHandshakeError)])
    func aRequestThatBreaksARuleIsRefused(name: String, values: [String], rule: OpeningHandshakeError) throws {
        var fields = valid
        fields.removeAll(name)
        for value in values { fields.append(name, value) }
        let head = try head(fields)
        #expect(throws: rule) { try OpeningHandshake.check(head) }
    }

    @Test(arguments: ["POST", "HEAD", "get", "CONNECT"]) func onlyGETOpens(method: String) throws {
        var head = try head(valid)
        head.method = method
        #expect(throws: OpeningHandshakeError.methodNotGET) { try OpeningHandshake.check(head) }
    }

    @Test func onlyHTTP11Opens() throws {
        var head = try head(valid)
        head.version = HTTPVersion(major: 1, minor: 0)
        #expect(throws: OpeningHandshakeError.versionNotHTTP11) { try OpeningHandshake.check(head) }
    }

    @Test(
        arguments: [
            ([], false), (["permessage-deflate"], true), (["x, Permessage-Deflate; client_max_window_bits"], true),
            (["x", "permessage-deflate;a=1"], true),
            (["permessage-deflate-2"], false), (["x; permessage-deflate"], false),
        ] as [([String], Bool)])
    func anOfferOfDeflateIsSeen(values: [String], offered: Bool) throws {
        var fields = valid
        for value in values { fields.append("Sec-WebSocket-Extensions", value) }
        #expect(try OpeningHandshake.check(try head(fields)).offersDeflate == offered)
    }

    @Test func whatIsOfferedComesInTheClientsOrder() throws {
        var fields = valid
        fields.append("Sec-WebSocket-Protocol", "tidegate.v1, bearer.x")
        #expect(try OpeningHandshake.check(try head(fields)).offeredSubprotocols == ["tidegate.v1", "bearer.x"])
    }

    @Test func aRequestIsAnUpgradeWhenItHasTheField() throws {
        #expect(OpeningHandshake.isUpgrade(try head(["Upgrade": "h2c"])))
        #expect(!OpeningHandshake.isUpgrade(try head(["Connection": "Upgrade"])))
    }

    // RFC 8441 §5

    @Test func overHTTP2AnExtendedCONNECTOpensAWebSocketWithoutAKey() throws {
        let head = OpeningHandshake.connectRequest(
            target: try RequestTarget("/v3/ws"), host: "a",
            fields: [
                "sec-websocket-protocol": "tidegate.v1", "sec-websocket-extensions": "permessage-deflate",
                "sec-websocket-key": "means nothing",
            ])
        #expect(OpeningHandshake.isUpgrade(head))
        let request = try OpeningHandshake.check(head)
        #expect(request.key == nil)
        #expect(request.offeredSubprotocols == ["tidegate.v1"])
        #expect(request.offersDeflate)
        #expect(OpeningHandshake.response(to: request) == ResponseHead(status: 200))
        #expect(
            OpeningHandshake.response(to: request, subprotocol: "tidegate.v1")
                == ResponseHead(status: 200, fields: ["Sec-WebSocket-Protocol": "tidegate.v1"]))
    }

    @Test(
        arguments: [
            (["method": "GET"], .methodNotCONNECT), (["protocol": nil], .methodNotCONNECT),
            (["protocol": "connect-udp"], .protocolNotWebSocket), (["Content-Length": "0"], .bodyPresent),
            (["Host": nil], .hostInvalid), (["Sec-WebSocket-Version": nil], .webSocketVersionNot13),
            (["Sec-WebSocket-Version": "8"], .webSocketVersionNot13),
            (["Sec-WebSocket-Protocol": "a, a"], .subprotocolInvalid),
        ] as [([String: String?], OpeningHandshakeError)])
    func aConnectThatBreaksARuleIsRefused(change: [String: String?], rule: OpeningHandshakeError) throws {
        var head = OpeningHandshake.connectRequest(target: try RequestTarget("/v3/ws"), host: "a")
        for (name, value) in change {
            switch name {
            case "method": head.method = value ?? ""
            case "protocol": head.protocol = value
            default:
                head.fields.removeAll(name)
                if let value { head.fields.append(name, value) }
            }
        }
        let broken = head
        #expect(throws: rule) { try OpeningHandshake.check(broken) }
    }

    @Test func overHTTP2AnUpgradeFieldAsksForNothing() throws {
        let head = RequestHead(method: "GET", target: try RequestTarget("/v3/ws"), version: .http2, fields: valid)
        #expect(!OpeningHandshake.isUpgrade(head))
        #expect(throws: OpeningHandshakeError.methodNotCONNECT) { try OpeningHandshake.check(head) }
    }

    private func head(_ fields: HeaderFields) throws -> RequestHead {
        RequestHead(method: "GET", target: try RequestTarget("/v3/ws"), fields: fields)
    }

    private func replacing(_ name: String, _ value: String) -> HeaderFields {
        var fields = valid
        fields.removeAll(name)
        fields.append(name, value)
        return fields
    }
}
