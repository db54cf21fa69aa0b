import Configuration
import Policy
import Reactor
import StandIn
import Testing

/// Where audio can get to: nowhere outside a tenant's residency, whatever fails.
@Suite("10 Residency") struct ResidencyOnTheWire {
    /// Not a byte, and not a TCP connection: every server counts what it accepts.
    @Test(arguments: Seeds.some(5))
    func noConnectionEverLeavesATenantsResidency(seed: UInt64) throws {
        let scenes = try Seeds.from(seed, count: 40).map { try RandomScene(seed: $0) }
        for round in 1...2 {
            for scene in scenes { scene.beginRound() }
            for scene in scenes { try scene.finishRound() }
            if round == 1 { for scene in scenes { scene.reroll() } }
        }
        for scene in scenes { try scene.close() }
    }
}

/// Rule 7: what a name leads to is looked at before anything is sent there.
@Suite("10 Names") struct NamesOnTheWire {
    /// A cloud's metadata service, a database next door, the relay's own admin listener.
    static let inward = [
        "127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "100.64.0.1", "169.254.169.254", "fe80::1", "fd00::1", "64:ff9b::7f00:1", "224.0.0.1",
    ]

    @Test func aNameThatPointsInwardIsNotConnectedTo() throws {
        let harbour = try RelayHarbour { plan in
            plan.resolver = Resolver { name in
                let index = name.split(separator: ".").first.flatMap { Int($0) }
                return index.map { addresses(Self.inward[$0]) } ?? .failure(.notFound)
            }
            plan.adjustZone = { zone, ports in
                zone.endpoints = try Self.inward.indices.map { index in
                    try Endpoint("wss://\(index).inward.test:\(ports[zone.zone.name] ?? 0)/v3/ws", in: zone.zone)
                }
            }
        }
        let client = harbour.client()
        #expect(try client.toTheEnd().closeCode == 4503)
        let kinds = try harbour.log.text.map { try JSONValue(parsing: $0) }.filter { $0["event"] == "dial-failed" }
            .compactMap { $0["kind"]?.string }
        #expect(kinds == Array(repeating: "address-forbidden", count: Self.inward.count))
        #expect(harbour.acceptedAnywhere == 0)
    }

    @Test func onlyAListedAddressOfANameIsConnectedTo() throws {
        let harbour = try RelayHarbour { plan in
            plan.resolver = Resolver { _ in addresses("10.1.2.3", "127.0.0.2", "::1", "127.0.0.1", "169.254.169.254") }
            try plan.rename("eu", to: "stt.provider.test")
            plan.adjustZone = { zone, ports in
                zone.endpoints = [try Endpoint("wss://stt.provider.test:\(ports["eu"] ?? 0)/v3/ws", in: zone.zone)]
                zone.verify.networks = ["127.0.0.1/32"].compactMap { Network($0) }
            }
        }
        try harbour.client().begun()
        #expect(harbour.acceptedAnywhere == 1)
        #expect(try harbour.session { $0.hasBegun }.serverName == "stt.provider.test")
    }

    @Test func aNameThatIsNeverAnsweredHoldsUpNobodyElse() throws {
        let isAnswered = Monitor(false)
        let harbour = try RelayHarbour { plan in
            plan.resolver = Resolver { name in
                if name == "hung.test" { _ = isAnswered.wait(upTo: RelayHarbour.patience) { $0 ? true : nil } }
                return addresses("127.0.0.1")
            }
            try plan.rename("eu", to: "stt.provider.test")
            plan.adjustZone = { zone, ports in
                let name = zone.zone == .eu ? "stt.provider.test" : "hung.test"
                zone.endpoints = [try Endpoint("wss://\(name):\(ports[zone.zone.name] ?? 0)/v3/ws", in: zone.zone)]
                zone.verify.networks = ["127.0.0.1/32"].compactMap { Network($0) }
                if zone.zone != .eu { zone.connectTimeout = .seconds(1) }
            }
        }
        // More than the resolver has threads.
        let hung = (0..<2 * Resolver.maxThreads).map { _ in harbour.client("globex") }
        for _ in 1...5 { try harbour.client("acme").begun() }
        for client in hung { #expect(try client.toTheEnd().closeCode == 4504) }
        isAnswered.update { $0 = true }
        // The answer comes too late for them; the next one finds it, and finds that nobody there has its name.
        #expect(try harbour.client("globex").toTheEnd().closeCode == 4503)
        #expect(harbour.accepted(in: "us") == 1)
    }
}

private func addresses(_ hosts: String...) -> Resolver.Answer {
    .success(hosts.compactMap { SocketAddress(literal: $0, port: 0) })
}
