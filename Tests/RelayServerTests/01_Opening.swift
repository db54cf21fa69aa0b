import StandIn
import Testing

@Suite struct Opening {
    @Test func aTenantsSessionGoesToItsZone() throws {
        let harbour = try RelayHarbour()
        let client = harbour.client("acme")
        try client.begun()
        client.send(text: #"{"type":"Terminate"}"#)
        let events = try client.toTheEnd()
        #expect(events.last == .ended("closed"))
        #expect(try harbour.session(in: "eu").ending == .terminated)
        #expect(harbour.accepted(in: "us") + harbour.accepted(in: "edge") == 0)
    }
}
