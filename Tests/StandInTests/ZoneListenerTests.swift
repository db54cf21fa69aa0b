import Testing

@testable import StandIn

@Suite struct ZoneListenerTests {
    @Test func connectionsAreCountedWhileTheyLast() throws {
        let bed = try TestBed(isSecure: true)
        let client = bed.client()
        try client.begin()
        #expect(bed.server.ledger.snapshot.connections["eu"] == .init(accepted: 1, open: 1, insecure: 0))
        client.reset()
        #expect(connections(of: bed) { $0.open == 0 } == .init(accepted: 1, open: 0, insecure: 0))
    }

    @Test func aClientThatDoesNotTrustTheCertificateIsCounted() throws {
        let bed = try TestBed(isSecure: true)
        let other = try TestBed(isSecure: true)
        let client = other.client { $0.address = ClientRequest(port: bed.port).address }
        #expect(client.next() == .ended("insecure"))
        #expect(connections(of: bed) { $0.insecure == 1 } != nil)
    }

    @Test(arguments: [
        ("rst@accept", ["lost", "truncated"]), ("eof@accept", ["truncated"]), ("raw:485454502f@accept", ["insecure"]),
    ])
    func faultsCanStrikeBeforeTLS(_ fault: String, _ ends: [String]) throws {
        let bed = try TestBed(isSecure: true)
        bed.server.fail("eu", with: [try Fault(fault)], times: 1)
        guard case .ended(let end) = bed.client().next() else { throw TestBed.Unanswered() }
        #expect(ends.contains(end))
        try bed.client().begin()
    }

    @Test func aDeafConnectionIsNeverAnswered() throws {
        let bed = try TestBed(isSecure: true)
        bed.server.fail("eu", with: [try Fault("no-answer@accept")], times: 1)
        let client = bed.client()
        #expect(connections(of: bed) { $0.accepted == 1 } != nil)
        #expect(client.next(within: .milliseconds(20)) == nil)
    }

    @Test func aZoneThatIsDownRefusesAndComesBackOnItsPort() throws {
        let bed = try TestBed()
        let client = bed.client()
        try client.begin()
        bed.server.takeDown("eu")
        bed.server.dropConnections("eu")
        #expect(client.next() == .ended("lost"))
        let session = try bed.session()
        #expect(session.ending == .abandoned && session.connectionEnd == "reset")
        #expect(bed.client().next() == .ended("lost"))
        bed.server.bringUp("eu")
        bed.server.dropConnections("eu")
        var isUp = false
        for _ in 1...100 where !isUp {
            if case .opened = bed.client().next() { isUp = true }
        }
        #expect(isUp)
    }

    private func connections(
        of bed: TestBed, _ isWanted: @escaping (Ledger.Connections) -> Bool
    ) -> Ledger.Connections? {
        bed.server.ledger.wait(upTo: .seconds(5)) { ledger in
            ledger.connections["eu"].flatMap { isWanted($0) ? $0 : nil }
        }
    }
}
