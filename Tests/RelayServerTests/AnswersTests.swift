import HTTP
import Policy
import Testing
import WebSocket

@testable import RelayServer

@Suite struct AnswersTests {
    @Test func theAnswerToAnUpgradeAcceptsNoExtension() throws {
        let upgrade = try upgrade(["Sec-WebSocket-Extensions": "permessage-deflate"])
        #expect(
            lines(of: OpeningAnswer.bytes(to: upgrade)) == [
                "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "", "",
            ])
    }

    @Test(arguments: [
        ("tidegate.v1, bearer.tg_secret", true),
        ("bearer.tg_secret, tidegate.v1", true),
        ("chat, bearer.tg_secret", false),
    ]) func onlyTidegatesOwnSubprotocolIsSelected(_ offered: String, _ isSelected: Bool) throws {
        let answer = lines(of: OpeningAnswer.bytes(to: try upgrade(["Sec-WebSocket-Protocol": offered])))
        #expect(answer.contains("Sec-WebSocket-Protocol: tidegate.v1") == isSelected)
        #expect(!answer.contains { $0.contains("tg_secret") })
    }

    @Test func withoutAnUpgradeThereIsNothingToOpen() {
        #expect(OpeningAnswer.bytes(to: nil).isEmpty)
    }

    @Test func aRefusalIsAProblemDocumentAndTheEndOfTheConnection() {
        let body =
            #"{"type":"urn:tidegate:refusal:residency","title":"Forbidden","status":403,"detail":"Not there.","#
            + #""instance":"urn:tidegate:session:7f3a"}"#
        #expect(
            lines(of: RefusalAnswer.bytes(Refusal(.residency, "Not there."), session: "7f3a")) == [
                "HTTP/1.1 403 Forbidden", "Content-Type: application/problem+json",
                "Content-Length: \(body.utf8.count)",
                "Cache-Control: no-store", "Connection: close", "", body,
            ])
    }

    @Test(arguments: RefusalName.allCases) func everyRefusalCanBeAnswered(_ name: RefusalName) throws {
        for status in name.statuses {
            let answer = RefusalAnswer.bytes(Refusal(name, "No.", status: status), session: "1")
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
        let answer = lines(of: RefusalAnswer.bytes(Refusal(.badRequest, "Upgrade.", status: 426), session: "1"))
        #expect(answer.contains("Upgrade: websocket") && answer.contains("Connection: Upgrade, close"))
    }

    @Test func aWrongSiteNamesTheRightOne() {
        let refusal = Refusal(.wrongSite, "Elsewhere.", site: "wss://eu.relay.example")
        let answer = lines(of: RefusalAnswer.bytes(refusal, session: "1"))
        #expect(answer.last?.contains(#""site":"wss://eu.relay.example""#) == true)
    }
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
