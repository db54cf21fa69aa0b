import Configuration
import Foundation
import HTTP
import Policy
import Reactor
import RelayServer
import StandIn
import Testing
import WebSocket

/// Every refusal in both its forms, byte for byte, and that those before the dial cost none.
@Suite("02 Refusals", .overEachHTTP) struct Refusals {
    @Test(arguments: ClientsFault.all)
    func aRefusalBeforeTheDialIsAProblemDocument(fault: ClientsFault) throws {
        let stage = try Stage(fault)
        let client = try stage.connect(.http)
        client.send(stage.head)
        let told = String(decoding: client.readToEnd(), as: UTF8.self)
        #expect(withoutSession(told) == fault.document)
        #expect(client.end == .finished)
        #expect(stage.harbour.acceptedAnywhere == stage.dialled)
    }

    @Test(arguments: ClientsFault.all)
    func aRefusalBeforeTheDialIsAnErrorMessageAndAClose(fault: ClientsFault) throws {
        let stage = try Stage(fault)
        let client = try stage.connect(.websocket)
        client.send(stage.head)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        let message = try client.readFrame()
        #expect(message.first == 0x81)
        #expect(withoutSession(message.text) == fault.message)
        let close = try client.readFrame()
        #expect(close == .close(fault.closeCode, fault.sentence))
        client.send(.close, close.payload)
        #expect(client.readToEnd() == [])
        #expect(client.end == .finished)
        #expect(stage.harbour.acceptedAnywhere == stage.dialled)
    }

    @Test func aRequestWithAnOriginIsToldOverWebSocketAndOneWithoutOverHTTP() throws {
        let harbour = try RelayHarbour()
        let page = harbour.stranger(fields: ["Origin": HarbourTenant.origin])
        try page.opened()
        #expect(try page.message()["refusal"] == "unauthenticated")
        let program = harbour.stranger()
        guard case .answered(let head, _) = try program.event() else { return #expect(Bool(false)) }
        #expect(head.status == 401)
    }

    @Test func anotherProvidersClientsAreToldByTheCloseAlone() throws {
        let harbour = try RelayHarbour { $0.adjustZone = { zone, _ in zone.provider = .generic } }
        let page = harbour.stranger(fields: ["Origin": HarbourTenant.origin])
        try page.opened()
        let sentence = "A credential is needed: send a client key as Authorization."
        #expect(try page.event() == .close(ClosePayload(code: CloseCode(rawValue: 4401), reason: sentence)))
    }

    @Test func aReasonIsCutOnACharacterBoundary() throws {
        let url = "wss://sprache-zum-text.beispielsweise-für-umlaute-äöüäöüäöüäöüäöüäöüäöü.example/v3/ws"
        let harbour = try RelayHarbour { $0.site = Site(name: "fra", zone: .eu, elsewhere: [.us: url]) }
        let page = harbour.client("globex", fields: ["Origin": HarbourTenant.origin])
        try page.opened()
        let sentence = try #require(try page.message()["error"]?.string)
        guard case .close(let payload) = try page.event() else { return #expect(Bool(false)) }
        #expect(sentence.hasSuffix(url))
        #expect(sentence.hasPrefix(payload.reason))
        // An umlaut stands across the limit, and is left out whole.
        #expect(payload.reason.utf8.count == 122)
    }

    @Test(.overHTTP1Alone, arguments: BadHandshake.all)
    func aBadHandshakeIsRefusedOverHTTPWhateverTheListenerSays(bad: BadHandshake) throws {
        let harbour = try RelayHarbour { $0.listeners[1].refusals = .websocket }
        let client = try harbour.wire()
        client.send(bad.head(key: harbour.key(of: "acme")))
        let told = String(decoding: client.readToEnd(), as: UTF8.self)
        #expect(told.hasPrefix("HTTP/1.1 \(bad.status) "), "\(bad.text)")
        #expect(told.contains(#"{"type":"urn:tidegate:refusal:bad-request","#))
        for line in bad.lines { #expect(told.contains("\r\n\(line)\r\n"), "\(line) is missing in \(told)") }
        #expect(client.end == .finished)
        #expect(harbour.acceptedAnywhere == 0)
    }

    @Test(arguments: [
        ("/", 404), ("/v3/ws/", 404), ("/v3/wss", 404), ("/V3/ws", 404), ("/eu/us/v3/ws", 404), ("/v3/%77s", 400),
        ("/v3;x/ws", 400), ("/eu/../v3/ws", 400), ("/./v3/ws", 400), ("/%65u/v3/ws", 400), ("/v3/ws?zone=EU", 400),
    ])
    func aPathIsASessionsOrItIsNothing(target: String, status: Int) throws {
        let harbour = try RelayHarbour()
        let client = try harbour.wire()
        client.request(target, key: harbour.key(of: "hooli"))
        #expect(String(decoding: client.readToEnd(), as: UTF8.self).hasPrefix("HTTP/1.1 \(status) "))
        #expect(harbour.acceptedAnywhere == 0)
    }

    @Test(.overHTTP1Alone) func aHeadThatIsNotCompleteInTimeIs408() throws {
        let harbour = try RelayHarbour { $0.timeouts.handshake = .milliseconds(200) }
        let client = try harbour.secureWire()
        client.send("GET /v3/ws HTTP/1.1\r\nHost: local")
        let told = String(decoding: client.readToEnd(), as: UTF8.self)
        let body = problem("timeout", "Request Timeout", 408, "The request was not complete in time.")
        #expect(withoutSession(told) == answer("408 Request Timeout", body))
        #expect(client.end == .finished)
    }

    @Test(.overHTTP1Alone) func aConnectionThatSaysNothingIsCut() throws {
        let harbour = try RelayHarbour { $0.timeouts.handshake = .milliseconds(200) }
        let silent = try harbour.secureWire()
        #expect(silent.readToEnd() == [])
        #expect(silent.end != WireClient.End.none)
    }

    @Test(arguments: ProvidersFault.all)
    func aRefusalAfterTheDialIsToldInBand(fault: ProvidersFault) throws {
        let harbour = try RelayHarbour { $0.timeouts.handshake = .milliseconds(fault.handshake) }
        if let act = fault.act { harbour.standIn.fail("eu", with: [act]) } else { try harbour.takeDown("eu") }
        let client = try harbour.wire()
        client.request(key: harbour.key(of: "acme"))
        #expect(try client.readHead().hasPrefix("HTTP/1.1 101 "))
        #expect(withoutSession(try client.readFrame().text) == fault.message)
        let close = try client.readFrame()
        #expect(close == .close(fault.code, fault.sentence))
        client.send(.close, close.payload)
        #expect(client.readToEnd() == [])
        #expect(harbour.accepted(in: "us") + harbour.accepted(in: "edge") == 0)
    }

    @Test(.overHTTP1Alone) func whatFollowsARefusedRequestIsNeverRead() throws {
        let harbour = try RelayHarbour()
        let client = try harbour.wire()
        let good = WireClient.head(lines: ["Authorization: \(harbour.key(of: "acme"))"])
        client.send(WireClient.head("/v3/ws?zone=mars") + good + good)
        let told = String(decoding: client.readToEnd(), as: UTF8.self)
        #expect(told.ranges(of: "HTTP/1.1 ").count == 1)
        #expect(harbour.acceptedAnywhere == 0)
    }
}

// MARK: - What clients do wrong

/// A request with a proper handshake that is refused before anything is dialled.
struct ClientsFault: CustomTestStringConvertible, Sendable {
    var name: String
    var status: String
    var closeCode: UInt16
    var refusal: String
    var sentence: String
    var tenant: String? = "acme"
    var target = "/v3/ws"
    var lines: [String] = []
    /// Header lines and members of the document beside those of every refusal.
    var extraLines: [String] = []
    var extraMembers = ""
    var circumstance = Circumstance.none

    enum Circumstance {
        case none, full, draining, elsewhere
    }

    var testDescription: String { name }

    var message: String {
        #"{"type":"Error","error_code":\#(closeCode),"error":"\#(sentence)","refusal":"\#(refusal)","session":"ID"}"#
    }

    var document: String {
        let title = String(status.dropFirst(4))
        let body = problem(refusal, title, Int(status.prefix(3)) ?? 0, sentence, extraMembers)
        return answer(status, body, extraLines)
    }

    static let all = [
        ClientsFault(
            name: "two zones", status: "400 Bad Request", closeCode: 4400, refusal: "bad-request",
            sentence: "Two zones are asked for: eu and us. Ask for one.", target: "/eu/v3/ws?zone=us"),
        ClientsFault(
            name: "no such zone", status: "400 Bad Request", closeCode: 4400, refusal: "bad-request",
            sentence: "Zone mars is not defined here. Defined: us, eu and edge.", target: "/v3/ws?zone=mars"),
        ClientsFault(
            name: "no such path", status: "404 Not Found", closeCode: 4400, refusal: "bad-request",
            sentence: "There is nothing here. Sessions are at /v3/ws.", target: "/v2/realtime/ws"),
        ClientsFault(
            name: "no credential", status: "401 Unauthorized", closeCode: 4401, refusal: "unauthenticated",
            sentence: "A credential is needed: send a client key as Authorization.", tenant: nil,
            extraLines: [bearer]),
        ClientsFault(
            name: "unknown key", status: "401 Unauthorized", closeCode: 4401, refusal: "unauthenticated",
            sentence: unknown, tenant: nil, lines: ["Authorization: tg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
            extraLines: [bearer]),
        ClientsFault(
            name: "two keys", status: "401 Unauthorized", closeCode: 4401, refusal: "unauthenticated",
            sentence: unknown, lines: ["Authorization: another"], extraLines: [bearer]),
        ClientsFault(
            name: "a good key in the URL", status: "401 Unauthorized", closeCode: 4401, refusal: "unauthenticated",
            sentence: unknown, tenant: nil, target: "/v3/ws?token=KEY", extraLines: [bearer]),
        ClientsFault(
            name: "a good key as subprotocol", status: "401 Unauthorized", closeCode: 4401,
            refusal: "unauthenticated", sentence: unknown, tenant: nil,
            lines: ["Sec-WebSocket-Protocol: tidegate.v1, bearer.KEY"], extraLines: [bearer]),
        ClientsFault(
            name: "another page", status: "403 Forbidden", closeCode: 4403, refusal: "origin",
            sentence: "Pages of this origin may not connect for tenant acme.",
            lines: ["Origin: https://app.acme.example.evil.example"]),
        ClientsFault(
            name: "a sandboxed page", status: "403 Forbidden", closeCode: 4403, refusal: "origin",
            sentence: "Pages of this origin may not connect for tenant acme.", lines: ["Origin: null"]),
        ClientsFault(
            name: "another zone", status: "403 Forbidden", closeCode: 4403, refusal: "residency",
            sentence: "Zone us is not in the residency of tenant acme: eu.", target: "/us/v3/ws"),
        ClientsFault(
            name: "another site", status: "421 Misdirected Request", closeCode: 4421, refusal: "wrong-site",
            sentence: "This site is in eu; the data of tenant globex may not pass it. Use wss://us.example.com",
            tenant: "globex", extraMembers: #","site":"wss://us.example.com""#, circumstance: .elsewhere),
        ClientsFault(
            name: "a way out", status: "400 Bad Request", closeCode: 4400, refusal: "bad-request",
            sentence:
                "The parameter webhook_url can carry data out of eu. Leave it out, unless the rules of tenant acme "
                + "come to name it.", target: "/v3/ws?sample_rate=16000&web%68ook_url=https%3A%2F%2Felsewhere.example"),
        ClientsFault(
            name: "a way out without a credential", status: "401 Unauthorized", closeCode: 4401,
            refusal: "unauthenticated", sentence: unknown, tenant: nil, target: "/v3/ws?webhook_url=x",
            lines: ["Authorization: tg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"], extraLines: [bearer]),
        ClientsFault(
            name: "full", status: "429 Too Many Requests", closeCode: 4429, refusal: "limit",
            sentence: "A limit is reached: 1 sessions at this relay.", extraLines: ["Retry-After: 5"],
            circumstance: .full),
        ClientsFault(
            name: "draining", status: "503 Service Unavailable", closeCode: 1012, refusal: "draining",
            sentence: "This relay is shutting down. Connect again.", circumstance: .draining),
    ]

    private static let bearer = #"WWW-Authenticate: Bearer realm="tidegate""#
    private static let unknown = "The credential is not known or not accepted here."
}

/// A harbour in which a fault happens, and its request.
private final class Stage {
    let harbour: RelayHarbour
    let head: String
    /// Connections that others have made upstream.
    let dialled: Int
    private let fault: ClientsFault
    private let others: [StandInClient]

    init(_ fault: ClientsFault) throws {
        self.fault = fault
        harbour = try RelayHarbour { plan in
            plan.listeners[0].refusals = .http
            let tls = plan.listeners[0].tls
            plan.listeners.append(ListenerSettings(address: plan.listeners[0].address, tls: tls, refusals: .websocket))
            if fault.circumstance == .elsewhere {
                plan.site = Site(name: "fra", zone: .eu, elsewhere: [.us: "wss://us.example.com"])
            }
            if fault.circumstance == .full { plan.limits.sessions = 1 }
            if fault.circumstance == .draining { plan.timeouts.drain = .milliseconds(400) }
        }
        let key = harbour.key(of: fault.tenant ?? "acme")
        let credential = fault.tenant.map { _ in ["Authorization: \(key)"] } ?? []
        head = WireClient.head(fault.target, lines: credential + fault.lines).replacingOccurrences(of: "KEY", with: key)
        let isBusy = fault.circumstance == .full || fault.circumstance == .draining
        others = isBusy ? [harbour.client("umbrella")] : []
        for other in others { try other.begun() }
        dialled = harbour.acceptedAnywhere
    }

    /// A connection on which refusals are told in this form.
    func connect(_ form: ListenerSettings.RefusalMode) throws -> WireClient {
        let port = harbour.relay.addresses[form == .http ? 0 : 2].port
        let client = try WireClient(port: port, .init())
        if fault.circumstance == .draining {
            harbour.relay.drain()
            // Until sessions are told to end, whoever has connected is served.
            for other in others { _ = try other.toTheEnd() }
        }
        return client
    }
}

/// A request that is no opening handshake, or no HTTP.
struct BadHandshake: CustomTestStringConvertible, Sendable {
    var status: Int
    var text: String
    /// Lines of the answer.
    var lines: [String] = []

    var testDescription: String { String(text.prefix(60)) }

    /// The good request, changed.
    init(_ status: Int, replacing part: String = "\r\n\r\n", by other: String, lines: [String] = []) {
        self.status = status
        self.lines = lines
        let good = WireClient.head(lines: ["Authorization: KEY", "Origin: \(HarbourTenant.origin)"])
        text = good.replacingOccurrences(of: part, with: other)
    }

    func head(key: String) -> String { text.replacingOccurrences(of: "KEY", with: key) }

    private static let upgrade = ["Upgrade: websocket", "Connection: Upgrade, close", "Sec-WebSocket-Version: 13"]

    static let all = [
        BadHandshake(405, replacing: "GET ", by: "POST ", lines: ["Allow: GET"]),
        BadHandshake(405, replacing: "GET ", by: "HEAD ", lines: ["Allow: GET"]),
        BadHandshake(400, replacing: "GET ", by: "G@T "),
        BadHandshake(426, replacing: "Upgrade: websocket\r\n", by: "", lines: upgrade),
        BadHandshake(426, replacing: "Version: 13", by: "Version: 8", lines: upgrade),
        BadHandshake(426, replacing: "Sec-WebSocket-Version: 13\r\n", by: "", lines: upgrade),
        BadHandshake(426, by: "\r\nSec-WebSocket-Version: 13\r\n\r\n", lines: upgrade),
        BadHandshake(400, replacing: "Upgrade: websocket", by: "Upgrade: h2c"),
        BadHandshake(400, replacing: "Upgrade: websocket", by: "Upgrade: websocket, h2c"),
        BadHandshake(400, replacing: "Connection: Upgrade", by: "Connection: x-internal"),
        BadHandshake(400, replacing: "ub25jZQ==", by: "ub25jZQ="),
        BadHandshake(400, replacing: "dGhlIHNhbXBsZSBub25jZQ==", by: "dGhlIHNhbXBsZSBub25j"),
        BadHandshake(400, by: "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
        BadHandshake(400, by: "\r\nUpgrade: websocket\r\n\r\n"),
        BadHandshake(400, by: "\r\nHost: localhost\r\n\r\n"),
        BadHandshake(400, replacing: "Host: localhost\r\n", by: ""),
        BadHandshake(400, replacing: "Host: localhost", by: "Host: local host"),
        BadHandshake(400, replacing: "Host: ", by: "Host : "),
        BadHandshake(400, replacing: " HTTP/1.1", by: " HTTP/1.0"),
        BadHandshake(400, replacing: " HTTP/1.1", by: " HTTP/2.0"),
        BadHandshake(400, replacing: " HTTP/1.1", by: ""),
        BadHandshake(400, replacing: " /v3/ws ", by: " wss://localhost/v3/ws "),
        BadHandshake(400, replacing: " /v3/ws ", by: " /v3/ws#fragment "),
        BadHandshake(400, replacing: " /v3/ws ", by: " /v3/ws?x=%zz "),
        BadHandshake(400, by: "\r\nContent-Length: 0\r\n\r\n"),
        BadHandshake(400, by: "\r\nTransfer-Encoding: chunked\r\n\r\n"),
        BadHandshake(400, by: "\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
        BadHandshake(400, by: "\r\nX-Folded: a\r\n b\r\n\r\n"),
        BadHandshake(400, replacing: "Connection: Upgrade\r\n", by: "Connection: Upgrade\n"),
        BadHandshake(400, by: "\r\nX-Bare: a\rb\r\n\r\n"),
        BadHandshake(400, by: "\r\nX-Nul: a\0b\r\n\r\n"),
        BadHandshake(431, by: "\r\nCookie: \(String(repeating: "c", count: 17_000))\r\n\r\n"),
        BadHandshake(431, replacing: "/v3/ws", by: "/v3/ws?keyterms=\(String(repeating: "k", count: 17_000))"),
        BadHandshake(431, by: String(repeating: "\r\nX-Many: 1", count: 120) + "\r\n\r\n"),
    ]
}

// MARK: - What providers do wrong

/// A dial that comes to nothing.
struct ProvidersFault: CustomTestStringConvertible, Sendable {
    var name: String
    /// Nil: nobody listens.
    var act: StandIn.Fault?
    var code: UInt16
    var sentence: String
    /// In milliseconds.
    var handshake = 10_000

    var testDescription: String { name }

    var message: String {
        #"{"type":"Error","error_code":\#(code),"error":"\#(sentence)","refusal":"\#(name)","session":"ID"}"#
    }

    static let all = [
        ProvidersFault(
            name: "upstream-refused", act: StandIn.Fault(.status(401, body: nil)), code: 4502,
            sentence: "The speech provider refused the relay's request. The relay's operator must look at its key."),
        ProvidersFault(
            name: "upstream-unavailable", act: nil, code: 4503,
            sentence: "No endpoint of the speech provider can be reached in a zone that policy allows."),
        ProvidersFault(
            name: "timeout", act: StandIn.Fault(.noAnswer), code: 4504,
            sentence: "The speech provider took too long to answer.", handshake: 300),
    ]
}

// MARK: - What is told

/// The answer of a refusal, with `ID` for the session's.
private func answer(_ status: String, _ body: String, _ lines: [String] = []) -> String {
    let head = [
        "HTTP/1.1 \(status)", "Content-Type: application/problem+json",
        "Content-Length: \(body.utf8.count + 32 - "ID".utf8.count)", "Cache-Control: no-store",
    ]
    return (head + lines + ["Connection: close", "", body]).joined(separator: "\r\n")
}

private func problem(
    _ name: String, _ title: String, _ status: Int, _ sentence: String, _ members: String = ""
) -> String {
    #"{"type":"urn:tidegate:refusal:\#(name)","title":"\#(title)","status":\#(status),"detail":"\#(sentence)","#
        + #""instance":"urn:tidegate:session:ID"\#(members)}"#
}

/// The text with `ID` in place of the one session id in it.
private func withoutSession(_ text: String) -> String {
    text.replacing(/[0-9a-f]{32}/, with: "ID", maxReplacements: 1)
}

extension WireClient.Frame {
    /// A close frame as a server sends it.
    static func close(_ code: UInt16, _ reason: String) -> WireClient.Frame {
        WireClient.Frame(
            first: 0x88, isMasked: false, payload: [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8))
    }
}
