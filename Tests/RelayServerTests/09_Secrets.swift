import Configuration
import HTTP
import Identity
import StandIn
import Testing
import WebSocket

/// No key, token or query in any line of the log, at its most talkative, nor in anything a client is told.
@Suite("09 Secrets", .overEachHTTP) struct Secrets {
    @Test func aMixedRunTellsNobody() throws {
        let harbour = try RelayHarbour { plan in
            plan.timeouts.handshake = .milliseconds(500)
            plan.timeouts.terminate = .milliseconds(100)
            plan.limits.messageBytes = 64 << 10
        }
        var run = MixedRun(harbour)
        try run.goodSessions()
        try run.refusedRequests()
        try run.badHandshakes()
        try run.providersFaults()
        try run.clientsFaults()

        let log = harbour.log.text.joined(separator: "\n")
        // The bridge to HTTP/2 does not pass on what is no HTTP at all.
        let failed = Carrier.current == .http2 ? [] : ["connection-failed"]
        for event in ["listening", "session-ended", "refused", "dial-failed"] + failed {
            #expect(log.contains(#""event":"\#(event)""#))
        }
        for secret in run.secrets + [MixedRun.query] { #expect(!log.contains(secret), "the log has \(secret)") }
        for secret in run.secrets { #expect(!run.told.contains(secret), "a client was told \(secret)") }
    }
}

/// Sessions and requests of every kind, with all that clients were told.
private struct MixedRun {
    let harbour: RelayHarbour
    var told = ""

    static let token = "TOKEN-0123456789-TOKEN"
    static let query = "QUERY-0123456789-QUERY"
    private static let target = "/v3/ws?keyterms_prompt=%5B%22\(query)%22%5D&token=\(token)"

    init(_ harbour: RelayHarbour) {
        self.harbour = harbour
    }

    var secrets: [String] {
        harbour.tenants.map(\.key.text) + Array(harbour.providerKeys.values) + [Self.token]
    }

    mutating func goodSessions() throws {
        for tenant in harbour.tenants {
            let client = try open(harbour.key(of: tenant.name))
            client.send(.binary, [UInt8](repeating: 0, count: 3200))
            client.send(.text, Array(#"{"type":"Terminate"}"#.utf8))
            try hear(client)
        }
    }

    mutating func refusedRequests() throws {
        let key = harbour.key(of: "acme")
        let lines: [[String]] = [
            [], ["Authorization: \(Self.token)"], ["Authorization: \(key)", "Authorization: \(Self.token)"],
            ["Sec-WebSocket-Protocol: tidegate.v1, bearer.\(Self.token)"],
            ["Authorization: \(key)", "Origin: https://\(Self.token.lowercased()).example"],
            ["Authorization: \(key)", "Origin: \(Self.token)"],
        ]
        let targets = [Self.target, "/us" + Self.target, Self.target + "&zone=\(Self.token)", "/v4/ws?token=\(key)"]
        for lines in lines {
            for target in targets + ["/v3/ws?token=\(key)"] { try send(WireClient.head(target, lines: lines)) }
        }
    }

    mutating func badHandshakes() throws {
        let good = WireClient.head(
            Self.target,
            lines: ["Authorization: \(harbour.key(of: "acme"))", "X-Provider: \(harbour.key(of: "globex"))"])
        for (part, other) in [
            ("GET", "POST"), ("HTTP/1.1", "HTTP/1.0"), ("Upgrade: websocket", "Upgrade: \(Self.token)"),
            ("Authorization: ", "Authorization : "), ("Authorization: ", "Authorization: \0"), ("\r\n\r\n", "\n\n"),
            ("Host: localhost", "Host: \(Self.token)/x"), ("?", "#"), ("Sec-WebSocket-Version: 13\r\n", ""),
            ("Authorization: ", "Authorization\(String(repeating: "x", count: 17_000)): "), ("/v3/ws", "\(Self.token)"),
        ] { try send(good.replacing(part, with: other)) }
        // Neither TLS nor a whole request.
        let plain = try WireClient(port: harbour.port)
        plain.send(good)
        told += String(decoding: plain.readToEnd(), as: UTF8.self)
        let half = try harbour.secureWire()
        half.send(String(good.dropLast(2)))
        told += String(decoding: half.readToEnd(), as: UTF8.self)
    }

    mutating func providersFaults() throws {
        let key = try #require(harbour.providerKeys["eu"])
        let faults = try StandIn.Fault.list(
            "http:401:\(key),http:503:\(key),http:200:\(key),redirect:/\(key),wrong-accept,huge-head,no-answer,rst@accept,"
                + "eof@request,garbage@accept,garbage@request,echo-key:header,echo-key:message,echo-key:reason,"
                + "echo-key:message@begin,echo-key:reason@begin,close:1008:\(key),close:4000:\(key)@begin,error:1008,"
                + "error:3006,text:\(key),garbage,eof,rst-mid-message,silence")
        for fault in faults {
            harbour.standIn.fail("eu", with: [fault], times: 1)
            let client = try open(harbour.key(of: "acme"))
            client.send(.text, Array(#"{"type":"Terminate"}"#.utf8))
            try hear(client)
        }
    }

    mutating func clientsFaults() throws {
        let key = Array(harbour.key(of: "acme").utf8)
        let payload = Array(Self.token.utf8)
        for bytes in [
            [0x82, 0x01, 0x00], FrameSerializer.frame(opcode: .close, payload: [0x03, 0xED] + payload, mask: 0),
            FrameSerializer.frame(opcode: .text, payload: payload + [UInt8](repeating: 0x61, count: 70_000), mask: 0),
            FrameSerializer.frame(opcode: .text, payload: key, mask: 0), key,
        ] as [[UInt8]] {
            let client = try open(harbour.key(of: "acme"))
            client.send(bytes)
            try hear(client)
        }
    }

    /// Opens a session over TLS.
    private mutating func open(_ key: String) throws -> WireClient {
        let client = try harbour.secureWire()
        client.request(Self.target, key: key, "Cookie: \(Self.token)")
        told += try client.readHead()
        return client
    }

    private mutating func send(_ head: String) throws {
        let client = try harbour.wire()
        client.send(head)
        client.finish()
        told += String(decoding: client.readToEnd(), as: UTF8.self)
    }

    /// Listens up to the close frame, and answers that.
    private mutating func hear(_ client: WireClient) throws {
        while let frame = client.nextFrame() {
            told += frame.text
            guard frame.opcode == .close else { continue }
            client.send(.close, frame.payload)
            break
        }
        told += String(decoding: client.readToEnd(), as: UTF8.self)
    }
}
