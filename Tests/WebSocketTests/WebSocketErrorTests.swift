import Testing
import WebSocket

@Suite struct WebSocketErrorTests {
    @Test func aBreachIsClosedWithTheCodeOfItsKind() {
        for error in WebSocketError.allCases {
            let expected: CloseCode =
                switch error {
                case .messageTooBig: .messageTooBig
                case .closeReasonNotUTF8: .invalidPayload
                default: .protocolError
                }
            #expect(error.closeCode == expected)
            #expect(error.closeCode.mayBeSent)
        }
    }

    @Test func everyRuleIsToldInASentenceOfItsOwnThatFitsACloseFrame() {
        let sentences = WebSocketError.allCases.map(\.sentence)
        #expect(Set(sentences).count == sentences.count)
        #expect(sentences.allSatisfy { $0.utf8.count <= ClosePayload.maxReasonBytes && $0.hasSuffix(".") })
    }
}
