import Configuration
import Crypto
import Foundation
import HTTP
import Identity
import Policy
import Reactor
import RelayCore
import RelayServer
import StandIn
import TLS
import Telemetry
import Testing
import Timing

/// Stand-in zones `us`, `eu` and `edge`, each with its own certificate and key, and a relay in front of them: real
/// sockets and real TLS, all on loopback. Stops everything when it goes.
///
/// The first listener speaks TLS with certificates for `localhost` and `stt.example.com`, the second is plain `ws://`.
final class RelayHarbour {
    let standIn: StandInServer
    let relay: RelayServer
    let clients: ClientLoop
    let log = RelayLog()
    private var plan: Plan
    /// What clients of the relay trust.
    let trust: TLSClientContext
    /// The provider key of each zone.
    let providerKeys: [String: String]
    /// For files of a story.
    let folder: String
    /// In front of the relay in a story that is told over HTTP/2.
    private let bridge: HTTP2Bridge?

    /// How long anything may take that happens at once when all is well.
    ///
    /// `TIDEGATE_PATIENCE` says how many times longer, where the programs are slow: under a sanitizer, say.
    static let patience = Duration.seconds(30) * patienceFactor

    private static let patienceFactor =
        ProcessInfo.processInfo.environment["TIDEGATE_PATIENCE"].flatMap { Int($0) }.map { max(1, $0) } ?? 1

    /// Starts all of it, as `adjust` wants it.
    init(_ adjust: (inout Plan) throws -> Void = { _ in }) throws {
        let authority = ThrowawayAuthority(name: "Harbour")
        folder = try Self.makeFolder()
        var plan = try Plan(authority: authority, folder: folder)
        try adjust(&plan)
        providerKeys = plan.providerKeys
        trust = try TLSClientContext(trust: TrustStore(pem: authority.certificatePEM))
        standIn = try StandInServer(zones: plan.standIns)
        clients = try ClientLoop()
        self.plan = plan
        let snapshot = try plan.snapshot(ports: standIn.ports)
        relay = try RelayServer.start(
            snapshot, log: log.log, passed: plan.passed, resolver: plan.resolver, breakers: plan.breakers,
            refusals: plan.refusals, mints: plan.mints)
        bridge = Carrier.current == .http2 ? try plan.bridge(to: relay.addresses[0]) : nil
    }

    deinit {
        clients.stop()
        bridge?.stop()
        relay.stop()
        relay.wait()
        standIn.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Puts a changed plan in force in the running relay. What concerns the stand-ins stays as it was.
    func reload(_ adjust: (inout Plan) throws -> Void) throws {
        var plan = plan
        plan.version += 1
        try adjust(&plan)
        try relay.apply(plan.snapshot(ports: standIn.ports, replacing: relay.snapshot))
        self.plan = plan
    }

    var tenants: [HarbourTenant] { plan.tenants }

    /// Who issued the relay's certificates.
    var authority: ThrowawayAuthority { plan.authority }

    /// The TLS listener's port, or that of the bridge to it.
    var port: UInt16 { bridge?.ports[0] ?? relay.addresses[0].port }

    /// The plain listener's port. Over HTTP/2 it leads to the other listener, by the bridge's own plain door.
    var plainPort: UInt16 { bridge?.ports[1] ?? relay.addresses[1].port }

    /// Where clients connect: to the relay, or to the bridge before it.
    var clientPorts: [UInt16] { bridge?.ports ?? relay.addresses.map(\.port) }

    var ledger: Monitor<Ledger> { standIn.ledger }

    private static func makeFolder() throws -> String {
        let path = FileManager.default.temporaryDirectory.path() + "/harbour-" + Hex.encode(RandomBytes.make(8))
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        return path
    }
}

/// A tenant of the harbour, with a client key made for this run.
struct HarbourTenant {
    let name: String
    var residency: Residency
    var key = ClientKey.make()
    var origins = [HarbourTenant.origin]
    var parameters = ParameterRules()
    /// Names of client certificates.
    var certificates: [String] = []
    /// What a token must say.
    var jwt: TenantToken?
    /// What it may use.
    var limits = TenantLimits()

    /// The page that may connect for every tenant.
    static let origin = "https://app.acme.example"

    /// `[]` is `any`.
    init(_ name: String, _ zones: [Zone]) {
        self.name = name
        residency = ZoneList(zones).map { .zones($0) } ?? .any
    }

    /// The residency of another list of zones; `[]` is `any`.
    mutating func move(to zones: Zone...) {
        residency = ZoneList(zones).map { .zones($0) } ?? .any
    }

    fileprivate func policy() throws -> Tenant {
        Tenant(
            name: try #require(TenantName(name)), residency: residency,
            keys: [ClientKeyHash(name: "main", sha256: key.digest)], origins: try origins.map { try OriginPattern($0) },
            certificates: certificates, jwt: jwt, limits: limits, parameters: parameters)
    }
}

extension Zone {
    static let us = Zone("us")!
    static let eu = Zone("eu")!
}

extension TLSSettings {
    fileprivate static var ofTheEnvironment: TLSSettings {
        var settings = TLSSettings()
        let wanted = ProcessInfo.processInfo.environment["TIDEGATE_RECORDS"]
        settings.records = wanted.flatMap(Records.init(rawValue:)) ?? settings.records
        return settings
    }
}

extension RefusalLimits.Rules {
    /// None is too many.
    static let all = RefusalLimits.Rules(party: plenty, strangers: plenty)

    /// What it holds outlasts the time by which one loop's clock may be behind another's.
    private static let plenty = TokenBucket.Rule(size: 1_000_000, interval: .microseconds(1))
}

// MARK: - The plan

extension RelayHarbour {
    /// What a story can change before anything is started.
    struct Plan {
        /// Counts the reloads.
        var version = 1
        var tenants = [
            HarbourTenant("acme", [.eu]), HarbourTenant("globex", [.us]), HarbourTenant("initech", [.us, .eu]),
            HarbourTenant("umbrella", [.edge]), HarbourTenant("hooli", []),
        ]
        /// The zones' servers, by name; `endpoints` says which of them belong to a zone.
        var standIns: [StandInZone] = []
        /// For each zone the names of its servers, in order of preference.
        var endpoints: [Zone: [String]] = [.us: ["us"], .eu: ["eu"], .edge: ["edge"]]
        /// Changes a zone's settings; told the stand-ins' ports.
        var adjustZone: (inout ZoneSettings, [String: UInt16]) throws -> Void = { _, _ in }
        /// Tenants' own provider keys.
        var tenantKeys: [TenantName: [Zone: SecretSource]] = [:]
        var site = Site(name: "harbour")
        var hosts: [String: Zone] = [:]
        var parameters = ParameterRules()
        var listeners: [ListenerSettings]
        /// Sockets that somebody made for the listeners.
        var passed: [BoundSocket] = []
        /// `TIDEGATE_RECORDS` says whose the records are in stories that do not.
        var tls = TLSSettings.ofTheEnvironment
        var limits = LimitSettings()
        var timeouts = TimeoutSettings()
        /// The operators' door; there is none unless a story wants one.
        var admin: AdminSettings?
        var receipts: ReceiptSettings?
        /// Where several relays count together.
        var sharedState: SharedStateSettings?
        /// Where spans go; nowhere unless a story wants to read them.
        var traces: TraceSettings?
        /// What is in the relay's environment beside the keys.
        var environment: [String: String] = [:]
        /// Whose tokens are believed.
        var identity: [IdentitySettings] = []
        /// The keys of session tokens, as hex text; without one there are no tokens.
        var tokenKeys: [String] = []
        /// Where the relay finds the addresses of its upstreams.
        var resolver = Resolver()
        /// When the relay leaves an endpoint alone: never, for most stories count dials.
        var breakers = Breaker.Rules(threshold: .max)
        /// How many refusals are told in full: all, for most stories read them; nil: as many as `limits` say.
        var refusals: RefusalLimits.Rules? = .all
        /// How many tokens are minted.
        var mints = MintLimits.Rules()
        let authority: ThrowawayAuthority
        /// Where files may be put; it goes with the harbour.
        let folder: String

        var providerKeys: [String: String]
        private let authorityFile: String

        /// More than one, so that sessions on different loops are part of every story.
        fileprivate static let threads = 2
        static let zones: [Zone] = [.us, .eu, .edge]

        fileprivate init(authority: ThrowawayAuthority, folder: String) throws {
            self.authority = authority
            self.folder = folder
            authorityFile = try authority.write(to: folder, name: "authority")
            let certificates = try [["localhost", "127.0.0.1"], ["stt.example.com"]].enumerated().map { index, names in
                let files = try authority.issue(names: names).write(to: folder, name: "relay-\(index)")
                return CertificateFiles(chain: files.chain, key: files.key)
            }
            let anyPort = ListenAddress(.v4(0x7F00_0001), port: 0)
            listeners = [
                ListenerSettings(address: anyPort, tls: ListenerTLS(certificates: certificates)),
                ListenerSettings(address: anyPort),
            ]
            providerKeys = Dictionary(
                uniqueKeysWithValues: Self.zones.map { ($0.name, "key-\($0)-\(Hex.encode(RandomBytes.make(16)))") })
            for zone in Self.zones { try addStandIn(zone.name, in: zone) }
        }

        /// Another server that knows the zone's key, with a certificate of its own.
        mutating func addStandIn(_ name: String, in zone: Zone) throws {
            let keys = ProviderKeys([(zone.name, providerKeys[zone.name] ?? "")])
            standIns.append(try StandInZone(name, keys: keys, issuedBy: authority, names: ["localhost"]))
        }

        /// Gives a server a certificate for another name.
        mutating func rename(_ server: String, to name: String) throws {
            let authority = authority
            try adjustStandIns(server) {
                $0.tls = try StandInZone(server, keys: $0.keys, issuedBy: authority, names: [name]).tls
            }
        }

        /// Changes one server, or all of them.
        mutating func adjustStandIns(_ name: String? = nil, _ adjust: (inout StandInZone) throws -> Void) rethrows {
            for index in standIns.indices where name == nil || standIns[index].name == name {
                try adjust(&standIns[index])
            }
        }

        /// Makes every zone's servers send back each frame as it came: as a rule, those of another provider than AssemblyAI.
        mutating func useEcho(as provider: ZoneSettings.Provider = .generic) {
            adjustStandIns { $0.mode = .echoFrames }
            adjustZone = { zone, _ in zone.provider = provider }
        }

        fileprivate func snapshot(ports: [String: UInt16], replacing former: RelaySnapshot? = nil) throws
            -> RelaySnapshot
        {
            var environment = Dictionary(
                uniqueKeysWithValues: providerKeys.map { (Self.variable(ofKey: $0.key), $0.value) })
            environment.merge(self.environment) { _, own in own }
            for (index, key) in tokenKeys.enumerated() { environment["TOKEN_KEY_\(index)"] = key }
            return try RelaySnapshot(
                configuration(ports: ports), environment: Environment(environment), cores: Self.threads,
                replacing: former)
        }

        fileprivate func configuration(ports: [String: UInt16]) throws -> RelayConfiguration {
            var zones: [ZoneSettings] = []
            for zone in Self.zones {
                let urls = (endpoints[zone] ?? []).map { "wss://localhost:\(ports[$0] ?? 0)/v3/ws" }
                var settings = ZoneSettings(
                    zone: zone, endpoints: try urls.map { try Endpoint($0, in: zone) },
                    key: .environment(Self.variable(ofKey: zone.name)),
                    verify: VerifySettings(authority: .file(authorityFile)))
                try adjustZone(&settings, ports)
                zones.append(settings)
            }
            let settings = Settings(
                site: site, listeners: listeners, tls: tls, hosts: hosts, zones: zones, limits: limits,
                timeouts: timeouts,
                threads: Self.threads, parameters: parameters, tenantKeys: tenantKeys, receipts: receipts,
                admin: admin,
                tokens: tokenKeys.isEmpty
                    ? nil : TokenSettings(signingKeys: tokenKeys.indices.map { .environment("TOKEN_KEY_\($0)") }),
                identity: identity, sharedState: sharedState, traces: traces)
            return RelayConfiguration(
                settings: settings,
                policy: settings.policy(version: "\(version)", tenants: try tenants.map { try $0.policy() }))
        }

        /// What HTTP/1.1 clients meet in place of the listener at `address`, which has them as streams.
        fileprivate func bridge(to address: SocketAddress) throws -> HTTP2Bridge {
            let trust = try TLSClientContext(trust: TrustStore(pem: authority.certificatePEM), protocols: ["h2"])
            let certificates = try (listeners[0].tls?.certificates ?? []).map {
                try TLSCertificate(chainFile: $0.chain, keyFile: $0.key)
            }
            return try HTTP2Bridge(
                to: address, trust: trust, doors: [TLSServerContext(certificates: certificates), nil])
        }

        fileprivate static func variable(ofKey zone: String) -> String { "KEY_OF_\(zone)" }
    }
}

// MARK: - Clients

extension RelayHarbour {
    /// The tenant's client key.
    func key(of tenant: String) -> String {
        tenants.first { $0.name == tenant }?.key.text ?? ""
    }

    /// A client of a tenant.
    func client(
        _ tenant: String = "acme", _ target: String = "/v3/ws", fields: HeaderFields = [:],
        _ adjust: (inout ClientRequest) -> Void = { _ in }
    ) -> StandInClient {
        var all: HeaderFields = ["Authorization": key(of: tenant)]
        all.append(contentsOf: fields)
        return stranger(target, fields: all, adjust)
    }

    /// A client with nothing but the fields given.
    func stranger(
        _ target: String = "/v3/ws", fields: HeaderFields = [:], _ adjust: (inout ClientRequest) -> Void = { _ in }
    ) -> StandInClient {
        var request = ClientRequest(port: port, target: target, fields: fields, tls: trust)
        adjust(&request)
        return StandInClient(request, on: clients)
    }

    /// Waits until the ledger is as `attempt` wants it, and returns what that found.
    func wait<Found>(until attempt: @escaping (Ledger) -> Found?) throws -> Found {
        try #require(ledger.wait(upTo: Self.patience) { attempt($0) })
    }

    /// Waits for the only session of a zone's server to be as `isDone` says; as a rule, to be over.
    func session(
        in zone: String = "eu", until isDone: @escaping (Ledger.Session) -> Bool = { $0.connectionEnd != nil }
    ) throws -> Ledger.Session {
        let sessions = try wait { ledger in
            let sessions = ledger.sessions(in: zone)
            return sessions.contains(where: isDone) ? sessions : nil
        }
        #expect(sessions.count == 1)
        return sessions[0]
    }

    /// Makes connections to a zone's server be refused.
    func takeDown(_ zone: String) throws {
        standIn.takeDown(zone)
        let port = try #require(standIn.ports[zone])
        while !WireClient.isRefused(port: port) {}
    }

    /// Connections accepted by a zone's server up to now.
    func accepted(in zone: String) -> Int {
        ledger.snapshot.connections[zone]?.accepted ?? 0
    }

    /// Connections accepted by all servers up to now.
    var acceptedAnywhere: Int {
        ledger.snapshot.connections.values.reduce(0) { $0 + $1.accepted }
    }
}

extension StandInClient {
    /// Waits for the next event.
    func event() throws -> ClientEvent {
        try #require(next(within: RelayHarbour.patience))
    }

    /// Waits for the 101.
    @discardableResult
    func opened() throws -> ResponseHead {
        let event = try event()
        guard case .opened(let head) = event else { throw Unexpected(event) }
        return head
    }

    /// Waits for the next text message, as JSON.
    func message() throws -> JSONValue {
        let event = try event()
        guard case .text(let text) = event else { throw Unexpected(event) }
        return try JSONValue(parsing: text)
    }

    /// Waits for the 101 and `Begin`.
    func begun() throws {
        try opened()
        #expect(try message()["type"] == "Begin")
    }

    /// Waits for the end of the connection and returns what came before it and has not been read.
    func toTheEnd() throws -> [ClientEvent] {
        let events = rest(within: RelayHarbour.patience)
        guard case .ended = events.last else { throw Unexpected(events.last) }
        return events
    }

    struct Unexpected: Error, CustomStringConvertible {
        let event: ClientEvent?
        init(_ event: ClientEvent?) { self.event = event }
        var description: String { "unexpected: \(event.map { "\($0)" } ?? "nothing")" }
    }
}

// MARK: - The log

/// The relay's log, in memory. Thread-safe.
final class RelayLog: Sendable {
    private let lines = Monitor<[String]>([])

    /// What the relay writes to: everything, as JSON.
    var log: Log {
        Log(
            minimum: .debug, timestamp: { "now" },
            sink: { [lines] line in
                lines.update { $0.append(String(decoding: line.dropLast(), as: UTF8.self)) }
            })
    }

    /// All of it, line by line.
    var text: [String] { lines.snapshot }

    /// Waits until the lines of this event are as they should be.
    func lines(_ event: String, areDone: @escaping ([JSONValue]) -> Bool) throws {
        let done = lines.wait(upTo: RelayHarbour.patience) { lines in
            areDone(lines.compactMap { try? JSONValue(parsing: $0) }.filter { $0["event"]?.string == event })
                ? true : nil
        }
        try #require(done == true)
    }

    /// Waits for a line of this event whose members are as `isWanted` says.
    func line(_ event: String, where isWanted: @escaping (JSONValue) -> Bool = { _ in true }) throws -> JSONValue {
        let found = lines.wait(upTo: RelayHarbour.patience) { lines in
            lines.lazy.compactMap { try? JSONValue(parsing: $0) }
                .first { $0["event"]?.string == event && isWanted($0) }
        }
        return try #require(found)
    }
}
