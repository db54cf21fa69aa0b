import Configuration
import Policy
import Reactor
import RelayServer
import StandIn
import Testing
import Timing

/// New versions of policy and configuration under live traffic: who may stay notices nothing, who may not is told at once.
@Suite("20 Reload", .overEachHTTP, .timeLimit(.minutes(10))) struct Reload {
    // MARK: Policy

    @Test func sessionsMovedOutOfTheirZoneAreToldAndTerminatedAndTheOthersGoOn() throws {
        let harbour = try RelayHarbour { $0.makeNeighbours() }
        let neighbours = try Neighbours(in: harbour)
        let moved = try (0..<20).map { _ in try harbour.begunClient("acme") }
        let others = try (0..<5).map { _ in try harbour.begunClient("globex") }
        for client in moved + others { client.send(binary: .init(repeating: 1, count: 3200)) }

        try harbour.reload { $0.change("acme") { $0.move(to: .us) } }
        for client in moved {
            let events = try client.toTheEnd()
            #expect(events.closeCode == 4403)
            #expect(events.messages.last?["refusal"] == "policy-changed")
        }
        try neighbours.goAround()
        let ends = try harbour.wait { ledger in
            let ends = ledger.sessions(in: "eu").map(\.ending)
            return ends.allSatisfy { $0 == .terminated } ? ends.count : nil
        }
        #expect(ends == 20)
        for client in others { client.send(text: #"{"type":"Terminate"}"#) }
        for client in others { #expect(try client.toTheEnd().closeCode == 1000) }
        // Who comes again gets what is allowed now.
        try harbour.client("acme").begun()
        #expect(try harbour.wait { $0.sessions(in: "us").count == 6 ? true : nil })
        let line = try harbour.log.line("session-ended") { $0["ending"] == "policy-changed" }
        #expect(line["policy"] == "2")
    }

    @Test func aRevokedKeyEndsItsSessions() throws {
        let harbour = try RelayHarbour()
        let client = try harbour.begunClient("acme")
        try harbour.reload { $0.change("acme") { $0 = HarbourTenant("acme", [.eu]) } }
        let events = try client.toTheEnd()
        #expect(events.closeCode == 4401)
        #expect(try harbour.session().ending == .terminated)
    }

    @Test func aTenantThatIsGoneEndsWithItsSessions() throws {
        let harbour = try RelayHarbour()
        let client = try harbour.begunClient("acme")
        try harbour.reload { $0.tenants.removeAll { $0.name == "acme" } }
        #expect(try client.toTheEnd().closeCode == 4401)
    }

    @Test func aReloadThatForbidsNothingGoesUnnoticed() throws {
        let harbour = try RelayHarbour { $0.makeNeighbours() }
        let neighbours = try Neighbours(in: harbour)
        for _ in 0..<20 {
            try harbour.reload { _ in }
            try neighbours.goAround(times: 2)
        }
        #expect(harbour.sessions(comingTo: neighbours.clients.count) == neighbours.clients.count)
    }

    /// The audio that waits for the dial goes where it may go now.
    @Test func aDialUnderWayIsReplaced() throws {
        // The kernel accepts its connections, and nobody says a word.
        let silent = try Socket.listen(.loopback(port: 0), reusePort: false)
        let port = try Socket.localAddress(silent.raw).port
        let harbour = try RelayHarbour { plan in
            plan.adjustZone = { zone, _ in
                if zone.zone == .eu { zone.endpoints = [try Endpoint("wss://localhost:\(port)/v3/ws", in: .eu)] }
            }
        }
        let client = harbour.client("acme")
        try client.opened()
        client.send(binary: .init(repeating: 1, count: 3200))
        try harbour.reload { $0.change("acme") { $0.move(to: .us) } }
        #expect(try client.message()["type"] == "Begin")
        _ = try harbour.session(in: "us") { $0.audioSeconds > 0.09 }
    }

    @Test func aDialWhoseUpgradeIsOutIsEndedWithoutAByteOfAudio() throws {
        let harbour = try RelayHarbour()
        harbour.standIn.fail("eu", with: [Fault(.slowAnswer(milliseconds: 300))])
        let client = harbour.client("acme")
        try client.opened()
        client.send(binary: .init(repeating: 1, count: 3200))
        _ = try harbour.wait { $0.requests.contains { $0.zone == "eu" } ? true : nil }
        try harbour.reload { $0.change("acme") { $0.move(to: .us) } }
        #expect(try client.toTheEnd().closeCode == 4403)
        let session = try harbour.session()
        #expect(session.ending == .terminated)
        #expect(session.audioSeconds == 0)
        #expect(harbour.accepted(in: "us") == 0)
    }

    /// The dial was verified by the rules of before; those of now bind it before a byte of audio goes there.
    @Test func aPinTakenBackDuringADialBindsIt() throws {
        let harbour = try RelayHarbour()
        harbour.standIn.fail("eu", with: [Fault(.slowAnswer(milliseconds: 300))])
        let client = harbour.client("acme")
        try client.opened()
        client.send(binary: .init(repeating: 1, count: 3200))
        _ = try harbour.wait { $0.requests.contains { $0.zone == "eu" } ? true : nil }
        try harbour.reload { plan in
            plan.adjustZone = { zone, _ in
                if zone.zone == .eu { zone.verify.pins = [Array(repeating: 7, count: 32)] }
            }
        }
        // The loops have judged their sessions before they take another one.
        try harbour.client("globex").begun()
        #expect(try client.toTheEnd().closeCode == 4403)
        let session = try harbour.session()
        #expect(session.ending == .terminated)
        #expect(session.audioSeconds == 0)
    }

    // MARK: Configuration

    @Test(.overHTTP1Alone) func newHandshakesUseTheNewCertificateAndOldSessionsLive() throws {
        let harbour = try RelayHarbour { $0.makeNeighbours() }
        let neighbours = try Neighbours(in: harbour)
        try harbour.reload { try $0.renewCertificates(names: ["localhost", "renewed.example.com"]) }
        try neighbours.goAround()
        #expect(
            try harbour.secureWire(.init(serverName: "renewed.example.com")).hasCertificate(for: "renewed.example.com"))
        try neighbours.goAround()
    }

    @Test func newSessionsUseTheNewProviderKeyAndOldOnesLive() throws {
        let harbour = try RelayHarbour()
        let old = try harbour.begunClient("acme")
        // The stand-in does not know this one.
        try harbour.reload { $0.providerKeys["eu"] = "another-key-that-nobody-knows" }
        #expect(try harbour.client("acme").toTheEnd().closeCode == 4502)
        old.send(text: #"{"type":"Terminate"}"#)
        #expect(try old.toTheEnd().closeCode == 1000)
    }

    @Test(.overHTTP1Alone) func listenersComeAndGoAndSessionsStay() throws {
        let harbour = try RelayHarbour { $0.makeNeighbours() }
        let neighbours = try Neighbours(in: harbour)
        let plain = harbour.relay.addresses[1].port
        try harbour.reload { $0.listeners.removeLast() }
        #expect(harbour.relay.addresses.count == 1)
        while !WireClient.isRefused(port: plain) {}
        try harbour.reload { $0.listeners.append($0.listeners[0]) }
        #expect(harbour.relay.addresses.count == 2)
        let port = try #require(harbour.relay.addresses.last?.port)
        let client = harbour.client("umbrella") { $0.address = .loopback(port: port) }
        try client.opened()
        try neighbours.goAround()
    }

    @Test func aVersionWhoseListenerCannotBeBoundChangesNothing() throws {
        let harbour = try RelayHarbour()
        let taken = try Socket.listen(.loopback(port: 0), reusePort: false)
        let port = try Socket.localAddress(taken.raw).port
        #expect(throws: RelayStartError.self) {
            try harbour.reload { plan in
                plan.change("acme") { $0.move(to: .us) }
                plan.listeners.append(ListenerSettings(address: ListenAddress(.v4(0x7f00_0001), port: port)))
            }
        }
        try harbour.client("acme").begun()
        #expect(harbour.accepted(in: "us") == 0)
        #expect(harbour.relay.addresses.count == 2)
    }

    @Test func aPinTakenBackEndsTheSessionsOfItsKey() throws {
        let harbour = try RelayHarbour()
        let client = try harbour.begunClient("acme")
        let other = try harbour.begunClient("globex")
        try harbour.reload { plan in
            plan.adjustZone = { zone, _ in
                if zone.zone == .eu { zone.verify.pins = [Array(repeating: 7, count: 32)] }
            }
        }
        #expect(try client.toTheEnd().closeCode == 4403)
        other.send(text: #"{"type":"Terminate"}"#)
        #expect(try other.toTheEnd().closeCode == 1000)
        #expect(try harbour.client("acme").toTheEnd().closeCode == 4503)
    }

    @Test func aLowerLimitTurnsNobodyOut() throws {
        let harbour = try RelayHarbour { $0.makeNeighbours() }
        let neighbours = try Neighbours(in: harbour)
        try harbour.reload { $0.limits.sessions = 2 }
        try neighbours.goAround()
        #expect(try harbour.client("umbrella").toTheEnd().isEmpty == false)
        #expect(harbour.sessions(comingTo: neighbours.clients.count) == neighbours.clients.count)
    }
}

// MARK: - What the stories need

extension RelayHarbour {
    /// A client of a tenant whose session has begun.
    func begunClient(_ tenant: String) throws -> StandInClient {
        let client = client(tenant)
        try client.begun()
        return client
    }
}

extension RelayHarbour.Plan {
    mutating func change(_ tenant: String, _ change: (inout HarbourTenant) -> Void) {
        for index in tenants.indices where tenants[index].name == tenant { change(&tenants[index]) }
    }

    /// Writes new certificates where the listeners' are.
    mutating func renewCertificates(names: [String]) throws {
        _ = try authority.issue(names: names).write(to: folder, name: "relay-0")
    }
}
