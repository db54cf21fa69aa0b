import HTTP
import Testing
import WebSocket

@Suite struct OpeningHandshakeClientTests {
    private let key = "dGhlIHNhbXBsZSBub25jZQ=="

    @Test func theKeyIsTheBytesInBase64() {
        #expect(OpeningHandshake.key(from: Array("the sample nonce".utf8)) == key)
    }

    @Test func aServerAcceptsTheRequestAndItsAnswerIsVerified() throws {
        let request = OpeningHandshake.request(
            target: try RequestTarget("/v3/ws?a=1"), host: "example.com", key: key, fields: ["Authorization": "x"])
        #expect(
            request.fields.all.map(\.name) == [
                "Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Authorization",
            ])
        let upgrade = try OpeningHandshake.check(request)
        #expect(upgrade.key == key)
        let selected = try OpeningHandshake.verify(OpeningHandshake.response(to: upgrade), key: key)
        #expect(selected == nil)
    }

    // RFC 6455 §4.1, the client's six checks
    @Test(
        arguments: [
            ("Upgrade", [], .upgradeNotWebSocketAlone),
            ("Upgrade", ["h2c"], .upgradeNotWebSocketAlone),
            ("Upgrade", ["websocket, h2c"], .upgradeNotWebSocketAlone),
            ("Upgrade", ["websocket", "websocket"], .upgradeNotWebSocketAlone),
            ("Connection", [], .connectionWithoutUpgrade),
            ("Connection", ["close"], .connectionWithoutUpgrade),
            ("Sec-WebSocket-Accept", [], .badAccept),
            ("Sec-WebSocket-Accept", ["S3pPLMBiTxaQ9kYGzzhZRbK+xOo="], .badAccept),
            ("Sec-WebSocket-Accept", ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="], .badAccept),
            ("Sec-WebSocket-Extensions", ["permessage-deflate"], .unaskedExtension),
            ("Sec-WebSocket-Extensions", [""], .unaskedExtension),
            ("Sec-WebSocket-Protocol", ["tidegate.v1"], .unaskedSubprotocol),
            ("Sec-WebSocket-Protocol", [""], .unaskedSubprotocol),
        ] as [(String, [String], UpgradeFailure)])
    func anAnswerThatBreaksARuleOpensNothing(name: String, values: [String], failure: UpgradeFailure) {
        var response = OpeningHandshake.response(key: key)
        response.fields.removeAll(name)
        for value in values { response.fields.append(name, value) }
        let answer = response
        #expect(throws: failure) { try OpeningHandshake.verify(answer, key: key) }
    }

    @Test(
        arguments: [
            (200, .status(200)), (100, .status(100)), (204, .status(204)), (400, .status(400)), (500, .status(500)),
            (301, .redirect(301)),
            (307, .redirect(307)), (401, .unauthorised(401)), (403, .unauthorised(403)), (429, .rateLimited),
        ] as [(Int, UpgradeFailure)])
    func anyStatusBut101OpensNothingWhateverItsFields(status: Int, failure: UpgradeFailure) {
        var response = OpeningHandshake.response(key: key)
        response.status = status
        let answer = response
        #expect(throws: failure) { try OpeningHandshake.verify(answer, key: key) }
    }

    @Test func whatWasOfferedMayBeSelected() throws {
        var response = OpeningHandshake.response(key: key, subprotocol: "b")
        response.fields.append("Sec-WebSocket-Extensions", "permessage-deflate")
        let selected = try OpeningHandshake.verify(
            response, key: key, offeredSubprotocols: ["a", "b"], offeredExtensions: true)
        #expect(selected == "b")
        response.fields.append("Sec-WebSocket-Protocol", "a")
        let answer = response
        #expect(throws: UpgradeFailure.unaskedSubprotocol) {
            try OpeningHandshake.verify(answer, key: key, offeredSubprotocols: ["a", "b"], offeredExtensions: true)
        }
    }

    // RFC 8441 §5, RFC 9110 §15.3
    @Test func a200OpensOverHTTP2AndNothingElse() throws {
        #expect(try OpeningHandshake.verifyConnect(ResponseHead(status: 200)) == nil)
        #expect(throws: UpgradeFailure.status(101)) { try OpeningHandshake.verifyConnect(ResponseHead(status: 101)) }
        #expect(throws: UpgradeFailure.redirect(301)) { try OpeningHandshake.verifyConnect(ResponseHead(status: 301)) }
        let selecting = ResponseHead(status: 200, fields: ["sec-websocket-protocol": "b"])
        #expect(try OpeningHandshake.verifyConnect(selecting, offeredSubprotocols: ["a", "b"]) == "b")
        #expect(throws: UpgradeFailure.unaskedSubprotocol) { try OpeningHandshake.verifyConnect(selecting) }
        #expect(throws: UpgradeFailure.unaskedExtension) {
            try OpeningHandshake.verifyConnect(ResponseHead(status: 200, fields: ["sec-websocket-extensions": "x"]))
        }
    }
}
