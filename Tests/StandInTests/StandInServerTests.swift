import HTTP
import StandIn
import Testing

@Suite struct StandInServerTests {
    @Test func zonesHaveTheirOwnPortsAndKeys() throws {
        let zones = ["us", "eu", "edge"].map { StandInZone($0, keys: ProviderKeys([("\($0)-key", "KEY-\($0)")])) }
        let server = try StandInServer(zones: zones)
        defer { server.stop() }
        let clients = try ClientLoop()
        defer { clients.stop() }
        #expect(Set(server.ports.values).count == 3 && server.controlPort == nil)
        for (zone, port) in server.ports {
            let request = ClientRequest(port: port, fields: ["Authorization": "KEY-\(zone)"])
            try StandInClient(request, on: clients).begin()
        }
        let names: [String?]? = server.ledger.wait(upTo: .seconds(5)) { ledger in
            ledger.sessions.count == 3 ? ledger.sessions.map(\.keyName) : nil
        }
        #expect(Set(names ?? []) == ["us-key", "eu-key", "edge-key"])
    }

    @Test func stoppingEndsEverything() throws {
        let bed = try TestBed()
        let client = bed.client()
        try client.begin()
        bed.server.stop()
        #expect(client.next() == .ended("lost"))
        #expect(bed.client().next() == .ended("lost"))
    }
}
