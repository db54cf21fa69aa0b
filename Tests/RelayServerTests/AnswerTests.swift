import HTTP
import Policy
import Testing
import WebSocket

@testable import RelayServer

@Suite struct AnswerTests {
    @Test func theAnswerToAnUpgradeAcceptsNoExtension() throws {
        let upgrade = try upgrade(["Sec-WebSocket-Extensions": "permessage-deflate"])
        #expect(
            lines(of: opening(upgrade)) == [
                "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "", "",
            ])
    }

    @Test(arguments: [
        ("tidegate.v1, bearer.tg_secret", true),
        ("bearer.tg_secret, tidegate.v1", true),
        ("chat, bearer.tg_secret", false),
    ]) func onlyTidegatesOwnSubprotocolIsSelected(_ offered: String, _ isSelected: Bool) throws {
        let answer = lines(of: opening(try upgrade(["Sec-WebSocket-Protocol": offered])))
        #expect(answer.contains("Sec-WebSocket-Protocol: tidegate.v1") == isSelected)
        #expect(!answer.contains { $0.contains("tg_secret") })
    }

    /// RFC 8441 §5: no key, no accept, no upgrade.
    @Test func overHTTP2AnUpgradeIsAnsweredWith200() throws {
        var offer: HeaderFields = ["Host": "relay.example", "Sec-WebSocket-Version": "13"]
        offer.append("Sec-WebSocket-Protocol", "tidegate.v1, bearer.tg_secret")
        let request = RequestHead(
            method: "CONNECT", target: try RequestTarget("/v3/ws"), version: .http2, protocol: "websocket",
            fields: offer)
        let head = OpeningAnswer.head(to: try OpeningHandshake.check(request))
        #expect(head.status == 200 && head.fields == ["Sec-WebSocket-Protocol": "tidegate.v1"])
    }

    @Test func aRefusalIsAProblemDocumentAndTheEndOfTheConnection() {
        let body =
            #"{"type":"urn:tidegate:refusal:residency","title":"Forbidden","status":403,"detail":"Not there.","#
            + #""instance":"urn:tidegate:session:7f3a"}"#
        #expect(
            lines(of: Answer(Refusal(.residency, "Not there."), session: "7f3a").http1Bytes) == [
                "HTTP/1.1 403 Forbidden", "Content-Type: application/problem+json",
                "Content-Length: \(body.utf8.count)",
                "Cache-Control: no-store", "Connection: close", "", body,
            ])
    }

    @Test(arguments: RefusalName.allCases) func everyRefusalCanBeAnswered(_ name: RefusalName) throws {
        for status in name.statuses {
            let answer = Answer(Refusal(name, "No.", status: status), session: "1").http1Bytes
            var consumed = 0
            var parser = ResponseHeadParser()
            let head = try #require(try parser.parse(answer.span.bytes, consumed: &consumed))
            #expect(head.status == status)
            #expect(head.fields.first("Content-Length") == "\(answer.count - consumed)")
            #expect(head.fields.contains(token: "close", in: "Connection") && head.fields.count("Connection") == 1)
        }
    }

    /// RFC 9110 §15.5.22
    @Test func aRefusalThatWantsAnUpgradeOffersIt() throws {
        let answer = lines(of: Answer(Refusal(.badRequest, "Upgrade.", status: 426), session: "1").http1Bytes)
        #expect(answer.contains("Upgrade: websocket") && answer.contains("Connection: Upgrade, close"))
    }

    /// RFC 9113 §8.2.2
    @Test(arguments: RefusalName.allCases) func overHTTP2NothingSpeaksOfAConnection(_ name: RefusalName) {
        for status in name.statuses {
            let answer = Answer(Refusal(name, "No.", status: status), session: "1")
            #expect(answer.http2Head.status == status && !answer.body.isEmpty)
            #expect(answer.http2Head.fields.count("Connection") == 0 && answer.http2Head.fields.count("Upgrade") == 0)
        }
    }

    @Test func aWrongSiteNamesTheRightOne() {
        let refusal = Refusal(.wrongSite, "Elsewhere.", site: "wss://eu.relay.example")
        let answer = lines(of: Answer(refusal, session: "1").http1Bytes)
        #expect(answer.last?.contains(#""site":"wss://eu.relay.example""#) == true)
    }
}

private func opening(_ upgrade: UpgradeRequest) -> [UInt8] {
    HeadSerializer.bytes(of: OpeningAnswer.head(to: upgrade))
}

private func lines(of bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
}

private func upgrade(_ more: HeaderFields) throws -> UpgradeRequest {
    var fields: HeaderFields = [
        "Host": "relay.example", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ]
    fields.append(contentsOf: more)
    return try OpeningHandshake.check(
        RequestHead(method: "GET", target: try RequestTarget("/v3/ws"), fields: fields))
}
