import Crypto
import Policy
import Testing

@testable import Configuration

@Suite struct TidegateFileTests {
    @Test func aFullListenerAndZoneAreRead() throws {
        let settings = try settings(
            """
            version: 1
            listeners:
              - address: 0.0.0.0:8443
                tls:
                  certificates: [{chain: tls/a.crt, key: /etc/a.key}]
                  minimum: "1.3"
                  client_ca: tls/clients.crt
                  client_certificate: required
                  client_crl: /etc/clients.crl
                proxy_protocol: v1-or-v2
                trusted_proxies: [10.0.0.0/8, "2001:db8::/32"]
                refusals: websocket
              - {address: "[::1]:8080"}
              - {address: "10.0.0.1:80", plaintext: allow}
            tls: {records: direct}
            hosts: {EU.example: eu}
            zones:
              eu:
                endpoints:
                  - wss://a.example/v3/ws
                  - {url: "wss://a.example/v3/ws", address: "10.20.0.15:443"}
                key: {file: secrets/eu}
                verify: {ca: ca.pem, spki_sha256: ["\(pin)"], networks: [10.20.0.0/16]}
                connect_timeout: 2s
              house:
                provider: generic
                endpoints: ["wss://h.example:9443/listen"]
                key: {env: HOUSE_KEY}
                key_header: {name: X-Key, value: "Token {key}"}
                on_client_loss: '{"type":"CloseStream"}'
            policy: [a.yaml]
            limits: {sessions: 5}
            timeouts: {drain: 0s}
            log: {level: debug, format: text}
            threads: 2
            """)
        #expect(settings.site == Site(name: "h"))
        #expect(
            settings.listeners == [
                ListenerSettings(
                    address: ListenAddress(.v4(0), port: 8443),
                    tls: ListenerTLS(
                        certificates: [CertificateFiles(chain: "dir/tls/a.crt", key: "/etc/a.key")], minimum: .tls13,
                        clients: ClientCertificateSettings(
                            authorities: "dir/tls/clients.crt", revocations: "/etc/clients.crl", isRequired: true)),
                    proxyProtocol: .v1OrV2, trustedProxies: [Network("10.0.0.0/8")!, Network("2001:db8::/32")!],
                    refusals: .websocket),
                ListenerSettings(address: ListenAddress(.v6(1), port: 8080)),
                ListenerSettings(address: ListenAddress(.v4(0x0a00_0001), port: 80)),
            ])
        #expect(settings.tls.records == .direct)
        #expect(settings.hosts == ["eu.example": Zone("eu")!])
        let eu = try #require(settings.zones.first)
        #expect(
            eu.endpoints.map(\.description) == ["wss://a.example/v3/ws", "wss://a.example/v3/ws at 10.20.0.15:443"])
        #expect(eu.key == .file("dir/secrets/eu"))
        #expect(eu.verify.authority == .file("dir/ca.pem"))
        #expect(eu.verify.pins == [Array(repeating: 0, count: 32)])
        #expect(eu.verify.networks == [Network("10.20.0.0/16")!])
        #expect(eu.connectTimeout == .seconds(2))
        #expect(eu.keyHeader.name == "Authorization")
        #expect(eu.keyHeader.before + "k" + eu.keyHeader.after == "k")
        let house = try #require(settings.zones.last)
        #expect(house.provider == .generic)
        #expect(house.key == .environment("HOUSE_KEY"))
        #expect(house.keyHeader.before + "k" + house.keyHeader.after == "Token k")
        #expect(house.onClientLoss == #"{"type":"CloseStream"}"#)
        #expect(settings.limits.sessions == 5)
        #expect(settings.limits.connectionsPerAddress == 256 && !settings.limits.bindsOwnMachine)
        #expect(settings.limits.bufferBytes == 65_536)
        #expect(settings.timeouts.drain == .zero)
        #expect(settings.timeouts.idle == .seconds(300))
        #expect(settings.log.level == .debug)
        #expect(settings.log.format == .text)
        #expect(settings.threads == 2)
    }

    @Test func receiptsAdminAndTheKeysOfRotationAreRead() throws {
        let settings = try settings(
            """
            version: 1
            listeners: [{address: "127.0.0.1:0"}]
            zones:
              eu:
                endpoints: ["wss://a.example/v3/ws"]
                key: {file: now}
                previous_key: {file: before}
                audio_bytes_per_second: 32000
            policy: [a.yaml]
            receipts: {file: log/r.jsonl, signing_key: {file: sign.pem}, checkpoint: 10s, when_unwritable: continue}
            admin: {address: "127.0.0.1:9000", token: {env: ADMIN}}
            """)
        #expect(settings.zones.first?.previousKey == .file("dir/before"))
        #expect(settings.zones.first?.audioBytesPerSecond == 32_000)
        #expect(
            settings.receipts
                == ReceiptSettings(
                    file: "dir/log/r.jsonl", signingKey: .file("dir/sign.pem"), checkpoint: .seconds(10),
                    whenUnwritable: .continue))
        #expect(
            settings.admin
                == AdminSettings(address: ListenAddress(.v4(0x7f00_0001), port: 9000), token: .environment("ADMIN")))
    }

    @Test func tokensAreRead() throws {
        let tokens = "\ntokens: {signing_keys: [{file: now}, {env: BEFORE}], maximum_expires_in_seconds: 60}"
        #expect(
            try settings(smallFile + tokens).tokens
                == TokenSettings(signingKeys: [.file("dir/now"), .environment("BEFORE")], maximumLifetime: 60))
        let standard = "\ntokens: {signing_keys: [{file: now}]}"
        #expect(try settings(smallFile + standard).tokens?.maximumLifetime == 600)
        #expect(try settings(smallFile).tokens == nil)
    }

    @Test(arguments: [
        ("{signing_keys: []}", "t.yaml:9:24: error: tokens.signing_keys names no key, so nothing can be signed"),
        ("{}", "t.yaml:9:9: error: tokens: `signing_keys` is required"),
        (
            "{signing_keys: [{env: K}], maximum_expires_in_seconds: 0}",
            "error: tokens.maximum_expires_in_seconds is `0`"
        ),
        ("{signing_keys: [abcdef]}", "error: tokens.signing_keys[0] is written out"),
    ])
    func tokensThatNobodyCanSignAreAFault(tokens: String, expected: String) {
        let told = faults(inTidegateFile: smallFile + "\ntokens: \(tokens)")
        #expect(told.count == 1, "\(told)")
        #expect(told.first?.contains(expected) == true, "\(told)")
    }

    @Test func parametersAreReadAndAnyIsTheDefault() throws {
        #expect(try settings(smallFile).parameters == ParameterRules())
        #expect(try settings(smallFile + "\nparameters: {allow: any, force: {}}").parameters == ParameterRules())
        #expect(try settings(smallFile + "\nparameters: {allow: []}").parameters == ParameterRules(allow: []))
        #expect(
            try settings(smallFile + "\nparameters: {allow: [sample_rate, token], force: {redact_pii: true}}")
                .parameters
                == ParameterRules(allow: ["sample_rate", "token"], force: ["redact_pii": "true"]))
    }

    @Test func withoutTheirSectionsThereAreNoReceiptsAndNoAdminListener() throws {
        let small = try settings(smallFile)
        #expect(small.receipts == nil)
        #expect(small.admin == nil)
        #expect(
            try settings(smallFile + "\nadmin: {}").admin
                == AdminSettings(address: ListenAddress(.v4(0x7f00_0001), port: 9901)))
    }

    @Test(arguments: [
        ("127.0.0.1:0\"}", "0.0.0.0:8443\"}", "error: 0.0.0.0:8443 would serve plain ws:// off loopback"),
        (
            "[{address: \"127.0.0.1:0\"}]", "[{address: \"127.0.0.1:1\"}, {address: \"127.0.0.1:1\"}]",
            "error: another listener has the address"
        ),
        (
            "[{address: \"127.0.0.1:0\"}]", "[{address: \"127.0.0.1:0\", protocols: [h2]}]",
            "error: protocols must hold http/1.1"
        ),
        (
            "0\"}]", "0\", tls: {certificates: [{chain: a, key: b}], client_certificate: required}}]",
            "error: client_certificate is without effect where no certificate is asked for; name those who issue them"
        ),
        (
            "0\"}]", "0\", tls: {certificates: [{chain: a, key: b}], client_crl: c}}]",
            "error: client_crl is without effect where no certificate is asked for; name those who issue them under"
        ),
        (
            "{address: \"127.0.0.1:0\"}", "{address: \"0.0.0.0:80\", plaintext: allow}",
            "t.yaml:3:48: warning: 0.0.0.0:80 serves plain ws:// off loopback, where keys and audio can be heard"
        ),
        (
            "127.0.0.1:0\"}", "127.0.0.1:0\", proxy_protocol: v1-or-v2}",
            "warning: whoever reaches 127.0.0.1:0 can claim any address by the PROXY protocol; name the balancers'"
        ),
        (
            "127.0.0.1:0\"}", "127.0.0.1:0\", trusted_proxies: [\"::/0\"]}",
            "warning: ::/0 believes every address, clients' own ones too"
        ),
        ("zone: eu}", "zone: edge}", "error: a site stands in one place"),
        ("zone: eu}", "zone: ap}", "warning: no zone ap is defined"),
        (", zone: eu}", "}", "warning: the site has no zone"),
        (
            "zone: eu}", "zone: eu, elsewhere: {us: \"wss://us.example/\"}}",
            "error: zone us is not defined under `zones`; defined: eu"
        ),
        ("zone: eu}", "zone: eu, elsewhere: {eu: \"us.example\"}}", "error: an endpoint is a WebSocket URL"),
        ("policy:", "hosts: {a.example: us}\npolicy:", "error: zone us is not defined under `zones`; defined: eu"),
        ("ws://127.0.0.1:9000/v3/ws", "ws://a.example/v3/ws", "error: ws:// would send the provider key"),
        ("ws://127.0.0.1:9000/v3/ws", "ws://8.8.8.8/v3/ws", "error: ws:// would send the provider key"),
        ("ws://127.0.0.1:9000/v3/ws", "ws://169.254.1.1/v3/ws", "error: ws:// would send the provider key"),
        ("ws://127.0.0.1:9000/v3/ws", "ws://10.0.0.1/v3/ws", "warning: ws:// sends the provider key"),
        ("ws://127.0.0.1:9000/v3/ws", "wss://a.example/v3/ws?x=1", "error: an endpoint holds no query"),
        ("ws://127.0.0.1:9000/v3/ws", "wss://k:s@a.example/", "error: an endpoint holds no user or password"),
        ("{env: KEY}", "{env: KEY}\n    key_header: {name: Host}", "error: key_header takes"),
        ("{env: KEY}", "{env: KEY}\n    key_header: {value: key}", "error: key_header takes"),
        ("{env: KEY}", "{env: KEY}\n    verify: {networks: [0.0.0.0/0]}", "warning: 0.0.0.0/0 lists every address"),
        (
            "{env: KEY}", "{env: KEY}\n    verify: {networks: [10.0.0.1/8]}",
            "error: zones.eu.verify.networks[0] is `10.0.0.1/8`"
        ),
        (
            "[\"ws://127.0.0.1:9000/v3/ws\"]", "[\"wss://a.example/v3/ws\", {url: \"wss://a.example/v3/ws\"}]",
            "error: wss://a.example/v3/ws stands twice in zone eu; leave one of them out"
        ),
        ("[policy.yaml]", "[]", "error: policy names no file"),
    ])
    func whatOnlyShowsWhenValuesMeetIsTold(part: String, replacement: String, expected: String) {
        let told = faults(inTidegateFile: smallFile.replacing(part, with: replacement))
        #expect(told.count == 1, "\(told)")
        #expect(told.first?.contains(expected) == true, "\(told)")
    }

    @Test(arguments: [
        ("0.0.0.0:9901\"", true), ("127.0.0.1:9901\"", false), ("0.0.0.0:9901\", token: {env: T}", false),
    ])
    func anAdminListenerOffLoopbackNeedsAToken(admin: String, isFault: Bool) {
        let told = faults(inTidegateFile: smallFile + "\nadmin: {address: \"\(admin)}")
        #expect(
            told.contains { $0.contains("error: the admin listener is off loopback and has no `token`") } == isFault)
    }

    @Test func receiptsThatNobodySignsAreAWarning() {
        func unsigned(_ receipts: String) -> [String] {
            faults(inTidegateFile: smallFile + "\nreceipts: {\(receipts)}").filter { $0.contains("not signed") }
        }
        #expect(unsigned("file: r, signing_key: {file: k}") == [])
        #expect(
            unsigned("file: r") == [
                "t.yaml:9:11: warning: receipts are not signed: whoever can write the file can write another history; "
                    + "give them a `signing_key`"
            ])
    }

    @Test func whatIsSharedIsRead() throws {
        #expect(try settings(smallFile).sharedState == nil)
        #expect(
            try settings(smallFile + "\nshared_state: {redis: {url: \"redis://127.0.0.1\"}}").sharedState
                == SharedStateSettings(host: "127.0.0.1"))
        let redis =
            "{url: \"rediss://tide@r:7000/3\", password: {file: p}, ca: ca.pem, when_unavailable: local, lease: 5s}"
        #expect(
            try settings(smallFile + "\nshared_state: {redis: \(redis)}").sharedState
                == SharedStateSettings(
                    host: "r", port: 7000, database: 3, isSecure: true, authority: .file("dir/ca.pem"), user: "tide",
                    password: .file("dir/p"), whenUnavailable: .local, lease: .seconds(5)))
    }

    @Test(
        arguments: [
            ("url: \"rediss://r\"", nil),
            ("url: \"redis://localhost:1/0\"", nil),
            ("url: \"redis://[::1]\"", nil),
            ("url: \"redis://r\"", "t.yaml:9:29: warning: redis:// goes in the clear to r"),
            ("url: \"http://r\"", "error: shared_state.redis.url is something else; it takes a Redis server's URL"),
            ("url: \"rediss://u:hush@r\", password: {env: P}", "t.yaml:9:29: error: the URL holds a password"),
            ("url: \"rediss://u@r\"", "t.yaml:9:29: error: the URL names a user, and there is no `password` for it"),
            ("url: \"redis://localhost\", ca: ca.pem", "error: ca is without effect where the URL is no rediss:// one"),
            ("url: \"rediss://r\", lease: 500ms", "error: a lease of less than a second is over before"),
            (
                "url: \"rediss://r\", when_unavailable: local",
                "warning: while the server is away each relay counts for itself"
            ),
            ("url: \"rediss://r\", when_unavailable: maybe", "error: shared_state.redis.when_unavailable is `maybe`"),
            ("when_unavailable: local", "error: shared_state.redis: `url` is required"),
            ("url: \"rediss://r\", password: hush", "error: shared_state.redis.password is written out"),
        ] as [(String, String?)])
    func whatIsWrongWithWhatIsSharedIsTold(redis: String, expected: String?) {
        let told = faults(inTidegateFile: smallFile + "\nshared_state: {redis: {\(redis)}}")
        #expect(told.count == (expected == nil ? 0 : 1), "\(told)")
        #expect(told.allSatisfy { $0.contains(expected ?? "") && !$0.contains("hush") }, "\(told)")
    }

    @Test func identityProvidersAreRead() throws {
        let providers = try settings(
            smallFile + """

                identity:
                  - {issuer: "https://a.example/", audience: stt, tenant_claim: org, algorithms: [RS256, EdDSA]}
                  - issuer: b
                    audience: stt
                    jwks: https://b.example/keys?v=1
                    tenant_claim: org
                    algorithms: [ES256]
                    ca: ca.pem
                    leeway: 0s
                  - {issuer: c, audience: stt, jwks: {file: keys.json}, tenant_claim: org, algorithms: [ES256]}
                """
        ).identity
        #expect(
            providers == [
                IdentitySettings(
                    issuer: "https://a.example/", audience: "stt", keys: .discovery, tenantClaim: "org",
                    algorithms: [.rs256, .edDSA]),
                IdentitySettings(
                    issuer: "b", audience: "stt", keys: .url("https://b.example/keys?v=1"), tenantClaim: "org",
                    algorithms: [.es256], authority: .file("dir/ca.pem"), leeway: .zero),
                IdentitySettings(
                    issuer: "c", audience: "stt", keys: .file("dir/keys.json"), tenantClaim: "org",
                    algorithms: [.es256]),
            ])
    }

    @Test(arguments: [
        (
            "jwks: https://a.example/keys", "leeway: 0s",
            "t.yaml:9:21: error: without `jwks` the keys are found below the issuer, and `a` is no https:// URL; give it "
                + "`jwks`"
        ),
        ("[RS256]", "[]", "error: without an algorithm no token is accepted"),
        ("[RS256]", "[HS256]", "error: identity[0].algorithms[0] is `HS256`; it takes `RS256` or `ES256` or `EdDSA`"),
        ("[RS256]", "[none]", "error: identity[0].algorithms[0] is `none`"),
        ("jwks: https://a.example/keys", "jwks: https://", "error: identity[0].jwks takes an https:// URL"),
        (
            "jwks: https://a.example/keys", "jwks: https://u:p@a.example/",
            "error: identity[0].jwks takes an https:// URL"
        ),
        ("jwks: https://a.example/keys", "leeway: 1", "error: identity[0].leeway is `1`"),
        (
            "]}]", "]}, {issuer: a, audience: b, jwks: https://b.example, tenant_claim: c, algorithms: [RS256]}]",
            "error: another identity provider has the issuer `a`; tokens could not tell them apart"
        ),
    ])
    func aFaultyIdentityProviderIsTold(part: String, replacement: String, expected: String) {
        let provider =
            "\nidentity: [{issuer: a, audience: b, jwks: https://a.example/keys, tenant_claim: c, algorithms: [RS256]}]"
        #expect(faults(inTidegateFile: smallFile + provider) == [])
        let told = faults(inTidegateFile: smallFile + provider.replacing(part, with: replacement))
        #expect(told.contains { $0.contains(expected) }, "\(told)")
    }

    @Test func tracesAreRead() throws {
        #expect(try settings(smallFile).traces == nil)
        #expect(
            try settings(smallFile + "\ntraces: {endpoint: \"https://collector:4318/v1/traces\"}").traces
                == TraceSettings(endpoint: "https://collector:4318/v1/traces"))
        #expect(
            try settings(
                smallFile + """

                    traces:
                      endpoint: https://collector.example/v1/traces
                      ca: ca.pem
                      token: {file: token}
                      share: 0.05
                      parents: ignore
                      upstream: own
                    """
            ).traces
                == TraceSettings(
                    endpoint: "https://collector.example/v1/traces", authority: .file("dir/ca.pem"),
                    token: .file("dir/token"), share: 0.05, parents: .ignore, upstream: .own))
    }

    @Test(arguments: [
        ("{}", "error: traces: `endpoint` is required"),
        ("{endpoint: \"collector:4318\"}", "error: `collector:4318` is no http:// or https:// URL, such as https://"),
        ("{endpoint: \"https://u:p@collector.example\"}", "is no http:// or https:// URL"),
        (
            "{endpoint: \"http://collector:4318\"}",
            "error: http:// would send tenants' names, and what they did, in the clear; use https://, or a literal"
        ),
        ("{endpoint: \"http://192.0.1.1\"}", "error: http:// would send tenants' names"),
        ("{endpoint: \"http://127.0.0.1.a.example\"}", "error: http:// would send tenants' names"),
        ("{endpoint: \"http://10.0.0.1\"}", "warning: http:// sends tenants' names, and what they did, in the clear"),
        (
            "{endpoint: \"http://10.0.0.1\", token: {env: T}}",
            "error: http:// would send the collector's token in the clear; use https://"
        ),
        ("{endpoint: \"https://a.example\", token: hush}", "error: traces.token is written out"),
        (
            "{endpoint: \"https://a.example\", share: 2}",
            "error: the share of sessions traced is at most 1, which is all"
        ),
        ("{endpoint: \"https://a.example\", share: 0}", "error: traces.share is `0`"),
        ("{endpoint: \"https://a.example\", parents: maybe}", "error: traces.parents is `maybe`"),
    ])
    func faultyTracesAreTold(section: String, expected: String) {
        let told = faults(inTidegateFile: smallFile + "\ntraces: " + section)
        #expect(told.contains { $0.contains(expected) }, "\(told)")
    }

    @Test(arguments: ["http://127.0.0.1:4318/v1/traces", "http://[::1]", "http://localhost:4318", "https://collector"])
    func aCollectorThatNobodyElseHearsMayHaveAToken(url: String) {
        #expect(faults(inTidegateFile: smallFile + "\ntraces: {endpoint: \"\(url)\", token: {env: T}}") == [])
    }

    @Test(arguments: ["ws://localhost:9000/", "ws://[::1]:9000/", "wss://a.example/"])
    func anEndpointThatNobodyElseHearsNeedsNoWord(url: String) {
        #expect(faults(inTidegateFile: smallFile.replacing("ws://127.0.0.1:9000/v3/ws", with: url)) == [])
    }
}

private let pin = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

private func settings(_ text: String) throws -> Settings {
    var faults = Faults()
    let root = try #require(Document.parse(text, file: "dir/t.yaml", faults: &faults))
    var check = SchemaCheck(.tidegateFile)
    check.check(root)
    faults.append(check.faults)
    let settings = TidegateFile(root, hostName: "h", faults: &faults).settings
    #expect(faults.errors == [])
    return settings
}
