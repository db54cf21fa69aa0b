// Every key of both files, once. The parser, `check`, the JSON Schema and the reference table are readings of this file.
//
// A path runs from the file's root: `[]` is any item of a list, `*` any name of a mapping. Keys stand in the order of
// the reference. A default is written as a file would write it, and read by the same rules.

import Crypto

/// One key: where it stands, what it takes, and what happens without it.
package struct Key: Sendable {
    /// Where it stands, from the root of its file.
    package let path: String
    /// What it takes.
    package let type: KeyType
    /// `nil`: nothing, or the key is required.
    package let standard: String?
    /// Whether leaving it out is an error.
    package let isRequired: Bool
    /// Whether it has its effect in this version.
    package let force: Force
    /// What the value means, as a sentence.
    package let help: String

    /// Whether a key has its effect in this version.
    package enum Force: Equatable, Sendable {
        case now
        /// Read and type-checked, without effect. `check` says so unless the value is `harmless`, which asks for nothing.
        case notYet(harmless: String? = nil)
    }

    init(
        _ path: String, _ type: KeyType, default standard: String? = nil, force: Force = .now, _ help: String
    ) {
        self.init(path, type, standard: standard, isRequired: false, force, help)
    }

    static func required(_ path: String, _ type: KeyType, _ help: String) -> Key {
        Key(path, type, standard: nil, isRequired: true, .now, help)
    }

    private init(
        _ path: String, _ type: KeyType, standard: String?, isRequired: Bool, _ force: Force, _ help: String
    ) {
        self.path = path
        self.type = type
        self.standard = standard
        self.isRequired = isRequired
        self.force = force
        self.help = help
    }

    /// The last part of the path: the key as a file has it.
    package var name: String {
        String(path.split(separator: ".").last ?? "")
    }

    /// The path of the mapping the key stands in; empty at the root.
    var parent: String {
        path.split(separator: ".").dropLast().joined(separator: ".")
    }
}

/// The keys of one kind of file.
package struct KeyTable: Sendable {
    /// In the order of the reference.
    package let keys: [Key]
    private let byParent: [String: [Key]]

    init(_ keys: [Key]) {
        self.keys = keys
        byParent = Dictionary(grouping: keys, by: \.parent)
    }

    /// The keys a mapping at `path` may hold.
    func keys(in path: String) -> [Key] {
        byParent[path] ?? []
    }

    func key(_ name: String, in path: String) -> Key? {
        keys(in: path).first { $0.name == name }
    }
}

extension KeyTable {
    /// `tidegate.yaml`, the operators' file.
    package static let tidegateFile = KeyTable([
        .required("version", .choice(["1"]), "The version of this file's form."),

        Key("site", .section, "The place where this relay process runs."),
        Key("site.name", .text, "Shown in receipts, logs and metrics. Default: the host name."),
        Key(
            "site.zone", .zone,
            "The zone of this place. Without it the site has none, and residency covers the upstream hop alone."),
        Key(
            "site.elsewhere", .map(.zone, .webSocketURL),
            "The URL of another site for each zone, told to clients refused with `wrong-site`."),

        .required("listeners", .sections, "The addresses to listen on."),
        .required(
            "listeners[].address", .listenAddress,
            "A literal address or `localhost`, and a port; port 0 lets the system choose."),
        Key(
            "listeners[].plaintext", .choice(["refuse", "allow"]), default: "refuse",
            "Whether plain `ws://` is served off loopback when there is no `tls`."),
        Key("listeners[].tls", .section, "Left out: plain `ws://`."),
        .required("listeners[].tls.certificates", .sections, "Chosen by SNI; the first is the default."),
        .required(
            "listeners[].tls.certificates[].chain", .file(.certificateChain),
            "PEM: the certificate first, then its issuers."),
        .required("listeners[].tls.certificates[].key", .file(.privateKey), "PEM: the certificate's private key."),
        Key("listeners[].tls.minimum", .choice(["1.2", "1.3"]), default: "1.2", "The lowest TLS version spoken."),
        Key(
            "listeners[].tls.client_ca", .file(.authority),
            "PEM: asks clients for certificates, and takes those that lead to one of these authorities."),
        Key(
            "listeners[].tls.client_certificate", .choice(["optional", "required"]), default: "optional",
            "Whether a client without a certificate may prove itself in another way."),
        Key(
            "listeners[].tls.client_crl", .file(.revocations),
            "PEM: revocation lists, one for each authority in `client_ca`. Without a list that is good now, nobody that "
                + "the authority vouches for is let in."),
        Key(
            "listeners[].protocols", .list(.choice(["h2", "http/1.1"])), default: "h2, http/1.1",
            "HTTP versions served, best first: h2 to clients that ask for it by ALPN."),
        Key(
            "listeners[].proxy_protocol", .choice(["off", "v1-or-v2"]), default: "off",
            "Whether every connection must begin with the PROXY protocol's preamble, before TLS."),
        Key(
            "listeners[].trusted_proxies", .list(.network), default: "",
            "Where balancers are: networks whose `X-Forwarded-For` is believed, and which alone may speak the PROXY protocol."
        ),
        Key(
            "listeners[].refusals", .choice(["auto", "http", "websocket"]), default: "auto",
            "How refusals are told: `auto` is over WebSocket for requests with an Origin, over HTTP else."),

        Key("hosts", .map(.host, .zone), "Host names and the zones they ask for; names not listed ask for none."),

        .required("zones", .named(.zone), "The zones, each with its endpoints and key."),
        Key(
            "zones.*.provider", .choice(["assemblyai", "generic"]), default: "assemblyai",
            "Whose manners the endpoints have."),
        .required("zones.*.endpoints", .endpoints, "WebSocket URLs, tried in this order."),
        .required("zones.*.endpoints[].url", .webSocketURL, "The long form's URL."),
        Key(
            "zones.*.endpoints[].address", .connectAddress,
            "Connected to instead of resolving the URL's name; the certificate must still match the name."),
        .required("zones.*.key", .secret, "The provider key."),
        Key(
            "zones.*.previous_key", .secret,
            "Used when the provider refuses `key`, and reported."),
        Key("zones.*.key_header", .section, "The header field that carries the key."),
        Key("zones.*.key_header.name", .text, default: "Authorization", "The field's name."),
        Key("zones.*.key_header.value", .text, default: "{key}", "The field's value; `{key}` stands for the key."),
        Key(
            "zones.*.on_client_loss", .text,
            "A text message for the provider when its client is gone. Default: the provider's own."),
        Key(
            "zones.*.audio_bytes_per_second", .whole(1...10_000_000),
            "How many bytes are one second of audio, for metering."),
        Key(
            "zones.*.verify", .section,
            "What an upstream must prove beyond its host name and CA, which are always checked."),
        Key("zones.*.verify.ca", .authority, default: "system", "`system`, or a PEM file of certificates."),
        Key(
            "zones.*.verify.spki_sha256", .list(.pin), default: "",
            "Base64 SHA-256 of public keys; if any are given one must match."),
        Key(
            "zones.*.verify.networks", .list(.network), default: "",
            "If any are given the resolved address must be inside one."),
        Key(
            "zones.*.warm", .section, force: .notYet(), "Ready TCP and TLS connections kept; never a provider session."),
        Key("zones.*.warm.minimum", .whole(0...10_000), default: "0", "Kept even when idle."),
        Key("zones.*.warm.maximum", .whole(0...10_000), default: "8", "Never more than this."),
        Key("zones.*.warm.idle", .duration, default: "30s", "Those beyond the minimum are closed after this."),
        Key(
            "zones.*.connect_timeout", .duration, default: "5s",
            "How long one endpoint may take to be connected and verified."),

        .required("policy", .list(.text), "Policy files; `*` and `?` stand for parts of names."),

        Key("tokens", .section, "Session tokens. Left out: `/v3/token` answers 404."),
        .required(
            "tokens.signing_keys", .list(.secret), "At least 32 bytes as hex text each; the first signs, all verify."),
        Key(
            "tokens.maximum_expires_in_seconds", .whole(1...86_400), default: "600",
            "The longest life a token may be given."),

        Key("identity", .sections, "Identity providers whose JWTs prove tenants. Left out: no JWTs."),
        .required("identity[].issuer", .text, "The `iss` claim, exactly."),
        .required("identity[].audience", .text, "What the `aud` claim must hold, exactly."),
        Key(
            "identity[].jwks", .keySet,
            "The provider's key set: an `https://` URL or `{file: PATH}`. Left out: found by OpenID discovery under `issuer`."
        ),
        .required("identity[].tenant_claim", .text, "The claim that names the tenant."),
        .required(
            "identity[].algorithms", .list(.choice(JSONWebAlgorithm.allCases.map(\.rawValue))),
            "Signature algorithms accepted."),
        Key("identity[].ca", .authority, default: "system", "Who vouches for the provider: `system`, or a PEM file."),
        Key(
            "identity[].leeway", .durationOrZero, default: "60s",
            "How far the provider's clock may be from this one."),

        Key("limits", .section, "Bounds of the whole relay."),
        Key("limits.sessions", .whole(1...1_000_000), default: "9000", "Sessions at once."),
        Key(
            "limits.connections_per_address", .whole(1...1_000_000), default: "256",
            "Connections at once from one address, or from 64 bits of IPv6. Those of this machine count only if it is said."
        ),
        Key(
            "limits.refusals_per_minute", .whole(1...100_000), default: "32",
            "Refusals told in full to one address, or for one credential, at once and within a minute; beyond, `limit`."
        ),
        Key("limits.header_bytes", .size(1 << 10...1 << 20), default: "16KiB", "The largest request head."),
        Key("limits.message_bytes", .size(1 << 10...1 << 30), default: "1MiB", "The largest message either way."),
        Key(
            "limits.buffer_bytes", .size(1 << 10...1 << 26), default: "64KiB", "What is held per session and direction."
        ),

        Key("timeouts", .section, "How long the relay waits."),
        Key(
            "timeouts.handshake", .duration, default: "10s",
            "A client's TLS and opening handshakes; an upstream's, and its first word."),
        Key("timeouts.ping", .duration, default: "20s", "A ping is sent on a leg idle this long."),
        Key("timeouts.pong", .duration, default: "10s", "A leg that does not answer a ping within this is lost."),
        Key("timeouts.stall", .duration, default: "30s", "A peer that reads nothing for this long is closed."),
        Key(
            "timeouts.idle", .duration, default: "5m",
            "A session without a data frame either way for this long is closed."),
        Key("timeouts.session", .duration, default: "3h", "The longest session."),
        Key("timeouts.terminate", .durationOrZero, default: "5s", "Waits this long for the provider to finish."),
        Key(
            "timeouts.drain", .durationOrZero, default: "5m",
            "On SIGTERM, all sessions end within this: by themselves in its first half, told one by one in its second."),

        Key(
            "compression", .choice(["off", "passthrough"]), default: "off", force: .notYet(harmless: "off"),
            "Whether permessage-deflate is declined or passed through."),

        Key("parameters", .section, "Query parameters of a session."),
        Key(
            "parameters.allow", .anyOrList, default: "any",
            "`any`, or the names a client may use. A name that is forced need not be among them."),
        Key(
            "parameters.force", .map(.parameter, .text), default: "",
            "Names and values that replace the client's."),

        Key("shared_state", .section, "Where limits and used tokens are counted. Left out: in this process."),
        .required("shared_state.redis", .section, "A Redis server, 5.0 or later."),
        .required(
            "shared_state.redis.url", .redisURL,
            "`rediss://[user@]host[:port][/database]`, or `redis://` without TLS; a password stands under `password`."),
        Key("shared_state.redis.password", .secret, "What the server wants to hear first."),
        Key(
            "shared_state.redis.ca", .authority, default: "system",
            "Who vouches for the server of a `rediss://` URL: `system`, or a PEM file."),
        Key(
            "shared_state.redis.when_unavailable", .choice(["refuse", "local"]), default: "refuse",
            "What to do without it: refuse sessions that are counted there, or count them here."),
        Key(
            "shared_state.redis.lease", .duration, default: "15s",
            "How long a relay that is not heard of keeps its tenants' places. One that cannot be heard for so long, and may not "
                + "count here, ends the sessions that have them."),

        Key(
            "receipts", .section, "The audit record. Left out: no receipts are kept."),
        .required("receipts.file", .text, "JSON Lines, appended to."),
        Key("receipts.signing_key", .secret, "Ed25519, PEM: signs checkpoints."),
        Key("receipts.checkpoint", .duration, default: "1m", "How often a checkpoint is signed."),
        Key(
            "receipts.when_unwritable", .choice(["refuse", "continue"]), default: "refuse",
            "What to do when a receipt cannot be written: refuse new sessions, or go on."),

        Key("admin", .section, "Health, readiness, metrics and sessions. Left out: no such listener."),
        Key("admin.address", .listenAddress, default: "127.0.0.1:9901", "Loopback, or with a token."),
        Key("admin.token", .secret, "The bearer token; required off loopback."),

        Key(
            "traces", .section, "Where spans of sessions go: a collector that takes OTLP over HTTP. Left out: nowhere."),
        .required(
            "traces.endpoint", .text,
            "The collector's URL, as a rule one that ends in `/v1/traces`: `https://`, or `http://` where nobody listens."
        ),
        Key("traces.ca", .authority, default: "system", "Who vouches for the collector: `system`, or a PEM file."),
        Key("traces.token", .secret, "Shown to the collector as `Authorization: Bearer`."),
        Key(
            "traces.share", .decimal, default: "1",
            "The share of sessions that are traced, up to 1, among those whose client says nothing of it."),
        Key(
            "traces.parents", .choice(["accept", "ignore"]), default: "accept",
            "Whether a client's `traceparent` makes its session a part of the client's trace, or none, as it says."),
        Key(
            "traces.upstream", .choice(["nothing", "own"]), default: "nothing",
            "Whether a `traceparent` goes upstream: never, or that of a trace which the relay began. A client's never does."
        ),

        Key("log", .section, "One line an event on standard error."),
        Key("log.level", .choice(["debug", "info", "warning", "error"]), default: "info", "The least that is logged."),
        Key("log.format", .choice(["json", "text"]), default: "json", "How a line is written."),

        Key("threads", .whole(0...1024), default: "0", "Event loops; 0: one per core."),

        Key("tls", .section, "What TLS has in common on both legs."),
        Key(
            "tls.records", .choice(["openssl", "kernel", "direct"]), default: "openssl",
            "Who makes the records of TLS 1.3 once the handshake is over: OpenSSL, the kernel, or the relay itself."),
    ])

    /// The policy files, compliance's.
    package static let policyFile = KeyTable([
        .required("version", .choice(["1"]), "The version of this file's form."),
        .required("tenants", .named(.tenant), "The tenants, each with where its data may go."),
        .required("tenants.*.residency", .residency, "One zone, a list in order of preference, or `any`."),
        Key("tenants.*.clients", .section, "What proves that a client is this tenant's."),
        Key(
            "tenants.*.clients.keys", .sections, "Client keys, by their hashes: lines printed by `tidegate key create`."
        ),
        .required("tenants.*.clients.keys[].name", .text, "The key's name, for receipts."),
        .required("tenants.*.clients.keys[].sha256", .digest, "SHA-256 of the key's text, in hex. Never the key."),
        Key(
            "tenants.*.clients.origins", .list(.origin), default: "",
            "Pages that may connect: exact, or with one label as wildcard (`https://*.example.com`)."),
        Key(
            "tenants.*.clients.certificates", .list(.certificateName), default: "",
            "Subjects or alternative names of TLS client certificates."),
        Key("tenants.*.clients.jwt", .section, "The claim of a JWT that proves the tenant."),
        .required(
            "tenants.*.clients.jwt.claim", .text, "The claim's name: the `tenant_claim` of an identity provider."),
        .required("tenants.*.clients.jwt.value", .text, "Its value, exactly."),
        Key(
            "tenants.*.clients.jwt.issuer", .text,
            "The only identity provider whose word counts. Left out: every one with this claim."),
        Key("tenants.*.limits", .section, "What the tenant may use."),
        Key("tenants.*.limits.sessions", .whole(1...1_000_000), "Sessions at once."),
        Key("tenants.*.limits.new_sessions_per_minute", .whole(1...1_000_000), "New sessions in any minute."),
        Key(
            "tenants.*.limits.audio_rate", .decimal,
            "Times real time, averaged over ten seconds. A client that is faster is slowed down."),
        Key("tenants.*.limits.audio_hours_per_day", .decimal, "Hours of audio in a day (UTC)."),
        Key("tenants.*.limits.session", .duration, "The longest session."),
        Key("tenants.*.parameters", .section, "Query parameters of the tenant's sessions."),
        Key(
            "tenants.*.parameters.allow", .anyOrList, default: "any",
            "`any`, or the names a client may use; a residency needs one that carries data out of it to be named."),
        Key(
            "tenants.*.parameters.force", .map(.parameter, .text), default: "",
            "Names and values that replace the client's and the relay's."),
        Key(
            "tenants.*.provider_keys", .map(.zone, .secret),
            "Provider keys used instead of the zones'."),
    ])
}
