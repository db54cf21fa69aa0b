import HTTP
import Policy
import Testing

@testable import RelayServer

@Suite struct TokenAnswerTests {
    @Test func aTokenIsAnsweredInTheProvidersForm() {
        let body = #"{"token":"tgt_x","expires_in_seconds":60}"#
        #expect(
            text(.minted("tgt_x", lifetime: 60))
                == "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
                + "Cache-Control: no-store\r\nConnection: close\r\n\r\n" + body)
    }

    @Test func faultsAreA422() {
        let answer = text(.invalid([.missing("authorization", in: .header)]))
        #expect(answer.hasPrefix("HTTP/1.1 422 Unprocessable Content\r\nContent-Type: application/json\r\n"))
        #expect(
            answer.hasSuffix(
                "\r\n\r\n"
                    + #"{"detail":[{"type":"missing","loc":["header","authorization"],"msg":"Field required"}]}"#))
    }

    /// The Node SDK throws `Error(json.error)`.
    @Test func aRefusalSaysItsSentenceTwice() {
        let refusal = Refusal(.wrongSite, "Not here.", site: "wss://us.example/v3/ws")
        #expect(
            text(.refused(refusal, session: "7f3a")).hasSuffix(
                #"{"type":"urn:tidegate:refusal:wrong-site","title":"Misdirected Request","status":421,"#
                    + #""detail":"Not here.","instance":"urn:tidegate:session:7f3a","error":"Not here.","#
                    + #""site":"wss://us.example/v3/ws"}"#))
    }

    @Test(arguments: RefusalName.allCases) func everyRefusalCanBeAnswered(_ name: RefusalName) throws {
        for status in name.statuses {
            let answer = TokenAnswer.refused(Refusal(name, "No.", status: status), session: "1").answer([:]).http1Bytes
            var consumed = 0
            var parser = ResponseHeadParser()
            let head = try #require(try parser.parse(answer.span.bytes, consumed: &consumed))
            #expect(head.status == status)
            #expect(head.fields.first("Content-Length") == "\(answer.count - consumed)")
            #expect(head.fields.first("Allow") == (status == 405 ? "GET, OPTIONS" : nil))
        }
    }

    /// RFC 9110 §8.6, §9.3.2
    @Test func whatHasNoBodySaysNoMoreThanItMay() {
        #expect(
            text(.options)
                == "HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\nAllow: GET, OPTIONS\r\nConnection: close\r\n\r\n"
        )
        let refused = TokenAnswer.refused(Refusal(.badRequest, "No.", status: 405), session: "1")
        let head = String(decoding: refused.answer([:], isHead: true).http1Bytes, as: UTF8.self)
        #expect(head.hasSuffix("\r\n\r\n") && text(refused).hasPrefix(head))
    }
}

private func text(_ answer: TokenAnswer) -> String {
    String(decoding: answer.answer([:]).http1Bytes, as: UTF8.self)
}
