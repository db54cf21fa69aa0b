import HTTP
import Testing
import WebSocket

@Suite struct OpeningHandshakeErrorTests {
    @Test func whatUpgradingWouldMendIs426AnotherMethod405AndTheRest400() {
        #expect(
            OpeningHandshakeError.allCases.filter { $0.status == 426 } == [.upgradeMissing, .webSocketVersionNot13])
        #expect(OpeningHandshakeError.allCases.filter { $0.status == 405 } == [.methodNotGET])
        #expect(OpeningHandshakeError.allCases.allSatisfy { [400, 405, 426].contains($0.status) })
    }

    // RFC 9110 §15.5.6
    @Test func a405NamesTheMethodAllowed() {
        for error in OpeningHandshakeError.allCases {
            #expect(error.fields.all("Allow") == (error.status == 405 ? ["GET"] : []))
        }
    }

    // RFC 6455 §4.4, RFC 9110 §15.5.22
    @Test func a426NamesTheProtocolAndItsVersion() {
        for error in OpeningHandshakeError.allCases {
            #expect(error.fields.all("Sec-WebSocket-Version") == (error.status == 426 ? ["13"] : []))
            #expect(error.fields.all("Upgrade") == (error.status == 426 ? ["websocket"] : []))
        }
    }

    @Test func everyRuleIsToldInASentenceOfItsOwn() {
        let sentences = OpeningHandshakeError.allCases.map(\.sentence)
        #expect(Set(sentences).count == sentences.count)
        #expect(sentences.allSatisfy { $0.hasSuffix(".") })
    }
}
