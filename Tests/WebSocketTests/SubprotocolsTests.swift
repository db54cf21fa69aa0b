import HTTP
import Testing
import WebSocket

@Suite struct SubprotocolsTests {
    @Test(
        arguments: [
            ([:], []),
            (["Sec-WebSocket-Protocol": "tidegate.v1, bearer.abc.d-e_f"], ["tidegate.v1", "bearer.abc.d-e_f"]),
            (["sec-websocket-protocol": "a", "Sec-WebSocket-Protocol": "b,c"], ["a", "b", "c"]),
            (["Sec-WebSocket-Protocol": "a,A"], ["a", "A"]),
        ] as [(HeaderFields, [String])])
    func theOfferIsReadInItsOrderOverAllLines(fields: HeaderFields, offered: [String]) throws {
        #expect(try Subprotocols.parse(fields) == offered)
    }

    @Test(arguments: ["a b", "a/b", "a, a", "a;b=1", "\"a\"", "bearer.a=", "\u{E9}"])
    func anOfferThatIsNoListOfDistinctTokensIsRefused(value: String) {
        #expect(throws: OpeningHandshakeError.subprotocolInvalid) {
            try Subprotocols.parse(["Sec-WebSocket-Protocol": value])
        }
    }
}
