import StandIn
import Testing
import WebSocket

@Suite struct ClientConnectionTests {
    @Test func whatIsSentBeforeTheUpgradeGoesOutAfterIt() throws {
        let bed = try TestBed { $0.mode = .echo }
        let client = bed.client()
        client.send(text: "early")
        guard case .opened = client.next() else { throw TestBed.Unanswered() }
        #expect(client.next() == .text("early"))
    }

    @Test func anUnansweredCloseLeavesTheConnectionToTheServer() throws {
        let bed = try TestBed()
        let client = bed.client("standin_fault=close:1000") { $0.answersClose = false }
        guard case .opened = client.next() else { throw TestBed.Unanswered() }
        #expect(client.next() == .close(ClosePayload(code: .normal)))
        #expect(client.next(within: .milliseconds(20)) == nil)
        #expect(try bed.session { $0.closeSent == 1000 }.closeReceived == nil)
    }

    @Test func aServerThatBreaksTheRulesIsClosedWith1002() throws {
        let bed = try TestBed()
        let client = bed.client("standin_fault=garbage")
        guard case .opened = client.next(), case .violation(let code, _) = client.next() else {
            throw TestBed.Unanswered()
        }
        #expect(code == .protocolError)
        #expect(try bed.session { $0.closeReceived != nil }.closeReceived == 1002)
    }

    @Test func aTargetThatCannotBeWrittenIsAnEnd() throws {
        let bed = try TestBed()
        #expect(bed.client(path: "no slash").next() == .ended("the request cannot be written"))
    }
}
