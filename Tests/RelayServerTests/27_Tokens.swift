import Configuration
import Crypto
import Foundation
import HTTP
import Policy
import Reactor
import Receipts
import RelayCore
import RelayServer
import RelayTestKit
import StandIn
import Testing
import Timing

/// `GET /v3/token`: who mints what for whom, and who may read the answer.
@Suite("27 Tokens", .overEachHTTP, .timeLimit(.minutes(10))) struct Tokens {
    @Test(arguments: ["", "Bearer "]) func aClientKeyMintsATokenInTheProvidersForm(_ scheme: String) throws {
        let harbour = try RelayHarbour.withTokens()
        let answer = try harbour.askForToken(authorization: scheme + harbour.key(of: "acme"))
        #expect(answer.status == 200)
        #expect(answer.head.fields.first("Content-Type") == "application/json")
        #expect(answer.head.fields.first("Cache-Control") == "no-store")
        #expect(answer.json["expires_in_seconds"] == 60)
        #expect(try #require(answer.json["token"]?.string).wholeMatch(of: /tgt_[A-Za-z0-9_-]{100,400}/) != nil)
        #expect(answer.members == ["token", "expires_in_seconds"])
    }

    @Test func aMintIsLoggedAndCountedAndCostsNoDial() throws {
        let harbour = try RelayHarbour.withTokens { try $0.openAdmin() }
        let token = try harbour.mint("initech", "expires_in_seconds=30&zone=eu")
        _ = try harbour.mint("acme")
        let metrics = try harbour.metrics()
        for (zone, count) in ["eu": 1.0, "none": 1, "us": 0] {
            #expect(metrics["tidegate_tokens_minted_total", ["zone": zone]] == count)
        }
        let line = try harbour.log.line("token-minted")
        #expect(line["tenant"] == "initech" && line["zone"] == "eu" && line["kind"] == "key")
        #expect(line["expires_in_seconds"] == 30 && line["level"] == "info")
        #expect(harbour.acceptedAnywhere == 0)
        for secret in [token, harbour.key(of: "initech")] {
            #expect(!harbour.log.text.contains { $0.contains(secret) })
        }
    }

    // MARK: Where

    @Test(arguments: [("/v3/token", 200), ("//v3/token", 200), ("/eu/v3/token", 200), ("/us/v3/token", 403)])
    func tokensAreMintedWhereSessionsAre(_ path: String, _ status: Int) throws {
        let harbour = try RelayHarbour.withTokens()
        #expect(try harbour.askForToken(path, authorization: harbour.key(of: "acme")).status == status)
    }

    @Test(arguments: ["/v3/token/", "/v3/tokens", "/x/y/v3/token", "/%65u/v3/token", "/v3/token%3f"])
    func elsewhereThereIsNothing(_ path: String) throws {
        let harbour = try RelayHarbour.withTokens()
        let answer = try harbour.askForToken(path, authorization: harbour.key(of: "acme"))
        #expect([400, 404].contains(answer.status))
        #expect(answer.json["type"] == "urn:tidegate:refusal:bad-request")
    }

    @Test func withoutSigningKeysThereIsNothing() throws {
        let harbour = try RelayHarbour()
        #expect(try harbour.askForToken(authorization: harbour.key(of: "acme")).status == 404)
        #expect(try harbour.askForToken(method: "OPTIONS").status == 404)
    }

    @Test func aZoneIsBoundByHostPathOrParameter() throws {
        let harbour = try RelayHarbour.withTokens { $0.hosts = ["eu.stt.example.com": .eu] }
        let key = harbour.key(of: "initech")
        let asks = [
            ("/v3/token", "", "eu.stt.example.com"), ("/eu/v3/token", "", "localhost"),
            ("/v3/token", "&zone=eu", "localhost"),
        ]
        for (path, query, host) in asks {
            #expect(
                try harbour.askForToken(path, "expires_in_seconds=60\(query)", host: host, authorization: key).status
                    == 200)
        }
        let minted = try (0..<3).map { _ in try harbour.log.line("token-minted") { $0["zone"] == "eu" } }
        #expect(minted.count == 3)
        let conflict = try harbour.askForToken("/eu/v3/token", "expires_in_seconds=60&zone=us", authorization: key)
        #expect(conflict.status == 400 && conflict.json["error"]?.string?.contains("Two zones") == true)
    }

    // MARK: Who

    @Test(arguments: ["tg_wrong", "tgt_wrong", "Basic abc"]) func aWrongCredentialMintsNothing(_ text: String) throws {
        let harbour = try RelayHarbour.withTokens()
        let answer = try harbour.askForToken(authorization: text)
        #expect(answer.status == 401)
        #expect(answer.head.fields.first("WWW-Authenticate") == #"Bearer realm="tidegate""#)
        #expect(answer.json["error"] == "The credential is not known or not accepted here.")
        #expect(answer.json["detail"] == answer.json["error"])
    }

    @Test func aTokenMintsNoOther() throws {
        let harbour = try RelayHarbour.withTokens()
        let token = try harbour.mint("acme")
        let answer = try harbour.askForToken(authorization: token)
        #expect(answer.status == 401)
        #expect(answer.json["error"] == "The credential is not known or not accepted here.")
    }

    /// URLs end up in logs: no credential mints from there, and none is looked for.
    @Test func aKeyInTheQueryIsNone() throws {
        let harbour = try RelayHarbour.withTokens()
        let answer = try harbour.askForToken("/v3/token", "expires_in_seconds=60&token=\(harbour.key(of: "acme"))")
        #expect(answer.status == 422)
        #expect(
            answer.body == #"{"detail":[{"type":"missing","loc":["header","authorization"],"msg":"Field required"}]}"#)
    }

    // MARK: What

    @Test func wrongValuesAreToldInTheProvidersForm() throws {
        let harbour = try RelayHarbour.withTokens()
        let answer = try harbour.askForToken("/v3/token", "max_session_duration_seconds=5")
        #expect(answer.status == 422)
        #expect(answer.head.fields.first("Content-Type") == "application/json")
        #expect(answer.json["detail"]?.items?.count == 3)
    }

    @Test(arguments: [
        ("acme", "zone=us", 403, "residency"), ("acme", "zone=mars", 400, "bad-request"),
        ("acme", "origin=https://evil.example", 403, "origin"),
        ("globex", "origin=https://app.acme.example&zone=eu", 403, "residency"),
    ]) func whatPolicyWouldRefuseIsNotMinted(_ tenant: String, _ query: String, _ status: Int, _ name: String) throws {
        let harbour = try RelayHarbour.withTokens()
        let answer = try harbour.askForToken(
            "/v3/token", "expires_in_seconds=60&\(query)", authorization: harbour.key(of: tenant))
        #expect(answer.status == status)
        #expect(answer.head.fields.first("Content-Type") == "application/problem+json")
        #expect(answer.json["type"]?.string == "urn:tidegate:refusal:\(name)")
        #expect(answer.json["error"] == answer.json["detail"])
        let line = try harbour.log.line("refused")
        #expect(line["refusal"]?.string == name && line["kind"] == "token-request")
    }

    @Test func aWrongSiteNamesTheRightOne() throws {
        let harbour = try RelayHarbour.withTokens {
            $0.site = Site(name: "over there", zone: .us, elsewhere: [.eu: "wss://eu.relay.example/v3/ws"])
        }
        let answer = try harbour.askForToken(authorization: harbour.key(of: "acme"))
        #expect(answer.status == 421 && answer.json["site"] == "wss://eu.relay.example/v3/ws")
    }

    // MARK: Use

    @Test(arguments: ["?token=", "Authorization", "Bearer", "subprotocol"])
    func aTokenOpensOneSessionWhereverItStands(_ place: String) throws {
        let harbour = try RelayHarbour.withTokens()
        let token = try harbour.mint("acme")
        let first = harbour.client(showing: token, in: place)
        try first.begun()
        let session = try harbour.session { $0.hasBegun }
        #expect(!session.request.head.contains(token))
        let events = try harbour.client(showing: token, in: place).toTheEnd()
        #expect(events.refusal?.status == 401)
        #expect(events.refusal?.sentence == "The credential has been used; it opens one session.")
        #expect(harbour.ledger.snapshot.requests.count == 1)
        #expect(!harbour.log.text.contains { $0.contains(token) })
    }

    @Test func aTokenBindsItsSessionToItsZone() throws {
        let harbour = try RelayHarbour.withTokens()
        let token = try harbour.mint("initech", "expires_in_seconds=60&zone=eu")
        let events = try harbour.stranger("/v3/ws?token=\(token)&zone=us").toTheEnd()
        #expect(events.refusal?.status == 403)
        // The tenant's first zone is another; the token's is what it asks for.
        try harbour.stranger("/v3/ws?token=\(token)").begun()
        #expect(harbour.accepted(in: "us") == 0 && harbour.accepted(in: "eu") == 1)
    }

    @Test func aTokenStandsAsLongAsTheKeyThatMintedIt() throws {
        let harbour = try RelayHarbour.withTokens()
        let client = harbour.stranger("/v3/ws?token=\(try harbour.mint("acme"))")
        try client.begun()
        let unused = try harbour.mint("acme")
        try harbour.reload { $0.change("acme") { $0 = HarbourTenant("acme", [.eu]) } }
        #expect(try client.toTheEnd().closeCode == 4401)
        #expect(try harbour.stranger("/v3/ws?token=\(unused)").toTheEnd().refusal?.status == 401)
    }

    // MARK: Signing keys

    @Test func aNewSigningKeySignsAndTheOldOneVerifiesForAsLongAsItIsThere() throws {
        let (old, new) = (RelayHarbour.newTokenKey(), RelayHarbour.newTokenKey())
        let harbour = try RelayHarbour { $0.tokenKeys = [old] }
        let before = try (0..<2).map { _ in try harbour.mint() }
        try harbour.reload { $0.tokenKeys = [new, old] }
        try harbour.stranger("/v3/ws?token=\(before[0])").begun()
        let during = try harbour.mint()
        try harbour.reload { $0.tokenKeys = [new] }
        try harbour.stranger("/v3/ws?token=\(during)").begun()
        let events = try harbour.stranger("/v3/ws?token=\(before[1])").toTheEnd()
        #expect(events.refusal?.sentence == "The credential is not known or not accepted here.")
    }

    /// Whoever has a key that was taken away could have signed any of them.
    @Test func aKeyThatIsTakenAwayEndsTheSessionsThatItsTokensOpenedAndNoOthers() throws {
        let (old, new) = (RelayHarbour.newTokenKey(), RelayHarbour.newTokenKey())
        let harbour = try RelayHarbour { $0.tokenKeys = [old] }
        let ends = harbour.stranger("/v3/ws?token=\(try harbour.mint())")
        try ends.begun()
        // A new key ends nothing.
        try harbour.reload { $0.tokenKeys = [new, old] }
        let stays = harbour.stranger("/v3/ws?token=\(try harbour.mint())")
        let keyHolder = harbour.client()
        for client in [stays, keyHolder] { try client.begun() }
        try harbour.reload { $0.tokenKeys = [new] }
        #expect(try ends.toTheEnd().closeCode == 4401)
        for client in [stays, keyHolder] {
            client.send(text: #"{"type":"Terminate"}"#)
            #expect(try client.toTheEnd().closeCode == 1000)
        }
    }

    /// Another process has not seen what this one has.
    @Test func aTokenFromBeforeARestartOpensNothing() throws {
        let key = RelayHarbour.newTokenKey()
        let before = try RelayHarbour { $0.tokenKeys = [key] }
        let (used, unused) = (try before.mint("initech"), try before.mint("initech"))
        try before.client(showing: used, in: "?token=").begun()
        let after = try RelayHarbour { plan in
            plan.tokenKeys = [key]
            plan.tenants = before.tenants
        }
        for token in [used, unused] {
            let events = try after.client(showing: token, in: "?token=").toTheEnd()
            #expect(events.refusal?.status == 401)
            #expect(
                events.refusal?.sentence
                    == "The credential is older than this relay's memory of which have been used; ask for another.")
        }
        #expect(after.acceptedAnywhere == 0)
        // The other way round, each of two relays that share a key takes the other's.
        try before.client(showing: after.mint("initech"), in: "?token=").begun()
    }

    // MARK: How often

    /// Official SDKs come back three times, the most persistent of clients 32 times.
    @Test func aTokenIsTriedSoOftenAndThenNoMore() throws {
        let harbour = try RelayHarbour.withTokens()
        harbour.standIn.fail("eu", with: [StandIn.Fault(.status(500, body: nil))])
        let token = try harbour.mint()
        for _ in 1...33 { #expect(try harbour.client(showing: token, in: "?token=").toTheEnd().closeCode == 4503) }
        let dials = harbour.acceptedAnywhere
        harbour.standIn.clearFaults()
        let events = try harbour.client(showing: token, in: "?token=").toTheEnd()
        #expect(events.refusal?.status == 401)
        #expect(
            events.refusal?.sentence == "The credential has been tried too often without a session; ask for another.")
        #expect(harbour.acceptedAnywhere == dials)
        try harbour.client(showing: try harbour.mint(), in: "?token=").begun()
    }

    // MARK: How many

    @Test func aCredentialMintsSoManyAndHearsWhenToComeBack() throws {
        let harbour = try RelayHarbour.withTokens { $0.mints = MintLimits.Rules(credential: 2, tenant: 100) }
        for _ in 1...2 { _ = try harbour.mint() }
        let answer = try harbour.askForToken(authorization: harbour.key(of: "acme"))
        #expect(answer.status == 429)
        #expect(answer.head.fields.first("Retry-After") == "30")
        #expect(answer.json["type"] == "urn:tidegate:refusal:limit")
        #expect(answer.json["error"] == "A limit is reached: 2 tokens a minute for one credential.")
        _ = try harbour.mint("globex")
        // Who may mint no more may still connect.
        try harbour.client().begun()
    }

    // MARK: On record

    @Test func aRefusalLeavesAReceiptThatSaysWhatWasAskedFor() throws {
        let log = try ReceiptLog()
        let harbour = try RelayHarbour.withTokens { $0.receipts = log.settings() }
        let key = harbour.key(of: "acme")
        let asks: [(query: String, lines: [String])] = [
            ("expires_in_seconds=60&zone=us", ["Authorization: \(key)", "Origin: \(HarbourTenant.origin)"]),
            ("expires_in_seconds=60", ["Authorization: wrong"]), ("expires_in_seconds=0", ["Authorization: \(key)"]),
        ]
        let ids = try asks.map { ask in
            try harbour.askForToken("/v3/token", ask.query, lines: ask.lines).json["instance"]?.string?
                .components(separatedBy: ":").last
        }
        _ = try harbour.mint()
        try log.wait { $0.lines(.refusal).count == 3 }
        let lines = log.lines(.refusal)
        #expect(lines.map { $0.string("request") } == ["token", "token", "token"])
        #expect(lines.map { $0.string("refusal") } == ["residency", "unauthenticated", "bad-request"])
        #expect(zip(lines, ids).allSatisfy { $1 == nil || $0.string("session") == $1 } && ids[0] != nil)
        #expect(lines.map { $0.string("tenant") } == ["acme", nil, "acme"])
        #expect(lines[0].string("asked") == "us" && lines[0].string("origin") == HarbourTenant.origin)
        #expect(lines[0].string("ending") == "residency")
        let first = String(decoding: lines[0].bytes, as: UTF8.self)
        #expect(first.contains(#""credential":{"kind":"key","name":"main","id":""#))
        #expect(first.contains(#"{"rule":3,"finding":"refuses""#))
        harbour.relay.stop()
        harbour.relay.wait()
        #expect(log.verdict().isWhole && log.lines(.session).isEmpty)
    }

    @Test func refusalsBeyondTheLimitAreCountedInstead() throws {
        let log = try ReceiptLog()
        let harbour = try RelayHarbour.withTokens { plan in
            plan.receipts = log.settings()
            plan.refusals = RefusalLimits.Rules(
                party: TokenBucket.Rule(size: 3, interval: .seconds(3600)),
                strangers: TokenBucket.Rule(size: 1000, interval: .seconds(3600)))
        }
        for number in 1...10 { _ = try harbour.askForToken(authorization: "wrong \(number)") }
        harbour.relay.stop()
        harbour.relay.wait()
        #expect(log.lines(.refusal).count == 3)
        #expect(log.lines(.lost).reduce(0) { $0 + ($1.integer("count") ?? 0) } == 7)
        #expect(log.verdict().isWhole)
    }

    @Test func withoutTheSectionTokensAreNoCredential() throws {
        let harbour = try RelayHarbour.withTokens()
        let token = try harbour.mint()
        try harbour.reload { $0.tokenKeys = [] }
        let events = try harbour.stranger("/v3/ws?token=\(token)").toTheEnd()
        #expect(events.refusal?.sentence == "The credential is not known or not accepted here.")
    }

    // MARK: How

    @Test(arguments: [("POST", 405), ("HEAD", 405), ("DELETE", 405), ("OPTIONS", 204)])
    func otherMethodsAreToldWhatThereIs(_ method: String, _ status: Int) throws {
        let harbour = try RelayHarbour.withTokens()
        let answer = try harbour.askForToken(method: method, authorization: harbour.key(of: "acme"))
        #expect(answer.status == status)
        #expect(answer.head.fields.first("Allow") == "GET, OPTIONS")
        #expect(answer.body.isEmpty == (method == "HEAD" || method == "OPTIONS"))
    }

    @Test(
        .overHTTP1Alone,
        arguments: [("Content-Length: 0", 200), ("Content-Length: 1", 400), ("Transfer-Encoding: chunked", 400)])
    func aRequestHasNoBody(_ line: String, _ status: Int) throws {
        let harbour = try RelayHarbour.withTokens()
        let lines = ["Authorization: \(harbour.key(of: "acme"))", line]
        #expect(try harbour.askForToken("/v3/token", "expires_in_seconds=60", lines: lines).status == status)
    }

    /// One answer a connection: what is pipelined is not read as another request.
    @Test func theConnectionEndsWithTheAnswer() throws {
        let harbour = try RelayHarbour.withTokens()
        let request = RelayHarbour.tokenRequest(
            "/v3/token?expires_in_seconds=60", lines: ["Authorization: \(harbour.key(of: "acme"))"])
        for wire in [try harbour.wire(), try harbour.secureWire()] {
            wire.send(request + request)
            let answers = String(decoding: wire.readToEnd(), as: UTF8.self)
            #expect(answers.components(separatedBy: "HTTP/1.1 200").count == 2)
            #expect(answers.contains("Connection: close"))
            #expect(wire.end == .finished)
        }
    }

    @Test func aRequestInPiecesIsAnsweredOnce() throws {
        let harbour = try RelayHarbour.withTokens()
        let wire = try harbour.wire()
        let request = RelayHarbour.tokenRequest(
            "/v3/token?expires_in_seconds=60", lines: ["Authorization: \(harbour.key(of: "acme"))"])
        for byte in request.utf8 { wire.send([byte]) }
        #expect(String(decoding: wire.readToEnd(), as: UTF8.self).hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test(.overHTTP1Alone) func onceADrainEndsSessionsNothingIsMinted() throws {
        let harbour = try RelayHarbour.withTokens { $0.timeouts.drain = .milliseconds(400) }
        // A session keeps the relay from ending at once, and an accepted connection may still ask.
        let client = harbour.client()
        try client.begun()
        let wires = try (0..<2).map { _ in
            let wire = try harbour.wire()
            wire.send("GET /v3/token?expires_in_seconds=60 HTTP/1.1\r\n")
            return wire
        }
        let rest = "Host: localhost\r\nAuthorization: \(harbour.key(of: "acme"))\r\n\r\n"
        harbour.relay.drain()
        // There is time, and the token is as good at the relay that takes over.
        wires[0].send(rest)
        #expect(try TokenReply(wires[0].readToEnd()).status == 200)
        #expect(try client.toTheEnd().closeCode == 1012)
        wires[1].send(rest)
        let answer = try TokenReply(wires[1].readToEnd())
        #expect(answer.status == 503 && answer.json["type"] == "urn:tidegate:refusal:draining")
        #expect(harbour.log.text.count { $0.contains("token-minted") } == 1)
    }

    // MARK: Pages

    @Test func aPageOfTheTenantsMayReadEveryAnswer() throws {
        let harbour = try RelayHarbour.withTokens()
        let origin = "Origin: \(HarbourTenant.origin)"
        let key = "Authorization: \(harbour.key(of: "acme"))"
        for (query, lines) in [
            ("expires_in_seconds=60", [key]), ("expires_in_seconds=0", [key]), ("expires_in_seconds=60&zone=us", [key]),
            ("expires_in_seconds=60", ["Authorization: wrong"]), ("expires_in_seconds=60", []),
        ] {
            let answer = try harbour.askForToken("/v3/token", query, lines: lines + [origin])
            #expect(answer.head.fields.first("Access-Control-Allow-Origin") == HarbourTenant.origin)
            #expect(answer.head.fields.first("Vary") == "Origin")
            #expect(answer.head.fields.count("Access-Control-Allow-Credentials") == 0)
        }
        let preflight = try harbour.askForToken(
            method: "OPTIONS", lines: [origin, "Access-Control-Request-Method: GET"])
        #expect(preflight.status == 204)
        #expect(preflight.head.fields.first("Access-Control-Allow-Origin") == HarbourTenant.origin)
        #expect(preflight.head.fields.first("Access-Control-Max-Age") == "600")
    }

    @Test func aStrangersPageMayReadNoneAndMintsNothing() throws {
        let harbour = try RelayHarbour.withTokens()
        for method in ["GET", "OPTIONS"] {
            let answer = try harbour.askForToken(
                method: method, authorization: harbour.key(of: "acme"), lines: ["Origin: https://evil.example"])
            #expect(answer.status == (method == "GET" ? 403 : 204))
            #expect(!answer.head.fields.all.contains { $0.name.hasPrefix("Access-Control") })
        }
    }
}

// MARK: - What the stories need

extension RelayHarbour {
    /// A harbour whose relay mints tokens.
    static func withTokens(_ adjust: (inout Plan) throws -> Void = { _ in }) throws -> RelayHarbour {
        try RelayHarbour { plan in
            plan.tokenKeys = [newTokenKey()]
            try adjust(&plan)
        }
    }

    /// As `openssl rand -hex 32` makes them.
    static func newTokenKey() -> String { Hex.encode(RandomBytes.make(32)) }

    /// A token of a tenant.
    func mint(_ tenant: String = "acme", _ query: String = "expires_in_seconds=60") throws -> String {
        let answer = try askForToken("/v3/token", query, authorization: key(of: tenant))
        return try #require(answer.json["token"]?.string)
    }

    /// A client with nothing but a token.
    func client(showing token: String, in place: String) -> StandInClient {
        switch place {
        case "Authorization": stranger(fields: ["Authorization": token])
        case "Bearer": stranger(fields: ["Authorization": "Bearer \(token)"])
        case "subprotocol": stranger(fields: ["Sec-WebSocket-Protocol": "tidegate.v1, bearer.\(token)"])
        default: stranger("/v3/ws?token=\(token)")
        }
    }

    /// Sends a request for a token on a connection of its own.
    func askForToken(
        _ path: String = "/v3/token", _ query: String = "expires_in_seconds=60", method: String = "GET",
        host: String = "localhost", authorization: String? = nil, lines: [String] = []
    ) throws -> TokenReply {
        let wire = try wire()
        let credential = authorization.map { ["Authorization: \($0)"] } ?? []
        wire.send(Self.tokenRequest("\(path)?\(query)", method: method, host: host, lines: credential + lines))
        return try TokenReply(wire.readToEnd())
    }

    static func tokenRequest(
        _ target: String, method: String = "GET", host: String = "localhost", lines: [String]
    ) -> String {
        (["\(method) \(target) HTTP/1.1", "Host: \(host)"] + lines).map { $0 + "\r\n" }.joined() + "\r\n"
    }
}

/// An answer, whole, with nothing behind it.
struct TokenReply {
    let head: ResponseHead
    let body: String

    init(_ bytes: [UInt8]) throws {
        var consumed = 0
        var parser = ResponseHeadParser()
        head = try #require(try parser.parse(bytes.span.bytes, consumed: &consumed))
        body = String(decoding: bytes[consumed...], as: UTF8.self)
    }

    var status: Int { head.status }
    var json: JSONValue { (try? JSONValue(parsing: body)) ?? [:] }

    /// The names of the members, in their order.
    var members: [String] {
        guard case .object(let members) = json else { return [] }
        return members.map(\.name)
    }
}
