import Configuration
import Crypto
import HTTP
import HTTP2
import Identity
import Policy
import Reactor
import RelayCore
import TLS

/// One version of everything the relay runs by: policy, keys, contexts and limits, checked and immutable. Shared by all loops.
package final class RelaySnapshot: Sendable {
    let policy: PolicySnapshot
    let identifier: Identifier
    /// Where the keys of each issuer of JWTs are.
    let keySets: [KeySetSource]
    /// What session tokens are minted and read with; nil: there are none.
    let tokens: Tokens?
    /// The pages that may connect for some tenant.
    let pages: OriginSet
    let zones: [Zone: UpstreamZone]
    let listeners: [Listener]
    let session: SessionSettings
    let headLimits: HTTPLimits
    /// For a client's TLS and request, and for an upstream's answer to ours.
    let handshake: Duration
    /// Within which all sessions end when the relay stops.
    let drain: Duration
    /// How long the system believes in silent peers.
    let liveness: ConnectionLiveness
    /// Sessions at once, in the whole process.
    let maxSessions: Int
    /// Connections at once from one address.
    let connections: ConnectionBound
    /// Refusals told in full to one address, or for one credential, in a minute.
    let refusalsPerMinute: Int
    /// Event loops; at least one.
    let threads: Int
    /// Where receipts go; nil: none are kept.
    let receipts: ReceiptPlan?
    /// Where several relays count together; nil: each counts for itself.
    let sharedState: SharedStatePlan?
    /// Where spans of sessions go; nil: nowhere.
    let traces: TracePlan?

    /// Where operators look in; nil: nowhere.
    let admin: AdminListener.Settings?

    /// The keys of session tokens, and the longest life a token may be given, in seconds.
    struct Tokens: Sendable {
        let keys: SessionTokens
        let maximumLifetime: Int
    }

    /// A place where clients connect.
    struct Listener: Sendable {
        /// As configured: a port of 0 is still 0.
        let address: SocketAddress
        /// Nil: plain `ws://`.
        let tls: TLSServerContext?
        /// What `tls` was made of.
        fileprivate let identity: TLSIdentity?
        /// Whether every connection begins with the PROXY protocol's preamble.
        let wantsPreamble: Bool
        /// The balancers before it.
        let proxies: TrustedProxies
        let refusals: ListenerSettings.RefusalMode
    }

    /// What the dial needs to know of a zone. Its TLS context, and with it every resumable session, is the zone's own.
    struct UpstreamZone: Sendable {
        let tls: TLSClientContext
        /// Whom `tls` believes.
        let trust: TrustStore
        let key: Secret
        /// The one that `key` replaced, for as long as the provider may not know the new one.
        let previousKey: Secret?
        /// Tenants with a key of their own, which is shown instead of the zone's.
        let tenantKeys: [TenantName: Secret]
        let keyHeader: KeyHeader
        let connectTimeout: Duration
        /// The addresses that may be connected to; empty: every public one.
        let networks: [Network]
        /// SHA-256 of acceptable public keys (SubjectPublicKeyInfo); empty: any that the CA vouches for.
        let pins: [[UInt8]]
    }

    /// Reads the secrets, certificates and authorities that the configuration names, and puts the decision path to the test
    /// under this very policy: there is no snapshot under which what must be refused is not.
    ///
    /// - Parameters:
    ///   - environment: where `{env: NAME}` is looked up.
    ///   - cores: the loops when the configuration leaves their number open.
    ///   - former: what this one replaces. TLS contexts whose files hold what they held are taken over, and with them the
    ///     sessions that can be resumed; where they are made anew, clients' tickets stay good.
    /// - Throws: what cannot be read or used, with the place and the remedy.
    package init(
        _ configuration: RelayConfiguration, environment: Environment, cores: Int,
        replacing former: RelaySnapshot? = nil
    ) throws(RelayStartError) {
        let settings = configuration.settings
        policy = configuration.policy
        tokens = try settings.tokens.map { (settings) throws(RelayStartError) in
            try Tokens(settings, environment: environment)
        }
        keySets = try settings.identity.map { (identity) throws(RelayStartError) in try KeySetSource(identity) }
        pages = OriginSet(of: configuration.policy)
        session = SessionSettings(settings)
        headLimits = HTTPLimits(maxHeadBytes: settings.limits.headerBytes)
        handshake = settings.timeouts.handshake
        drain = settings.timeouts.drain
        liveness = ConnectionLiveness(settings.timeouts)
        maxSessions = settings.limits.sessions
        connections = ConnectionBound(
            count: settings.limits.connectionsPerAddress, bindsOwnMachine: settings.limits.bindsOwnMachine)
        refusalsPerMinute = settings.limits.refusalsPerMinute
        threads = max(1, settings.threads == 0 ? cores : settings.threads)
        receipts = try settings.receipts.map { (settings) throws(RelayStartError) in
            try ReceiptPlan(settings, environment: environment)
        }
        listeners = try settings.listeners.map { (listener) throws(RelayStartError) in
            try Listener(listener, records: RecordLayer(settings.tls), replacing: former?.listeners ?? [])
        }
        let clients = listeners.compactMap(\.tls?.clients)
        identifier = Identifier(
            of: configuration.policy, tokens: tokens?.keys, issuers: settings.identity.map(TokenIssuer.init)
        ) { certificate in clients.contains { $0.revokes(certificate) } }
        admin = try settings.admin.map { (admin) throws(RelayStartError) in
            try AdminListener.Settings(admin, environment: environment)
        }
        let site = settings.site.name
        traces = try settings.traces.map { (traces) throws(RelayStartError) in
            try TracePlan(traces, site: site, environment: environment)
        }
        var trust = TrustStores()
        var zones: [Zone: UpstreamZone] = [:]
        for zone in settings.zones {
            let tenantKeys = settings.tenantKeys.compactMapValues { $0[zone.zone] }
            zones[zone.zone] = try UpstreamZone(
                zone, records: RecordLayer(settings.tls), tenantKeys: tenantKeys, environment: environment,
                trust: &trust, replacing: former?.zones[zone.zone])
        }
        self.zones = zones
        sharedState = try settings.sharedState.map { (settings) throws(RelayStartError) in
            try SharedStatePlan(
                settings, environment: environment,
                trust: { (authority) throws(TLSError) in try trust.store(for: authority) },
                replacing: former?.sharedState)
        }
        if let failure = SelfTest.firstFailure(under: policy) {
            throw RelayStartError(text: "The self-test failed: \(failure) This build must not serve; install another.")
        }
    }
}

/// What the TLS context of a listener is made of.
private struct TLSIdentity: Equatable {
    let settings: ListenerTLS
    let protocols: [ListenerSettings.HTTPProtocol]
    /// Of each certificate.
    let certificates: [[UInt8]]
    /// Of what is asked of clients.
    let clients: [UInt8]?
    let records: RecordLayer
}

extension RelaySnapshot.Listener {
    fileprivate init(
        _ settings: ListenerSettings, records: RecordLayer, replacing former: [RelaySnapshot.Listener]
    ) throws(RelayStartError) {
        guard let address = SocketAddress(literal: "\(settings.address.ip)", port: settings.address.port) else {
            throw RelayStartError(text: "Cannot listen on \(settings.address): it is not an address of this system.")
        }
        self.address = address
        wantsPreamble = settings.proxyProtocol == .v1OrV2
        proxies = TrustedProxies(settings.trustedProxies)
        refusals = settings.refusals
        guard let tls = settings.tls else {
            (self.tls, identity) = (nil, nil)
            return
        }
        if settings.protocols.contains(.http2) {
            do throws(HTTP2LibraryError) { try HTTP2Library.check() } catch {
                throw RelayStartError(text: "\(error) Or leave h2 out of `protocols`.")
            }
        }
        do throws(TLSError) {
            (self.tls, identity) = try Self.context(
                tls, settings.protocols, records: records, replacing: former.first { $0.address == address })
        } catch {
            throw RelayStartError(text: error.detail)
        }
    }

    private static func context(
        _ settings: ListenerTLS, _ protocols: [ListenerSettings.HTTPProtocol], records: RecordLayer,
        replacing former: RelaySnapshot.Listener?
    ) throws(TLSError) -> (TLSServerContext, TLSIdentity) {
        var certificates: [TLSCertificate] = []
        for files in settings.certificates {
            certificates.append(try TLSCertificate(chainFile: files.chain, keyFile: files.key))
        }
        let clients = try settings.clients?.authentication()
        let identity = TLSIdentity(
            settings: settings, protocols: protocols, certificates: certificates.map(\.fingerprint),
            clients: clients?.fingerprint, records: records)
        if let kept = former?.tls, former?.identity == identity { return (kept, identity) }
        let context = try TLSServerContext(
            certificates: certificates, minimumVersion: settings.minimum == .tls13 ? .tls13 : .tls12,
            protocols: protocols.map(\.rawValue), clients: clients, ticketKeys: former?.tls?.ticketKeys ?? .make(),
            records: records)
        return (context, identity)
    }
}

extension RelaySnapshot.Tokens {
    fileprivate init(_ settings: TokenSettings, environment: Environment) throws(RelayStartError) {
        do throws(SecretError) { keys = try SessionTokens(settings, environment: environment) } catch {
            throw RelayStartError(text: "The signing keys of tokens: \(error.sentence).")
        }
        maximumLifetime = settings.maximumLifetime
    }
}

extension ClientCertificateSettings {
    fileprivate func authentication() throws(TLSError) -> ClientAuthentication {
        try ClientAuthentication(
            authorities: TrustStore(file: authorities),
            revocations: revocations.map { (file) throws(TLSError) in try RevocationLists(file: file) },
            isRequired: isRequired)
    }
}

extension AdminListener.Settings {
    fileprivate init(_ settings: AdminSettings, environment: Environment) throws(RelayStartError) {
        guard let address = SocketAddress(literal: "\(settings.address.ip)", port: settings.address.port) else {
            throw RelayStartError(text: "Cannot listen on \(settings.address): it is not an address of this system.")
        }
        self.address = address
        do throws(SecretError) { token = try settings.token?.resolveForHeader(environment: environment) } catch {
            throw RelayStartError(text: "The admin listener's token: \(error.sentence).")
        }
    }
}

extension RelaySnapshot.UpstreamZone {
    fileprivate init(
        _ settings: ZoneSettings, records: RecordLayer, tenantKeys sources: [TenantName: SecretSource],
        environment: Environment, trust stores: inout TrustStores, replacing former: RelaySnapshot.UpstreamZone?
    ) throws(RelayStartError) {
        key = try settings.key.providerKey("The key of zone \(settings.zone)", environment)
        previousKey = try settings.previousKey?.providerKey("The previous key of zone \(settings.zone)", environment)
        var tenantKeys: [TenantName: Secret] = [:]
        for (tenant, source) in sources {
            tenantKeys[tenant] = try source.providerKey("The key of tenant \(tenant) in \(settings.zone)", environment)
        }
        self.tenantKeys = tenantKeys
        do throws(TLSError) {
            trust = try stores.store(for: settings.verify.authority)
            if let former, former.trust.fingerprint == trust.fingerprint, former.tls.records == records {
                tls = former.tls
            } else {
                tls = try TLSClientContext(trust: trust, records: records)
            }
        } catch {
            throw RelayStartError(text: "The authorities of zone \(settings.zone): \(error.detail)")
        }
        keyHeader = settings.keyHeader
        connectTimeout = settings.connectTimeout
        networks = settings.verify.networks
        pins = settings.verify.pins
    }
}

extension RelaySnapshot.UpstreamZone {
    /// The key that a dial shows. A tenant with a key of its own has no other: neither the zone's nor the one before it.
    func key(for tenant: TenantName, _ choice: KeyChoice) -> Secret {
        if let own = tenantKeys[tenant] { return own }
        switch choice {
        case .current: return key
        case .previous: return previousKey ?? key
        }
    }

    /// Keeps what such a dial has shown its endpoint from coming back.
    func screen(for tenant: TenantName, _ choice: KeyChoice) -> KeyScreen? {
        KeyScreen(key(for: tenant, choice), choice == .previous ? key(for: tenant, .current) : nil)
    }
}

extension SecretSource {
    /// The secret, as it can stand in a request; `name` says in an error whose it is.
    fileprivate func providerKey(
        _ name: String, _ environment: Environment
    ) throws(RelayStartError) -> Secret {
        do throws(SecretError) { return try resolveForHeader(environment: environment) } catch {
            throw RelayStartError(text: "\(name): \(error.sentence).")
        }
    }
}

extension TokenIssuer {
    fileprivate init(_ settings: IdentitySettings) {
        self.init(
            issuer: settings.issuer, audience: settings.audience, tenantClaim: settings.tenantClaim,
            algorithms: settings.algorithms, leeway: settings.leeway)
    }
}

extension KeySetSource {
    fileprivate init(_ settings: IdentitySettings) throws(RelayStartError) {
        issuer = settings.issuer
        switch settings.keys {
        case .file(let path):
            do throws(KeySetFailure) { place = .given(try KeySetFile.read(path)) } catch {
                throw RelayStartError(text: "The keys of \(issuer): \(error.text).")
            }
        case .url(let url):
            place = .remote(KeySetAddress(issuer: issuer, location: .url(url), authority: settings.authority))
        case .discovery:
            place = .remote(KeySetAddress(issuer: issuer, location: .discovery, authority: settings.authority))
        }
    }
}

/// Authorities, read once each: the system's are megabytes.
private struct TrustStores {
    private var stores: [VerifySettings.Authority: TrustStore] = [:]

    mutating func store(for authority: VerifySettings.Authority) throws(TLSError) -> TrustStore {
        if let store = stores[authority] { return store }
        let store = try authority.store()
        stores[authority] = store
        return store
    }
}

extension SessionSettings {
    init(_ settings: Settings) {
        let providers = settings.zones.map { ($0.zone, Provider($0)) }
        self.init(
            messageBytes: UInt64(settings.limits.messageBytes), bufferBytes: settings.limits.bufferBytes,
            handshake: settings.timeouts.handshake, ping: settings.timeouts.ping, pong: settings.timeouts.pong,
            stall: settings.timeouts.stall, idle: settings.timeouts.idle, session: settings.timeouts.session,
            terminate: settings.timeouts.terminate,
            providers: Dictionary(providers, uniquingKeysWith: { first, _ in first }),
            defaultProvider: providers.first?.1 ?? .assemblyAI,
            spareKeys: SpareKeys(
                zones: Set(settings.zones.filter { $0.previousKey != nil }.map(\.zone)),
                ownKeys: settings.tenantKeys.mapValues { Set($0.keys) }))
    }
}

extension Provider {
    fileprivate init(_ zone: ZoneSettings) {
        switch zone.provider {
        case .generic:
            self = .generic(
                onClientLoss: zone.onClientLoss,
                audioBytesPerSecond: zone.audioBytesPerSecond.flatMap { UInt64(exactly: $0) })
        case .assemblyai:
            self = .assemblyAI
            if let message = zone.onClientLoss { terminateMessage = message }
        }
    }
}
