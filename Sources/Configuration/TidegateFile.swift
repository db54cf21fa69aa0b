import Crypto
import Policy

/// The operators' file, read: its settings, and what it names.
struct TidegateFile {
    let settings: Settings
    /// The policy files' patterns as written.
    let policies: [(text: String, place: Place)]

    /// Reads what `SchemaCheck` has looked at, and reports what only shows when values meet: names that lead nowhere,
    /// plain text where it would be heard.
    init(_ root: Node, hostName: String, faults: inout Faults) {
        let file = Section(.tidegateFile, path: "", node: root)
        var reader = TidegateReader(file: file, faults: Faults())
        settings = reader.settings(hostName: hostName)
        policies = reader.policies()
        faults.append(reader.faults)
    }
}

private struct TidegateReader {
    let file: Section
    var faults: Faults

    mutating func settings(hostName: String) -> Settings {
        let parameters = ParameterRules(file.section("parameters"), faults: &faults)
        return Settings(
            site: site(hostName: hostName), listeners: listeners(), tls: TLSSettings(file.section("tls")),
            hosts: hosts(), zones: zones(),
            limits: LimitSettings(file.section("limits")), timeouts: TimeoutSettings(file.section("timeouts")),
            log: LogSettings(file.section("log")), threads: file.whole("threads"), parameters: parameters,
            receipts: receipts(), admin: admin(), tokens: tokens(), identity: identity(), sharedState: sharedState(),
            traces: traces())
    }

    mutating func policies() -> [(text: String, place: Place)] {
        if let node = file.node("policy"), node.list?.isEmpty == true {
            faults.error(node.place, "policy names no file; without tenants every request is refused")
        }
        return file.texts("policy")
    }

    // MARK: Site and hosts

    private mutating func site(hostName: String) -> Site {
        let section = file.section("site")
        let zone = section.optional("zone", { Zone($0) })
        let place = (section.node("zone") ?? section.node ?? file.node)?.place ?? Place(file: "")
        if zone == nil {
            faults.warning(
                place, "the site has no zone: residency covers the upstream hop alone, not this relay's own place")
        } else if zone == .edge {
            faults.error(place, "a site stands in one place, and edge is none; name the zone it stands in")
        } else if let zone, !defined.contains(zone) {
            faults.warning(
                place, "no zone \(zone) is defined: tenants whose residency names zones are all sent elsewhere")
        }
        var elsewhere: [Zone: String] = [:]
        for pair in section.pairs("elsewhere") {
            guard let zone = definedZone(pair.key, pair.keyPlace), let url = pair.value.text else { continue }
            if let endpoint = endpoint(url, in: zone, pair.value.place) { elsewhere[zone] = endpoint.description }
        }
        return Site(name: section.text("name") ?? hostName, zone: zone, elsewhere: elsewhere)
    }

    private mutating func hosts() -> [String: Zone] {
        var hosts: [String: Zone] = [:]
        for pair in file.pairs("hosts") {
            guard let name = HostAndPort(pair.key)?.host, let text = pair.value.text else { continue }
            guard let zone = definedZone(text, pair.value.place) else { continue }
            if let former = hosts.updateValue(zone, forKey: name), former != zone {
                faults.error(pair.keyPlace, "\(name) asks for \(former) and for \(zone)")
            }
        }
        return hosts
    }

    // MARK: Listeners

    private mutating func listeners() -> [ListenerSettings] {
        var listeners: [ListenerSettings] = []
        for section in file.sections("listeners") {
            guard let address = section.optional("address", Scalars.listenAddress) else { continue }
            let place = section.node("address")?.place ?? Place(file: "")
            if address.port != 0, listeners.contains(where: { $0.address == address }) {
                faults.error(place, "another listener has the address \(address)")
            }
            let tls = tls(section)
            if tls == nil, section.node("tls") == nil, !address.isLoopback {
                judgePlaintext(section, address, place)
            }
            let proxies = networks(section, "trusted_proxies", "believes every address, clients' own ones too")
            judgePreamble(section, address, proxies)
            listeners.append(
                ListenerSettings(
                    address: address, tls: tls, protocols: protocols(section),
                    proxyProtocol: section.choice("proxy_protocol"), trustedProxies: proxies,
                    refusals: section.choice("refusals")))
        }
        return listeners
    }

    private mutating func judgePlaintext(_ listener: Section, _ address: ListenAddress, _ place: Place) {
        if listener.text("plaintext") == "allow" {
            faults.warning(
                listener.node("plaintext")?.place ?? place,
                "\(address) serves plain ws:// off loopback, where keys and audio can be heard; give it `tls`, unless "
                    + "all that comes there has come through a TLS proxy beside it")
        } else {
            faults.error(
                place,
                "\(address) would serve plain ws:// off loopback, where keys and audio can be heard; "
                    + "give it `tls`, or say `plaintext: allow`")
        }
    }

    /// Limits, logs and receipts go by the address that a preamble names.
    private mutating func judgePreamble(_ listener: Section, _ address: ListenAddress, _ proxies: [Network]) {
        guard let node = listener.node("proxy_protocol"), node.text == "v1-or-v2", proxies.isEmpty else { return }
        faults.warning(
            node.place,
            "whoever reaches \(address) can claim any address by the PROXY protocol; name the balancers' networks under "
                + "`trusted_proxies`")
    }

    private mutating func tls(_ listener: Section) -> ListenerTLS? {
        guard listener.node("tls")?.pairs != nil else { return nil }
        let section = listener.section("tls")
        let certificates = section.sections("certificates").compactMap { certificate -> CertificateFiles? in
            guard let chain = path(certificate, "chain"), let key = path(certificate, "key") else { return nil }
            return CertificateFiles(chain: chain, key: key)
        }
        return ListenerTLS(
            certificates: certificates, minimum: section.choice("minimum"), clients: clientCertificates(section))
    }

    private mutating func clientCertificates(_ tls: Section) -> ClientCertificateSettings? {
        if let authorities = path(tls, "client_ca") {
            return ClientCertificateSettings(
                authorities: authorities, revocations: path(tls, "client_crl"),
                isRequired: tls.text("client_certificate") == "required")
        }
        for name in ["client_certificate", "client_crl"] {
            guard let node = tls.node(name) else { continue }
            faults.error(
                node.place,
                "\(name) is without effect where no certificate is asked for; name those who issue them under "
                    + "`client_ca`, or leave it out")
        }
        return nil
    }

    private mutating func protocols(_ listener: Section) -> [ListenerSettings.HTTPProtocol] {
        guard let node = listener.node("protocols") else { return ListenerSettings.HTTPProtocol.allCases }
        let protocols = listener.texts("protocols").compactMap { ListenerSettings.HTTPProtocol(rawValue: $0.text) }
        if !protocols.contains(.http1) {
            faults.error(node.place, "protocols must hold http/1.1: the provider's SDKs speak nothing else; add it")
        }
        return protocols
    }

    // MARK: Zones

    private mutating func zones() -> [ZoneSettings] {
        var zones: [ZoneSettings] = []
        for (name, _, section) in file.named("zones") {
            guard let zone = Zone(name) else { continue }
            let endpoints = endpoints(section, in: zone)
            let keyHeader = keyHeader(section)
            let verify = verify(section)
            guard let key = secret(section, "key") else { continue }
            zones.append(
                ZoneSettings(
                    zone: zone, provider: section.choice("provider"), endpoints: endpoints, key: key,
                    previousKey: secret(section, "previous_key"), keyHeader: keyHeader,
                    onClientLoss: section.text("on_client_loss"),
                    audioBytesPerSecond: section.optional("audio_bytes_per_second", Scalars.whole), verify: verify,
                    connectTimeout: section.duration("connect_timeout")))
        }
        return zones
    }

    private mutating func endpoints(_ zone: Section, in name: Zone) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        for item in zone.node("endpoints")?.list ?? [] {
            guard let endpoint = endpoint(item, in: name) else { continue }
            if endpoints.contains(endpoint) {
                faults.error(item.place, "\(endpoint) stands twice in zone \(name); leave one of them out")
            }
            endpoints.append(endpoint)
        }
        return endpoints
    }

    private mutating func endpoint(_ item: Node, in name: Zone) -> Endpoint? {
        if let url = item.text { return dialled(url, in: name, item.place, address: nil) }
        let section = Section(.tidegateFile, path: "zones.*.endpoints[]", node: item)
        let address = section.optional("address", { EndpointAddress($0) })
        guard let url = section.node("url"), let text = url.text else { return nil }
        return dialled(text, in: name, url.place, address: address)
    }

    private mutating func dialled(
        _ url: String, in zone: Zone, _ place: Place, address: EndpointAddress?
    ) -> Endpoint? {
        guard let endpoint = endpoint(url, in: zone, place, address: address) else { return nil }
        if !endpoint.secure { judgePlain(endpoint, place) }
        return endpoint
    }

    /// A provider key in the clear is heard by everybody on the way.
    private mutating func judgePlain(_ endpoint: Endpoint, _ place: Place) {
        switch scope(of: endpoint.host, at: endpoint.address?.address) {
        case .loopback: break
        case .private:
            faults.warning(place, "ws:// sends the provider key and the audio in the clear to \(endpoint.host)")
        default:
            faults.error(
                place,
                "ws:// would send the provider key and the audio in the clear; use wss://, "
                    + "or a literal loopback or private address")
        }
    }

    private mutating func endpoint(
        _ url: String, in zone: Zone, _ place: Place, address: EndpointAddress? = nil
    ) -> Endpoint? {
        do throws(EndpointError) {
            return try Endpoint(url, in: zone, address: address)
        } catch {
            faults.error(place, error.sentence)
            return nil
        }
    }

    private mutating func keyHeader(_ zone: Section) -> KeyHeader {
        let section = zone.section("key_header")
        guard let node = section.node else { return KeyHeader() }
        let name = section.value("name") { $0 }
        let template = section.value("value") { $0 }
        if let header = KeyHeader(name: name, template: template) { return header }
        faults.error(
            node.place,
            "key_header takes the name of a field that is not the handshake's own, and a value of visible ASCII "
                + "that holds {key} once")
        return KeyHeader()
    }

    private mutating func verify(_ zone: Section) -> VerifySettings {
        let section = zone.section("verify")
        return VerifySettings(
            authority: authority(section),
            pins: section.texts("spki_sha256").compactMap { Base64.standard.decode($0.text) },
            networks: networks(section, "networks", "lists every address, loopback and private ones too"))
    }

    // MARK: Tokens

    private mutating func tokens() -> TokenSettings? {
        let section = file.section("tokens")
        guard let list = section.node("signing_keys"), let keys = list.list else { return nil }
        if keys.isEmpty { faults.error(list.place, "tokens.signing_keys names no key, so nothing can be signed") }
        return TokenSettings(
            signingKeys: keys.compactMap(SecretSource.init),
            maximumLifetime: section.whole("maximum_expires_in_seconds"))
    }

    // MARK: Identity providers

    private mutating func identity() -> [IdentitySettings] {
        var providers: [IdentitySettings] = []
        for section in file.sections("identity") {
            guard let provider = provider(section), let node = section.node("issuer") else { continue }
            if providers.contains(where: { $0.issuer == provider.issuer }) {
                faults.error(
                    node.place,
                    "another identity provider has the issuer \(quoted(provider.issuer)); tokens could not tell them apart"
                )
            }
            providers.append(provider)
        }
        return providers
    }

    private mutating func provider(_ section: Section) -> IdentitySettings? {
        let algorithms = section.texts("algorithms").compactMap { JSONWebAlgorithm(rawValue: $0.text) }
        if let node = section.node("algorithms"), node.list?.isEmpty == true {
            faults.error(
                node.place, "without an algorithm no token is accepted; name those that the provider signs with")
        }
        guard let issuer = section.text("issuer"), let audience = section.text("audience"),
            let claim = section.text("tenant_claim"), let keys = keys(section, of: issuer)
        else { return nil }
        return IdentitySettings(
            issuer: issuer, audience: audience, keys: keys, tenantClaim: claim, algorithms: Set(algorithms),
            authority: authority(section), leeway: section.duration("leeway"))
    }

    private mutating func keys(_ provider: Section, of issuer: String) -> IdentitySettings.KeySource? {
        if let node = provider.node("jwks") {
            return node.text.map { .url($0) }
                ?? node["file"]?.text.map { .file(Paths.resolve($0, beside: node.place.file)) }
        }
        // OpenID Connect Discovery 1.0 §4.1: the document is found below the issuer's URL.
        if !Scalars.isSecureURL(issuer) || issuer.contains("?") {
            faults.error(
                place(provider, "issuer"),
                "without `jwks` the keys are found below the issuer, and \(quoted(issuer)) is no https:// URL; give it `jwks`"
            )
        }
        return .discovery
    }

    // MARK: Shared state

    private mutating func sharedState() -> SharedStateSettings? {
        let section = file.section("shared_state").section("redis")
        guard let node = section.node("url"), let url = node.text.flatMap({ RedisURL($0) }) else { return nil }
        if url.hasPassword {
            faults.error(
                node.place,
                "the URL holds a password, and a secret never stands in this file; put it under `password`: "
                    + KeyType.secret.accepted)
        }
        let settings = SharedStateSettings(
            host: url.host, port: url.port, database: url.database, isSecure: url.isSecure,
            authority: authority(section), user: url.user, password: secret(section, "password"),
            whenUnavailable: section.choice("when_unavailable"), lease: section.duration("lease"))
        judge(settings, section, node.place)
        return settings
    }

    private mutating func judge(_ settings: SharedStateSettings, _ section: Section, _ place: Place) {
        if settings.user != nil, settings.password == nil {
            faults.error(place, "the URL names a user, and there is no `password` for it")
        }
        if !settings.isSecure, section.node("ca") != nil {
            faults.error(
                self.place(section, "ca"),
                "ca is without effect where the URL is no rediss:// one; use that, or leave it out")
        }
        if settings.lease < .seconds(1) {
            faults.error(
                self.place(section, "lease"),
                "a lease of less than a second is over before it can be renewed; leave it out, or give it some seconds")
        }
        let isNear = settings.host == "localhost" || IPAddress(settings.host)?.scope == .loopback
        if !settings.isSecure, !isNear {
            faults.warning(
                place,
                "redis:// goes in the clear to \(settings.host): whoever is on the way can change what is counted; use rediss://"
            )
        }
        if settings.whenUnavailable == .local {
            faults.warning(
                self.place(section, "when_unavailable"),
                "while the server is away each relay counts for itself: a tenant may then have its limits at every one of them, "
                    + "and open a session at each with one token")
        }
    }

    // MARK: Receipts and admin

    private mutating func receipts() -> ReceiptSettings? {
        let section = file.section("receipts")
        guard let node = section.node, let path = path(section, "file") else { return nil }
        if section.node("signing_key") == nil {
            faults.warning(
                node.place,
                "receipts are not signed: whoever can write the file can write another history; give them a `signing_key`"
            )
        }
        return ReceiptSettings(
            file: path, signingKey: secret(section, "signing_key"), checkpoint: section.duration("checkpoint"),
            whenUnwritable: section.choice("when_unwritable"))
    }

    private mutating func admin() -> AdminSettings? {
        let section = file.section("admin")
        guard let node = section.node else { return nil }
        let address = section.value("address", Scalars.listenAddress)
        let token = secret(section, "token")
        if token == nil, !address.isLoopback {
            faults.error(
                (section.node("address") ?? node).place,
                "the admin listener is off loopback and has no `token`; give it one, or a loopback address")
        }
        return AdminSettings(address: address, token: token)
    }

    // MARK: Traces

    private mutating func traces() -> TraceSettings? {
        let section = file.section("traces")
        guard section.node != nil, let endpoint = section.text("endpoint") else { return nil }
        let token = secret(section, "token")
        judgeCollector(endpoint, hasToken: token != nil, place(section, "endpoint"))
        let share = section.value("share", Scalars.decimal)
        if share > 1 {
            faults.error(place(section, "share"), "the share of sessions traced is at most 1, which is all")
        }
        return TraceSettings(
            endpoint: endpoint, authority: authority(section), token: token, share: share,
            parents: section.choice("parents"), upstream: section.choice("upstream"))
    }

    /// Spans hold tenants' names, and when and how they used the relay.
    private mutating func judgeCollector(_ url: String, hasToken: Bool, _ place: Place) {
        guard let collector = Scalars.webHost(url) else {
            return faults.error(
                place, "\(quoted(url)) is no http:// or https:// URL, such as https://collector.example:4318/v1/traces")
        }
        guard !collector.isSecure else { return }
        switch scope(of: collector.host) {
        case .loopback: break
        case .private where !hasToken:
            faults.warning(place, "http:// sends tenants' names, and what they did, in the clear to \(collector.host)")
        case .private:
            faults.error(place, "http:// would send the collector's token in the clear; use https://")
        default:
            faults.error(
                place,
                "http:// would send tenants' names, and what they did, in the clear; use https://, "
                    + "or a literal loopback or private address")
        }
    }

    // MARK: What several of them need

    /// - Parameter danger: what follows "0.0.0.0/0" in a warning.
    private mutating func networks(_ section: Section, _ name: String, _ danger: String) -> [Network] {
        var networks: [Network] = []
        for (text, place) in section.texts(name) {
            guard let network = Network(text) else { continue }
            if network.prefixLength == 0 { faults.warning(place, "\(network) \(danger)") }
            networks.append(network)
        }
        return networks
    }

    /// How far what is said to a host in the clear can be heard; `nil` for a name that may lead anywhere.
    private func scope(of host: String, at address: IPAddress? = nil) -> AddressScope? {
        if address == nil, host == "localhost" { return .loopback }
        return (address ?? HostAndPort(host)?.literalAddress)?.scope
    }

    /// The zones' names as they stand in the file, whether the zones are faulty or not.
    private var defined: [Zone] {
        file.pairs("zones").compactMap { Zone($0.key) }
    }

    private mutating func definedZone(_ name: String, _ place: Place) -> Zone? {
        guard let zone = Zone(name) else { return nil }
        if defined.contains(zone) { return zone }
        faults.error(place, undefinedZone(zone, defined: defined))
        return nil
    }

    private func authority(_ section: Section) -> VerifySettings.Authority {
        let ca = section.value("ca") { $0 }
        return ca == "system" ? .system : .file(Paths.resolve(ca, beside: place(section, "ca").file))
    }

    private func path(_ section: Section, _ name: String) -> String? {
        section.text(name).map { Paths.resolve($0, beside: place(section, name).file) }
    }

    private func secret(_ section: Section, _ name: String) -> SecretSource? {
        section.node(name).flatMap(SecretSource.init)
    }

    private func place(_ section: Section, _ name: String) -> Place {
        section.node(name)?.place ?? Place(file: "")
    }
}

extension SecretSource {
    /// `nil` when the node is neither form; that fault has been told.
    init?(_ node: Node) {
        if let path = node["file"]?.text {
            self = .file(Paths.resolve(path, beside: node.place.file))
        } else if let name = node["env"]?.text {
            self = .environment(name)
        } else {
            return nil
        }
    }
}

extension TLSSettings {
    init(_ section: Section) {
        records = section.choice("records")
    }
}

extension LimitSettings {
    init(_ section: Section) {
        sessions = section.whole("sessions")
        connectionsPerAddress = section.whole("connections_per_address")
        bindsOwnMachine = section.node("connections_per_address") != nil
        refusalsPerMinute = section.whole("refusals_per_minute")
        headerBytes = section.size("header_bytes")
        messageBytes = section.size("message_bytes")
        bufferBytes = section.size("buffer_bytes")
    }
}

extension TimeoutSettings {
    init(_ section: Section) {
        handshake = section.duration("handshake")
        ping = section.duration("ping")
        pong = section.duration("pong")
        stall = section.duration("stall")
        idle = section.duration("idle")
        session = section.duration("session")
        terminate = section.duration("terminate")
        drain = section.duration("drain")
    }
}

extension LogSettings {
    init(_ section: Section) {
        level = section.choice("level")
        format = section.choice("format")
    }
}

/// A name that leads nowhere, with those that would.
func undefinedZone(_ zone: Zone, defined: [Zone]) -> String {
    let known = defined.isEmpty ? "none is" : "defined: \(defined.map(\.name).joined(separator: ", "))"
    return "zone \(zone) is not defined under `zones`; \(known)"
}
