import Configuration
import Foundation
import HTTP
import Identity
import Policy
import Reactor
import RelayServer
import StandIn
import TLS
import Telemetry

/// The demonstration's stage: stand-in zones and a relay in front of them, all in this process.
final class DemoHarbour {
    let standIn: StandInProgram.Running
    let relay: RelayServer
    let tenants: [DemoTenant]
    let clients: ClientLoop
    let trust: TLSClientContext

    static let zones = ["us", "eu", "edge"]

    /// Throws when a port is taken or the system has nothing to give.
    init(port: UInt16) throws {
        var program = StandInProgram()
        program.zones = Self.zones
        standIn = try program.start()
        tenants = DemoTenant.all
        let configuration = try Self.configuration(standIn, tenants, port: port)
        let environment = Environment(
            Dictionary(uniqueKeysWithValues: standIn.keys.map { (Self.keyVariable($0.key), $0.value) }))
        let snapshot = try RelaySnapshot(
            configuration, environment: environment, cores: ProcessInfo.processInfo.activeProcessorCount)
        relay = try RelayServer.start(snapshot, log: Log(minimum: .error, timestamp: { "" }, sink: { _ in }))
        clients = try ClientLoop()
        trust = try TLSClientContext(trust: TrustStore(file: standIn.certificates.authority))
    }

    var port: UInt16 { relay.addresses.first?.port ?? 0 }

    /// A client of the relay.
    func client(target: String, fields: HeaderFields) -> StandInClient {
        StandInClient(ClientRequest(port: port, target: target, fields: fields, tls: trust), on: clients)
    }

    func stop() {
        relay.stop()
        relay.wait()
        clients.stop()
        standIn.stop()
    }

    private static func configuration(
        _ standIn: StandInProgram.Running, _ tenants: [DemoTenant], port: UInt16
    ) throws -> RelayConfiguration {
        let certificates = standIn.certificates
        let verify = VerifySettings(authority: .file(certificates.authority))
        let zones = try Self.zones.map { name in
            let zone = try Zone.named(name)
            return ZoneSettings(
                zone: zone, endpoints: [try Endpoint("wss://localhost:\(standIn.ports[name] ?? 0)/v3/ws", in: zone)],
                key: .environment(keyVariable(name)), verify: verify)
        }
        let relayFiles = CertificateFiles(chain: certificates.relay.chain, key: certificates.relay.key)
        let settings = Settings(
            site: Site(name: "demo"),
            listeners: [
                ListenerSettings(
                    address: ListenAddress(.v4(0x7f00_0001), port: port), tls: ListenerTLS(certificates: [relayFiles]))
            ],
            zones: zones)
        let policy = settings.policy(version: "demo", tenants: try tenants.map { try $0.policy() })
        return RelayConfiguration(settings: settings, policy: policy)
    }

    private static func keyVariable(_ zone: String) -> String {
        "DEMO_KEY_\(zone)"
    }
}

/// A tenant of the demonstration, with a client key made for this run.
struct DemoTenant {
    let name: String
    /// The zones its audio may enter, in order; empty: any.
    let zones: [String]
    let key = ClientKey.make()

    static let origin = "https://app.acme.example"

    static var all: [DemoTenant] {
        [
            DemoTenant(name: "acme-gmbh", zones: ["eu"]), DemoTenant(name: "globex", zones: ["us"]),
            DemoTenant(name: "initech", zones: ["edge", "us"]), DemoTenant(name: "hooli", zones: []),
        ]
    }

    var residency: String {
        zones.isEmpty ? "any" : zones.joined(separator: ", ")
    }

    func policy() throws -> Tenant {
        guard let tenant = TenantName(name) else {
            throw DemoError(what: "tenant \(name)")
        }
        let list = ZoneList(try zones.map { try Zone.named($0) })
        return Tenant(
            name: tenant, residency: list.map { .zones($0) } ?? .any,
            keys: [ClientKeyHash(name: "demo", sha256: key.digest)],
            origins: [try OriginPattern(Self.origin)])
    }
}

/// A fault of the demonstration itself.
struct DemoError: Error, CustomStringConvertible {
    let what: String
    var description: String { "The demonstration cannot set up \(what)." }
}

extension Zone {
    fileprivate static func named(_ text: String) throws -> Zone {
        guard let zone = Zone(text) else { throw DemoError(what: "zone \(text)") }
        return zone
    }
}
