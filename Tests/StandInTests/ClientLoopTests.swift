import StandIn
import Testing

@Suite struct ClientLoopTests {
    @Test func oneLoopCarriesManyClients() throws {
        let bed = try TestBed { $0.mode = .echo }
        let clients = (0..<50).map { _ in bed.client() }
        for (number, client) in clients.enumerated() { client.send(text: "client \(number)") }
        for (number, client) in clients.enumerated() {
            guard case .opened = client.next() else { throw TestBed.Unanswered() }
            #expect(client.next() == .text("client \(number)"))
        }
    }

    @Test func stoppingResetsTheClients() throws {
        let bed = try TestBed()
        let client = bed.client()
        try client.begin()
        bed.clients.stop()
        #expect(client.next() == .ended("reset"))
        #expect(try bed.session().ending == .abandoned)
    }
}
