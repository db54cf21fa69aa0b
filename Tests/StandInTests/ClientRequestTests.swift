import Reactor
import StandIn
import Testing

@Suite struct ClientRequestTests {
    @Test func aRequestGoesToLoopbackUnlessToldOtherwise() {
        let request = ClientRequest(port: 4711)
        #expect(request.address.description == "127.0.0.1:4711")
        #expect(request.target == "/v3/ws" && request.isUpgrade && request.tls == nil)
    }
}
