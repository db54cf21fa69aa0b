import Testing
import WebSocket

@Suite struct ClosingHandshakeTests {
    private let normal = ClosePayload(code: .normal)
    private let away = ClosePayload(code: .goingAway, reason: "later")

    @Test func anOpenLegOwesNothing() {
        let closing = ClosingHandshake()
        #expect(closing.maySend)
        #expect(!closing.owesClose && !closing.awaitsClose && !closing.isComplete)
    }

    @Test func whoClosesFirstWaitsForTheAnswer() throws {
        var closing = ClosingHandshake()
        #expect(closing.sendClose(normal) == true)
        #expect(!closing.maySend && closing.awaitsClose && !closing.isComplete)
        try closing.checkReceived()
        try closing.receiveClose(away)
        #expect(closing.isComplete && !closing.awaitsClose && !closing.owesClose)
        #expect(closing.sent == normal)
        #expect(closing.received == away)
    }

    @Test func whoIsClosedOwesAnAnswer() throws {
        var closing = ClosingHandshake()
        try closing.receiveClose(away)
        #expect(closing.maySend && closing.owesClose && !closing.isComplete)
        #expect(closing.sendClose(away) == true)
        #expect(closing.isComplete && !closing.owesClose)
    }

    @Test func onlyTheFirstCloseGoesOut() {
        var closing = ClosingHandshake()
        #expect(closing.sendClose(normal) == true)
        #expect(closing.sendClose(away) == false)
        #expect(closing.sent == normal)
    }

    @Test func nothingMayFollowTheCloseOfThePeer() throws {
        var closing = ClosingHandshake()
        try closing.receiveClose(normal)
        #expect(throws: WebSocketError.frameAfterClose) { try closing.checkReceived() }
        #expect(throws: WebSocketError.frameAfterClose) { try closing.receiveClose(away) }
        #expect(closing.received == normal)
    }
}
