import Configuration
import Glibc
import HTTP
import Policy
import Reactor
import RelayCore
import RelayTestKit
import StandIn
import TLS
import Testing
import WebSocket

@testable import RelayServer

/// A harbour with servers that work and servers that fail in every way, tenants with any residency, and clients that ask
/// for anything. It knows by PRODUCT.md's words alone where each of them may be heard, and compares.
final class RandomScene {
    private let harbour: RelayHarbour
    private let site: Zone?
    /// Endpoints that fail are left alone. Who is heard where then hangs on who came before; where nobody may be heard does
    /// not.
    private let hasBreakers: Bool
    /// Each zone has a second key to show to a server that refuses the first.
    private let hasPreviousKeys: Bool
    /// The zones that some ask was allowed to enter.
    private var mayBeEntered: Set<Zone> = []
    private var servers: [Server]
    private var random: SeededGenerator
    private var asks: [(ask: RandomAsk, client: StandInClient)] = []
    private var askCount = 0
    /// Connections that should have come to each server so far.
    private var expected: [String: Int] = [:]
    /// Held open, so that nobody else can listen there.
    private let closedPorts: ClosedPorts

    private struct Server: CustomStringConvertible {
        let name: String
        let zone: Zone
        var manner: Manner

        var description: String { "\(name) \(manner)" }
    }

    init(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let closedPorts = ClosedPorts()
        let site: Zone? = Bool.random(using: &random) ? nil : [.us, .eu].randomElement(using: &random)
        var servers: [Server] = []
        var isSlowTaken = false
        for zone in RelayHarbour.Plan.zones {
            for number in 1...Int.random(in: 1...3, using: &random) {
                var manner = Manner.random(&random)
                // One is enough to be tried, and the time of more would add up.
                if manner == .slow, isSlowTaken { manner = .works }
                isSlowTaken = isSlowTaken || manner == .slow
                servers.append(Server(name: "\(zone)-\(number)", zone: zone, manner: manner))
            }
        }
        let hasPreviousKeys = Bool.random(using: &random)
        let hasBreakers = Int.random(in: 0..<4, using: &random) == 0
        self.hasPreviousKeys = hasPreviousKeys
        self.hasBreakers = hasBreakers
        self.closedPorts = closedPorts
        self.site = site
        harbour = try RelayHarbour { plan in
            plan.site = Site(name: "scene", zone: site)
            plan.hosts = ["us.localhost": .us, "eu.localhost": .eu, "edge.localhost": .edge]
            plan.timeouts.handshake = Self.slow
            if hasBreakers { plan.breakers = Breaker.Rules(threshold: 2, pause: .milliseconds(50)) }
            plan.tenants = Self.tenants(&random)
            plan.standIns = []
            for server in servers {
                try plan.addStandIn(server.name, in: server.zone)
                guard server.manner == .wrongCertificate else { continue }
                try plan.rename(server.name, to: "elsewhere.example")
            }
            for zone in RelayHarbour.Plan.zones {
                plan.endpoints[zone] = servers.filter { $0.zone == zone }.map(\.name)
            }
            plan.adjustZone = { settings, ports in
                if hasPreviousKeys { settings.previousKey = settings.key }
                settings.endpoints = try servers.filter { $0.zone == settings.zone }.map { server in
                    let port = server.manner == .down ? try closedPorts.reserve() : ports[server.name] ?? 0
                    return try Self.endpoint(in: server.zone, port: port, &random)
                }
            }
        }
        self.servers = servers
        self.random = random
        for server in servers { misbehave(server) }
    }

    /// Longer than anything takes that works, and short enough to wait for what does not.
    private static let slow = Duration.seconds(2)

    /// A random non-empty choice of zones in random order, or any, for each.
    private static func tenants(_ random: inout SeededGenerator) -> [HarbourTenant] {
        (0..<4).map { number in
            let zones = RelayHarbour.Plan.zones.shuffled(using: &random)
            return HarbourTenant("tenant-\(number)", Array(zones.prefix(Int.random(in: 0...3, using: &random))))
        }
    }

    /// By a name that needs no look-up, or by a configured address.
    private static func endpoint(
        in zone: Zone, port: UInt16, _ random: inout SeededGenerator
    ) throws -> Endpoint {
        guard Bool.random(using: &random) else { return try Endpoint("wss://localhost:\(port)/v3/ws", in: zone) }
        return try Endpoint(
            "wss://localhost/v3/ws", in: zone, address: EndpointAddress(.v4(0x7F00_0001), port: port))
    }

    private func misbehave(_ server: Server) {
        harbour.standIn.clearFaults(server.name)
        let trap = servers.filter { $0.zone != server.zone }.randomElement(using: &random) ?? server
        let url = "wss://localhost:\(harbour.standIn.ports[trap.name] ?? 0)/v3/ws"
        if let fault = server.manner.fault(redirectingTo: url) { harbour.standIn.fail(server.name, with: [fault]) }
    }

    // MARK: One round

    /// Sends clients out; `finishRound` waits for them.
    func beginRound(clients: Int = 6) {
        for _ in 0..<clients {
            askCount += 1
            let ask = RandomAsk(number: askCount, tenants: harbour.tenants, &random)
            let client = harbour.client(ask.tenant.name, ask.target, fields: ask.fields) {
                ask.complete(&$0, plainPort: harbour.plainPort)
            }
            asks.append((ask, client))
        }
    }

    /// Compares what became of each client, and which servers heard of it, with what policy says.
    func finishRound() throws {
        for (ask, client) in asks {
            let path = self.path(of: ask)
            let outcome = try Outcome(of: client)
            client.reset()
            let heard = harbour.ledger.snapshot.requests.filter { $0.target.contains(ask.mark) }.map(\.zone)
            mayBeEntered.formUnion(path.zones)
            guard !hasBreakers else {
                let allowed = servers.filter { path.zones.contains($0.zone) }.map(\.name)
                #expect(Set(heard).isSubset(of: allowed), "\(ask) of \(servers)")
                continue
            }
            #expect(outcome == path.outcome, "\(ask) at site \(site?.name ?? "-") of \(servers)")
            for server in path.connected { expected[server, default: 0] += 1 }
            #expect(heard == path.heard, "\(ask) of \(servers)")
        }
        asks = []
    }

    /// What worked may fail now, and the reverse, on the same relay.
    func reroll() {
        for index in servers.indices where servers[index].manner.canChange {
            let manner = Manner.random(&random)
            if manner.canChange, manner != .slow { servers[index].manner = manner }
            misbehave(servers[index])
        }
    }

    /// Ends the relay and counts: behind a connection of our own, every earlier one has been accepted.
    func close() throws {
        harbour.relay.stop()
        harbour.relay.wait()
        harbour.standIn.clearFaults()
        for server in servers {
            let port = harbour.standIn.ports[server.name] ?? 0
            let probe = try WireClient(port: port)
            defer { probe.reset() }
            let wanted = expected[server.name, default: 0] + 1
            let accepted = try harbour.wait { ledger in
                ledger.connections[server.name].map(\.accepted).flatMap { $0 >= wanted ? $0 : nil }
            }
            guard !hasBreakers || !mayBeEntered.contains(server.zone) else { continue }
            #expect(accepted == wanted, "connections to \(server) of \(servers)")
        }
    }

    // MARK: What should be

    /// The servers an ask leads to, one after another, and how it ends.
    private struct Path {
        var connected: [String] = []
        var heard: [String] = []
        var zones: [Zone] = []
        var outcome: Outcome
    }

    private func path(of ask: RandomAsk) -> Path {
        guard let zones = ask.zones, isServedHere(ask.tenant) else { return Path(outcome: .refused) }
        var path = Path(zones: zones, outcome: .unserved)
        for zone in zones {
            for server in servers where server.zone == zone {
                let visits = Array(repeating: server.name, count: server.manner.refusesKeys && hasPreviousKeys ? 2 : 1)
                if server.manner != .down { path.connected += visits }
                if server.manner.readsRequest { path.heard += visits }
                if server.manner == .works { path.outcome = .served }
                if server.manner.endsTheDial { return path }
            }
        }
        return path
    }

    private func isServedHere(_ tenant: HarbourTenant) -> Bool {
        guard let site, case .zones(let zones) = tenant.residency else { return true }
        return zones.contains(site) || zones.contains(.edge)
    }
}

/// How a server behaves toward those who connect.
private enum Manner: CaseIterable {
    case works
    // Not even a connection: nobody listens, or the connection breaks before TLS stands.
    case down, reset, end, noise, wrongCertificate
    // An answer that opens nothing.
    case slow, unavailable, overloaded, redirect, cut, wrongAccept
    // The provider's word, after which nobody else is asked.
    case keyRejected, keyRejectedInBand, requestRejected

    static func random(_ random: inout SeededGenerator) -> Manner {
        // Half of them work, or hardly any ask would be served.
        Bool.random(using: &random) ? .works : allCases.randomElement(using: &random) ?? .works
    }

    func fault(redirectingTo url: String) -> StandIn.Fault? {
        switch self {
        case .works, .down, .wrongCertificate: nil
        case .reset: Fault(.reset, at: .accept)
        case .end: Fault(.end, at: .accept)
        case .noise: Fault(.raw(Array("HTTP/1.1 101 Switching Protocols\r\n\r\n".utf8)), at: .accept)
        case .slow: Fault(.noAnswer)
        case .unavailable: Fault(.status(503, body: nil))
        case .overloaded: Fault(.status(429, body: nil))
        case .redirect: Fault(.redirect(url))
        case .cut: Fault(.reset, at: .request)
        case .wrongAccept: Fault(.wrongAccept)
        case .keyRejected: Fault(.status(401, body: nil))
        case .keyRejectedInBand: Fault(.error(1008))
        case .requestRejected: Fault(.status(400, body: nil))
        }
    }

    /// The others are made so from the start.
    var canChange: Bool { self != .down && self != .wrongCertificate }

    var readsRequest: Bool {
        switch self {
        case .down, .reset, .end, .noise, .wrongCertificate: false
        default: true
        }
    }

    var endsTheDial: Bool {
        switch self {
        case .works, .keyRejected, .keyRejectedInBand, .requestRejected: true
        default: false
        }
    }

    var refusesKeys: Bool { self == .keyRejected || self == .keyRejectedInBand }
}

/// What a client asks for, in any of the ways there are, and what that means.
private struct RandomAsk: CustomStringConvertible {
    let tenant: HarbourTenant
    let target: String
    /// Part of the target that no other ask's has.
    let mark: String
    /// The zones that may hear it, in order; nil: it must be refused.
    let zones: [Zone]?
    /// As the client writes it in `Host`.
    private let host: String
    private let isPage: Bool

    init(number: Int, tenants: [HarbourTenant], _ random: inout SeededGenerator) {
        let tenant = tenants.randomElement(using: &random) ?? tenants[0]
        let zone = RelayHarbour.Plan.zones.randomElement(using: &random) ?? .eu
        let other = RelayHarbour.Plan.zones.filter { $0 != zone }.randomElement(using: &random) ?? .edge
        // Host, path, parameters; what they mean together.
        let forms: [(host: String, path: String, query: String, ask: Ask)] = [
            ("localhost", "/v3/ws", "", .nothing), ("localhost", "//v3/ws", "", .nothing),
            ("\(zone).localhost", "/v3/ws", "", .zone(zone)), ("\(zone).LOCALHOST:443", "/v3/ws", "", .zone(zone)),
            ("localhost", "/\(zone)/v3/ws", "", .zone(zone)), ("localhost", "/v3/ws", "zone=\(zone)&", .zone(zone)),
            ("localhost", "/v3/ws", "%7aone=\(zone)&", .zone(zone)),
            ("\(zone).localhost", "/\(zone)/v3/ws", "zone=\(zone)&", .zone(zone)),
            ("\(zone).localhost", "/\(other)/v3/ws", "", .improper),
            ("localhost", "/\(zone)/v3/ws", "zone=\(other)&", .improper),
            ("localhost", "/v3/ws", "zone=\(zone)&zone=\(other)&", .improper),
            ("localhost", "/v3/ws", "zone=\(zone),\(other)&", .improper),
            ("localhost", "/v3/ws", "zone=ap&", .improper), ("localhost", "/ap/v3/ws", "", .improper),
        ]
        // The plain ones twice as often: they are the ones that fail over.
        let form = forms[max(0, Int.random(in: -forms.count..<forms.count, using: &random))]
        mark = "who=\(number)."
        target = "\(form.path)?\(form.query)\(mark)"
        host = form.host
        isPage = Bool.random(using: &random)
        zones = form.ask.zones(for: tenant)
        self.tenant = tenant
    }

    private enum Ask {
        case nothing
        case zone(Zone)
        case improper

        func zones(for tenant: HarbourTenant) -> [Zone]? {
            switch (self, tenant.residency) {
            case (.improper, _): nil
            case (.nothing, .any): [.edge]
            case (.nothing, .zones(let list)): list.zones
            case (.zone(let zone), .any): [zone]
            case (.zone(let zone), .zones(let list)): list.contains(zone) ? [zone] : nil
            }
        }
    }

    var fields: HeaderFields { isPage ? ["Origin": HarbourTenant.origin] : [:] }

    /// The relay has no certificate for the names that ask for a zone, so those come to its plain listener.
    func complete(_ request: inout ClientRequest, plainPort: UInt16) {
        request.serverName = host
        guard host != "localhost" else { return }
        request.tls = nil
        request.address = .loopback(port: plainPort)
    }

    var description: String { "\(tenant.name) (\(tenant.residency)) asking for \(target) at \(host)" }
}

/// What became of a client.
private enum Outcome: Equatable {
    case served
    /// Refused before anything was dialled.
    case refused
    /// Told that no endpoint could be used.
    case unserved

    init(of client: StandInClient) throws {
        var isOpen = false
        while true {
            switch try client.event() {
            case .opened: isOpen = true
            case .answered:
                self = .refused
                return
            case .text(let text):
                let message = try JSONValue(parsing: text)
                if message["type"] == "Begin" {
                    self = .served
                    return
                }
            case .close(let payload) where isOpen:
                let code = payload.code?.rawValue ?? 0
                self = [4502, 4503, 4504].contains(code) ? .unserved : .refused
                return
            case let event: throw StandInClient.Unexpected(event)
            }
        }
    }
}
