import StandIn
import Testing

@Suite struct StandInClientTests {
    @Test func aPortThatNobodyListensOnIsAnEnd() throws {
        let bed = try TestBed()
        bed.server.stop()
        #expect(bed.client().rest() == [.ended("lost")])
    }

    @Test func aWaitThatIsInVainLosesNothing() throws {
        let bed = try TestBed()
        let client = bed.client("standin_fault=slow-begin:20")
        #expect(!client.rest(within: .milliseconds(5)).contains(.ended("closed")))
        try client.begin()
    }

    @Test func restIsEverythingUpToTheEndAndOnlyOnce() throws {
        let bed = try TestBed()
        let client = bed.client()
        client.send(text: #"{"type":"Terminate"}"#)
        #expect(client.rest().count == 5)
        #expect(client.rest(within: .zero).isEmpty)
    }
}
