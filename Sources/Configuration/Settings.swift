import Crypto
import Policy

/// What operators decide: everything of `tidegate.yaml` that is in force, as values. What is left out has its default.
package struct Settings: Sendable {
    /// Where this process stands.
    package var site: Site
    /// Where clients connect; one or more.
    package var listeners: [ListenerSettings]
    /// What TLS has in common on both legs.
    package var tls: TLSSettings
    /// Host names, lowercase, and the zones they ask for.
    package var hosts: [String: Zone]
    /// In the order they are defined.
    package var zones: [ZoneSettings]
    /// Bounds of the whole relay.
    package var limits: LimitSettings
    /// How long the relay waits.
    package var timeouts: TimeoutSettings
    /// What is logged and how.
    package var log: LogSettings
    /// Event loops; 0: one per core.
    package var threads: Int
    /// What is done to the query of every session.
    package var parameters: ParameterRules
    /// Provider keys that tenants have of their own, instead of their zones' keys.
    package var tenantKeys: [TenantName: [Zone: SecretSource]]
    /// Where and how receipts are kept; `nil`: none are.
    package var receipts: ReceiptSettings?
    /// The admin listener; `nil`: there is none.
    package var admin: AdminSettings?
    /// Session tokens; `nil`: none are minted or accepted.
    package var tokens: TokenSettings?
    /// The identity providers whose tokens prove tenants, each issuer once.
    package var identity: [IdentitySettings]
    /// Where several relays count together; `nil`: each counts for itself.
    package var sharedState: SharedStateSettings?
    /// Where spans of sessions go; `nil`: nowhere.
    package var traces: TraceSettings?

    package init(
        site: Site, listeners: [ListenerSettings], tls: TLSSettings = TLSSettings(), hosts: [String: Zone] = [:],
        zones: [ZoneSettings],
        limits: LimitSettings = LimitSettings(), timeouts: TimeoutSettings = TimeoutSettings(),
        log: LogSettings = LogSettings(), threads: Int = 0, parameters: ParameterRules = ParameterRules(),
        tenantKeys: [TenantName: [Zone: SecretSource]] = [:],
        receipts: ReceiptSettings? = nil, admin: AdminSettings? = nil, tokens: TokenSettings? = nil,
        identity: [IdentitySettings] = [], sharedState: SharedStateSettings? = nil, traces: TraceSettings? = nil
    ) {
        self.site = site
        self.listeners = listeners
        self.tls = tls
        self.hosts = hosts
        self.zones = zones
        self.limits = limits
        self.timeouts = timeouts
        self.log = log
        self.threads = threads
        self.parameters = parameters
        self.tenantKeys = tenantKeys
        self.receipts = receipts
        self.admin = admin
        self.tokens = tokens
        self.identity = identity
        self.sharedState = sharedState
        self.traces = traces
    }

    /// The part of a policy snapshot that operators own, with the tenants that compliance owns.
    package func policy(version: String, tenants: [Tenant]) -> PolicySnapshot {
        PolicySnapshot(
            version: version, site: site, zones: zones.map { ZoneDefinition($0.zone, endpoints: $0.endpoints) },
            hosts: hosts, parameters: parameters, tenants: tenants)
    }
}

/// One address to listen on.
package struct ListenerSettings: Equatable, Sendable {
    /// Where it listens.
    package var address: ListenAddress
    /// Chosen by SNI; the first is the default. `nil`: plain `ws://`.
    package var tls: ListenerTLS?
    /// What is spoken where there is TLS, best first. Without TLS, and to clients that ask for none (RFC 7301): HTTP/1.1.
    package var protocols: [HTTPProtocol]
    /// What every connection must begin with.
    package var proxyProtocol: ProxyProtocol
    /// Where balancers are: who may speak the PROXY protocol (none given: anybody), and whose `X-Forwarded-For` is believed
    /// (none given: nobody's).
    package var trustedProxies: [Network]
    /// How refusals are told to clients.
    package var refusals: RefusalMode

    package init(
        address: ListenAddress, tls: ListenerTLS? = nil, protocols: [HTTPProtocol] = HTTPProtocol.allCases,
        proxyProtocol: ProxyProtocol = .off, trustedProxies: [Network] = [], refusals: RefusalMode = .auto
    ) {
        self.address = address
        self.tls = tls
        self.protocols = protocols
        self.proxyProtocol = proxyProtocol
        self.trustedProxies = trustedProxies
        self.refusals = refusals
    }

    /// A version of HTTP, by its ALPN name (RFC 7301 §6, RFC 9113 §3.2).
    package enum HTTPProtocol: String, CaseIterable, Sendable {
        case http2 = "h2"
        case http1 = "http/1.1"
    }

    /// Whether a balancer says, before the first byte of a connection, whom it is for.
    package enum ProxyProtocol: String, CaseIterable, Sendable {
        case off
        /// The preamble must come, in either version.
        case v1OrV2 = "v1-or-v2"
    }

    /// How refusals are told.
    package enum RefusalMode: String, CaseIterable, Sendable {
        /// Over WebSocket for requests with an `Origin`, whose page cannot see a status; over HTTP else.
        case auto
        case http
        case websocket
    }
}

/// A literal address and a port to listen on.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address.
    package let ip: IPAddress
    /// 0: the system chooses one.
    package let port: UInt16

    package init(_ ip: IPAddress, port: UInt16) {
        self.ip = ip
        self.port = port
    }

    /// Whether only this machine can connect.
    package var isLoopback: Bool { ip.scope == .loopback }

    package var description: String {
        switch ip {
        case .v4: "\(ip):\(port)"
        case .v6: "[\(ip)]:\(port)"
        }
    }
}

/// What TLS has in common on both legs.
package struct TLSSettings: Equatable, Sendable {
    /// Who makes the records once the handshake is over.
    package var records: Records

    /// The defaults.
    package init() {
        self.init(Section(defaultsOf: "tls", in: .tidegateFile))
    }

    /// Who makes the records once the handshake is over.
    package enum Records: String, CaseIterable, Sendable {
        case openssl
        /// Where it can; else OpenSSL.
        case kernel
        /// The relay itself, where the version is TLS 1.3; else OpenSSL.
        case direct
    }
}

/// The TLS side of a listener.
package struct ListenerTLS: Equatable, Sendable {
    /// One or more.
    package var certificates: [CertificateFiles]
    /// The lowest version spoken.
    package var minimum: TLSMinimum
    /// What is asked of clients; `nil`: no certificate.
    package var clients: ClientCertificateSettings?

    package init(
        certificates: [CertificateFiles], minimum: TLSMinimum = .tls12, clients: ClientCertificateSettings? = nil
    ) {
        self.certificates = certificates
        self.minimum = minimum
        self.clients = clients
    }
}

/// What a listener asks of its clients' certificates.
package struct ClientCertificateSettings: Hashable, Sendable {
    /// Whom they must lead to: certificates in a PEM file.
    package var authorities: String
    /// Which of them have been taken back: lists in a PEM file. `nil`: nobody asks.
    package var revocations: String?
    /// Whether a client must have one.
    package var isRequired: Bool

    package init(authorities: String, revocations: String? = nil, isRequired: Bool = false) {
        self.authorities = authorities
        self.revocations = revocations
        self.isRequired = isRequired
    }
}

/// The lowest TLS version a listener speaks.
package enum TLSMinimum: String, CaseIterable, Sendable {
    case tls12 = "1.2"
    case tls13 = "1.3"
}

/// The files of one certificate, PEM.
package struct CertificateFiles: Hashable, Sendable {
    /// The certificate first, then its issuers.
    package let chain: String
    /// The private key.
    package let key: String

    package init(chain: String, key: String) {
        self.chain = chain
        self.key = key
    }
}

/// How one zone is reached.
package struct ZoneSettings: Sendable {
    /// The zone.
    package var zone: Zone
    /// Who is spoken to there.
    package var provider: Provider
    /// In order of preference; one or more.
    package var endpoints: [Endpoint]
    /// Where the provider key is kept.
    package var key: SecretSource
    /// Where the key is kept that is used when the provider refuses `key`.
    package var previousKey: SecretSource?
    /// How the provider wants its key.
    package var keyHeader: KeyHeader
    /// A text message that tells the provider its client is gone; `nil`: the provider's own, if it has one.
    package var onClientLoss: String?
    /// How many bytes are one second of audio; `nil`: the provider's own rules tell, where it has any.
    package var audioBytesPerSecond: Int?
    /// What a connection must prove.
    package var verify: VerifySettings
    /// For name, TCP and TLS of one endpoint together.
    package var connectTimeout: Duration

    package init(
        zone: Zone, provider: Provider = .assemblyai, endpoints: [Endpoint], key: SecretSource,
        previousKey: SecretSource? = nil, keyHeader: KeyHeader = KeyHeader(), onClientLoss: String? = nil,
        audioBytesPerSecond: Int? = nil, verify: VerifySettings = VerifySettings(),
        connectTimeout: Duration = .seconds(5)
    ) {
        self.zone = zone
        self.provider = provider
        self.endpoints = endpoints
        self.key = key
        self.previousKey = previousKey
        self.keyHeader = keyHeader
        self.onClientLoss = onClientLoss
        self.audioBytesPerSecond = audioBytesPerSecond
        self.verify = verify
        self.connectTimeout = connectTimeout
    }

    /// The providers whose manners are known.
    package enum Provider: String, CaseIterable, Sendable {
        case assemblyai
        /// Any other WebSocket provider.
        case generic
    }
}

/// The header field that carries the provider key.
package struct KeyHeader: Equatable, Sendable {
    /// The field's name.
    package let name: String
    /// What stands in the field's value before the key.
    package let before: String
    /// What stands in it behind the key.
    package let after: String

    /// `Authorization: KEY`, as AssemblyAI takes it.
    package init() {
        name = "Authorization"
        before = ""
        after = ""
    }

    /// `nil` unless `name` is a field name that is not the handshake's own and `template` holds `{key}` once.
    package init?(name: String, template: String) {
        guard KeyHeader.isFree(name), template.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else { return nil }
        guard let mark = template.firstRange(of: "{key}"), !template[mark.upperBound...].contains("{key}") else {
            return nil
        }
        self.name = name
        before = String(template[..<mark.lowerBound])
        after = String(template[mark.upperBound...])
    }

    /// RFC 9110 §5.6.2 for the name; the fields that make the request a WebSocket handshake are not for keys.
    private static func isFree(_ name: String) -> Bool {
        let token = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz".utf8
        let name = name.lowercased()
        let taken = ["host", "connection", "upgrade", "content-length", "transfer-encoding", "te", "trailer"]
        return !name.isEmpty && name.utf8.allSatisfy(token.contains) && !taken.contains(name)
            && !name.hasPrefix("sec-websocket-")
    }
}

/// What an upstream connection must prove beyond its host name.
package struct VerifySettings: Equatable, Sendable {
    /// Who must have issued the certificate.
    package var authority: Authority
    /// SHA-256 of public keys (SPKI), 32 bytes each; if any are given one must match.
    package var pins: [[UInt8]]
    /// If any are given the address connected to must be inside one.
    package var networks: [Network]

    package init(authority: Authority = .system, pins: [[UInt8]] = [], networks: [Network] = []) {
        self.authority = authority
        self.pins = pins
        self.networks = networks
    }

    /// Who must have issued the certificate.
    package enum Authority: Hashable, Sendable {
        case system
        /// Certificates in a PEM file.
        case file(String)
    }
}

/// An identity provider, and what is believed of its tokens.
package struct IdentitySettings: Equatable, Sendable {
    /// The `iss` claim, exactly.
    package var issuer: String
    /// What the `aud` claim must hold, exactly.
    package var audience: String
    /// Where the provider's keys are.
    package var keys: KeySource
    /// The claim that names the tenant.
    package var tenantClaim: String
    /// The signature algorithms accepted; one or more.
    package var algorithms: Set<JSONWebAlgorithm>
    /// Who must have issued the provider's certificate.
    package var authority: VerifySettings.Authority
    /// How far the provider's clock may be from this one.
    package var leeway: Duration

    package init(
        issuer: String, audience: String, keys: KeySource, tenantClaim: String, algorithms: Set<JSONWebAlgorithm>,
        authority: VerifySettings.Authority = .system, leeway: Duration = .seconds(60)
    ) {
        self.issuer = issuer
        self.audience = audience
        self.keys = keys
        self.tenantClaim = tenantClaim
        self.algorithms = algorithms
        self.authority = authority
        self.leeway = leeway
    }

    /// Where an identity provider's keys are: a JSON Web Key Set.
    package enum KeySource: Hashable, Sendable {
        /// A file, by its resolved path.
        case file(String)
        /// An `https:` URL.
        case url(String)
        /// Where the provider's discovery document says (OpenID Connect Discovery 1.0 §4).
        case discovery
    }
}

/// Bounds of the whole relay.
package struct LimitSettings: Equatable, Sendable {
    /// Sessions at once.
    package var sessions: Int
    /// Connections at once from one address.
    package var connectionsPerAddress: Int
    /// Whether that binds programs of this machine, too: a proxy beside the relay speaks for all its clients, so only if
    /// somebody has said how many they may be.
    package var bindsOwnMachine: Bool
    /// Refusals told in full to one address, or for one credential, in a minute.
    package var refusalsPerMinute: Int
    /// A request head, its blank line included.
    package var headerBytes: Int
    /// A message of either leg.
    package var messageBytes: Int
    /// Per session and direction.
    package var bufferBytes: Int

    /// The defaults.
    package init() {
        self.init(Section(defaultsOf: "limits", in: .tidegateFile))
    }
}

/// How long the relay waits.
package struct TimeoutSettings: Equatable, Sendable {
    /// For a client's TLS and request, and for an upstream's answer.
    package var handshake: Duration
    /// A ping is sent on a leg idle this long.
    package var ping: Duration
    /// A pinged leg that is silent for this long is lost.
    package var pong: Duration
    /// A peer that reads nothing for this long is closed.
    package var stall: Duration
    /// No data frame either way.
    package var idle: Duration
    /// The longest session.
    package var session: Duration
    /// Waits this long for the provider to finish.
    package var terminate: Duration
    /// Within which all sessions end when the relay stops: by themselves in its first half, told one by one in its second.
    package var drain: Duration

    /// The defaults.
    package init() {
        self.init(Section(defaultsOf: "timeouts", in: .tidegateFile))
    }
}

/// Where several relays count together: a Redis server.
package struct SharedStateSettings: Equatable, Sendable {
    /// A name, or an address without brackets.
    package var host: String
    /// Where it listens.
    package var port: UInt16
    /// Which of its databases.
    package var database: Int
    /// Whether it is spoken to over TLS.
    package var isSecure: Bool
    /// Who must have issued its certificate.
    package var authority: VerifySettings.Authority
    /// As whom this relay comes; `nil`: as the server's default user.
    package var user: String?
    /// What the server wants to hear first.
    package var password: SecretSource?
    /// What to do while it is away.
    package var whenUnavailable: WhenUnavailable
    /// How long others count on what they were told of this relay.
    package var lease: Duration

    package init(
        host: String, port: UInt16 = 6379, database: Int = 0, isSecure: Bool = false,
        authority: VerifySettings.Authority = .system, user: String? = nil, password: SecretSource? = nil,
        whenUnavailable: WhenUnavailable = .refuse, lease: Duration = .seconds(15)
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.isSecure = isSecure
        self.authority = authority
        self.user = user
        self.password = password
        self.whenUnavailable = whenUnavailable
        self.lease = lease
    }

    /// What to do while the server is away.
    package enum WhenUnavailable: String, CaseIterable, Sendable {
        /// Refuse what would be counted there.
        case refuse
        /// Count it in this process.
        case local
    }
}

/// Where and how receipts are kept.
package struct ReceiptSettings: Equatable, Sendable {
    /// JSON Lines, appended to; a resolved path.
    package var file: String
    /// The Ed25519 key that signs checkpoints, PEM; `nil`: they are not signed.
    package var signingKey: SecretSource?
    /// How often a checkpoint is written while there is something new.
    package var checkpoint: Duration
    /// What to do while the file cannot be written.
    package var whenUnwritable: WhenUnwritable

    package init(
        file: String, signingKey: SecretSource? = nil, checkpoint: Duration = .seconds(60),
        whenUnwritable: WhenUnwritable = .refuse
    ) {
        self.file = file
        self.signingKey = signingKey
        self.checkpoint = checkpoint
        self.whenUnwritable = whenUnwritable
    }

    /// What to do while the file cannot be written.
    package enum WhenUnwritable: String, CaseIterable, Sendable {
        /// Refuse new sessions.
        case refuse
        /// Go on; receipts wait in memory.
        case `continue`
    }
}

/// Where operators look in.
package struct AdminSettings: Equatable, Sendable {
    /// Where it listens.
    package var address: ListenAddress
    /// Where the bearer token is kept; `nil` on loopback only.
    package var token: SecretSource?

    package init(address: ListenAddress, token: SecretSource? = nil) {
        self.address = address
        self.token = token
    }
}

/// How session tokens are minted and verified.
package struct TokenSettings: Equatable, Sendable {
    /// Where the keys are kept, as hex text; one or more. The first signs, all verify.
    package var signingKeys: [SecretSource]
    /// The longest life a token may be given, in seconds.
    package var maximumLifetime: Int

    package init(signingKeys: [SecretSource], maximumLifetime: Int = 600) {
        self.signingKeys = signingKeys
        self.maximumLifetime = maximumLifetime
    }
}

/// Where spans of sessions go, and of which.
package struct TraceSettings: Equatable, Sendable {
    /// An `http:` or `https:` URL that takes OTLP over HTTP.
    package var endpoint: String
    /// Who must have issued the collector's certificate.
    package var authority: VerifySettings.Authority
    /// What is shown to the collector; `nil`: nothing.
    package var token: SecretSource?
    /// The share of sessions traced whose client says nothing of it, above 0 and up to 1.
    package var share: Double
    /// What becomes of a trace that a client names.
    package var parents: Parents
    /// What an upstream hears of traces.
    package var upstream: Upstream

    package init(
        endpoint: String, authority: VerifySettings.Authority = .system, token: SecretSource? = nil, share: Double = 1,
        parents: Parents = .accept, upstream: Upstream = .nothing
    ) {
        self.endpoint = endpoint
        self.authority = authority
        self.token = token
        self.share = share
        self.parents = parents
        self.upstream = upstream
    }

    /// What becomes of a trace that a client names.
    package enum Parents: String, CaseIterable, Sendable {
        /// Its session is a part of it, or not traced at all, as the client says.
        case accept
        /// Nothing.
        case ignore
    }

    /// What an upstream hears of traces. Never of a client's: it would say who the client is.
    package enum Upstream: String, CaseIterable, Sendable {
        case nothing
        /// The ids of a trace that the relay began, and of the dial in it.
        case own
    }
}

/// What is logged and how.
package struct LogSettings: Equatable, Sendable {
    /// What is less severe is not logged.
    package var level: Level
    /// How a line is written.
    package var format: Format

    /// The defaults.
    package init() {
        self.init(Section(defaultsOf: "log", in: .tidegateFile))
    }

    /// How much an operator must care.
    package enum Level: String, CaseIterable, Sendable {
        case debug, info, warning, error
    }

    /// How a line is written.
    package enum Format: String, CaseIterable, Sendable {
        case json, text
    }
}
