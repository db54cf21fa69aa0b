import Configuration
import Foundation
import Identity
import Policy
import Reactor
import RelayCore
import RelayServer
import RelayTestKit
import StandIn
import Testing

/// What `explain` says of a request is what a running relay does with it.
@Suite("22 Explain", .timeLimit(.minutes(10))) struct ExplainAndDo {
    private static let names = ["edge", "us", "eu", "ap"].compactMap { Zone($0) }
    private static let worlds = 12
    private static let requestsPerWorld = 250

    @Test(arguments: Seeds.some(1))
    func explainAndTheRelayAgreeOnThousandsOfRequests(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var granted = 0
        for _ in 0..<Self.worlds {
            let scene = try ExplainedWorld(RandomWorld(of: Self.names, using: &random))
            let requests = (0..<Self.requestsPerWorld).map { _ in
                RandomRequest(in: scene.world, asking: Self.names, using: &random)
            }
            let clients = try requests.map(scene.send)
            for (request, client) in zip(requests, clients) {
                let told = try scene.told(client)
                #expect(told == scene.explained(request), "\(request) in \(scene.world), seed \(seed)")
                if case .granted = told { granted += 1 }
            }
        }
        #expect(granted > Self.worlds * 10, "seed \(seed) granted too little to prove anything")
    }
}

/// A relay for a world made by chance, whose endpoints all refuse connections: what is dialled, and in which order, is
/// told by what fails.
private final class ExplainedWorld {
    let world: RandomWorld
    private let policy: PolicySnapshot
    private let relay: RelayServer
    private let log = RelayLog()
    private let keys: [TenantName: ClientKey]
    private let ports = ClosedPorts()

    enum Told: Equatable {
        /// The endpoints dialled, in order.
        case granted([String])
        case refused(name: String, status: Int, sentence: String)
    }

    init(_ world: RandomWorld) throws {
        self.world = world
        let keys = Dictionary(uniqueKeysWithValues: world.tenants.map { ($0.name, ClientKey.make()) })
        self.keys = keys
        let ports = ports
        let zones = try world.zones.map { zone, count in
            ZoneSettings(
                zone: zone,
                endpoints: try (0..<count).map { _ in try Endpoint("ws://127.0.0.1:\(ports.reserve())/v3/ws", in: zone)
                },
                key: .environment("KEY"))
        }
        let settings = Settings(
            site: world.site,
            listeners: [ListenerSettings(address: ListenAddress(.v4(0x7F00_0001), port: 0), refusals: .http)],
            hosts: world.hosts, zones: zones, parameters: world.parameters)
        let tenants = world.tenants.map { tenant in
            let key = keys[tenant.name].map { [ClientKeyHash(name: "main", sha256: $0.digest)] }
            return Tenant(
                name: tenant.name, residency: tenant.residency, keys: key ?? [], origins: tenant.origins,
                parameters: tenant.parameters)
        }
        policy = settings.policy(version: "1", tenants: tenants)
        let snapshot = try RelaySnapshot(
            RelayConfiguration(settings: settings, policy: policy), environment: ["KEY": "key-of-no-provider"], cores: 2
        )
        relay = try RelayServer.start(snapshot, log: log.log, breakers: Breaker.Rules(threshold: .max), refusals: .all)
    }

    deinit {
        relay.stop()
        relay.wait()
    }

    func send(_ request: RandomRequest) throws -> WireClient {
        let client = try WireClient(port: relay.addresses[0].port)
        let query = (request.zoneParameters.map { "zone=\($0)" } + request.parameters.map { "\($0)=x" })
            .joined(separator: "&")
        let lines =
            ["Authorization: \(keys[request.tenant]?.text ?? "")"] + (request.origin.map { ["Origin: \($0)"] } ?? [])
        client.send(
            WireClient.head(
                request.path + (query.isEmpty ? "" : "?\(query)"), host: request.host, lines: lines))
        return client
    }

    /// What became of a request.
    func told(_ client: WireClient) throws -> Told {
        let head = try client.readHead()
        guard head.hasPrefix("HTTP/1.1 101 ") else { return try refusal(head, client.readToEnd()) }
        let message = try JSONValue(parsing: client.readFrame().text)
        let session = message["session"]?.string ?? ""
        return .granted(
            log.text.filter { $0.contains(session) }.compactMap { try? JSONValue(parsing: $0) }
                .filter { $0["event"] == "dial-failed" }.compactMap { $0["endpoint"]?.string })
    }

    private func refusal(_ head: String, _ body: [UInt8]) throws -> Told {
        let problem = try JSONValue(parsing: String(decoding: body, as: UTF8.self))
        let name = problem["type"]?.string?.split(separator: ":").last.map(String.init)
        let status = Int(head.split(separator: " ")[1])
        return .refused(name: name ?? "", status: status ?? 0, sentence: problem["detail"]?.string ?? "")
    }

    /// What `explain` prints. Two zones cannot be put to it; what such a request gets does not depend on the tenant.
    func explained(_ request: RandomRequest) -> Told {
        do throws(AskError) {
            _ = try Ask.from(
                host: request.host, path: request.path, zoneParameters: request.zoneParameters, hosts: policy.hosts,
                zones: policy.definedZones)
        } catch  where Set(request.asked).count > 1 {
            let refusal = error.refusal
            return .refused(name: refusal.name.rawValue, status: refusal.status, sentence: refusal.sentence)
        } catch {}
        let explanation = Explanation(
            tenant: request.tenant, asking: request.asked.first?.name, origin: request.origin,
            parameters: request.parameters.map(\.description), under: policy)
        switch explanation.outcome {
        case .granted(_, let candidates): return .granted(candidates.map(\.url))
        case .refused(let denial):
            return .refused(name: denial.name, status: denial.status, sentence: denial.sentence)
        }
    }
}
