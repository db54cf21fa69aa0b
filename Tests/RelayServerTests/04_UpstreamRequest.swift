import Configuration
import HTTP
import Policy
import StandIn
import Testing

/// What the provider is asked: a request made anew, with nothing of the client's that is not on the list.
@Suite("04 Upstream request", .overEachHTTP) struct UpstreamRequests {
    @Test func theWholeHeadIsTheRelaysOwn() throws {
        let harbour = try RelayHarbour()
        let client = try harbour.secureWire()
        client.request(
            "/eu/v3/ws?sample_rate=16000&token=abc", key: harbour.key(of: "acme"), "Cookie: session=1",
            "User-Agent: Mozilla/5.0", "X-Forwarded-For: 192.0.2.1", "X-Real-IP: 192.0.2.1", "Forwarded: for=192.0.2.1",
            "Via: 1.1 proxy", "Origin: \(HarbourTenant.origin)", "Referer: https://app.acme.example/page",
            "Accept-Language: de", "Sec-WebSocket-Protocol: tidegate.v1, bearer.abc, chat",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits", "HTTP2-Settings: AAMAAABkAAQ",
            "Connection: x-internal", "X-Internal: admin", "TE: trailers", "Proxy-Authorization: Basic abc",
            "AssemblyAI-Version: 2025-05-12", "X-Custom: value", "Keep-Alive: timeout=5", "Pragma: no-cache",
            "Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "Sec-Fetch-Site: cross-site")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 101 "))
        let request = try harbour.session { _ in true }.request
        #expect(
            request.head.replacing(webSocketKey, with: "KEY") == """
                GET /v3/ws?sample_rate=16000 HTTP/1.1\r
                Host: localhost:\(harbour.standIn.ports["eu"] ?? 0)\r
                Upgrade: websocket\r
                Connection: Upgrade\r
                Sec-WebSocket-Key: KEY\r
                Sec-WebSocket-Version: 13\r
                AssemblyAI-Version: 2025-05-12\r
                User-Agent: tidegate\r
                Authorization: {key:eu}\r
                \r

                """)
        #expect(request.authorization == ["{key:eu}"])
    }

    @Test(arguments: [("globex", "us"), ("acme", "eu"), ("umbrella", "edge")])
    func eachZoneIsShownItsOwnKey(tenant: String, zone: String) throws {
        let harbour = try RelayHarbour()
        try harbour.client(tenant).begun()
        let session = try harbour.session(in: zone) { $0.hasBegun }
        #expect(session.keyName == zone)
        #expect(session.request.authorization == ["{key:\(zone)}"])
        #expect(session.serverName == "localhost")
    }

    @Test func eachSessionHasAWebSocketKeyOfItsOwn() throws {
        let harbour = try RelayHarbour()
        let clients = (0..<8).map { _ in harbour.client() }
        for client in clients { try client.begun() }
        let heads = harbour.ledger.snapshot.sessions.map(\.request.head)
        let keys = heads.compactMap { $0.firstMatch(of: webSocketKey).map { String($0.output) } }
        #expect(Set(keys).count == 8)
        // Nor is it the client's.
        #expect(heads.allSatisfy { !$0.contains("dGhlIHNhbXBsZSBub25jZQ==") })
    }

    @Test func theKeyStandsInTheFieldThatTheZoneWants() throws {
        let harbour = try RelayHarbour { plan in
            plan.useEcho()
            plan.adjustZone = { zone, _ in
                zone.provider = .generic
                zone.keyHeader = try #require(KeyHeader(name: "X-Api-Token", template: "Token {key}"))
            }
        }
        try harbour.client().opened()
        let request = try harbour.session { _ in true }.request
        #expect(request.head.hasSuffix("\r\nX-Api-Token: Token {key:eu}\r\n\r\n"))
        #expect(request.authorization == [])
    }

    @Test func theEndpointsPathTakesTheQuery() throws {
        let harbour = try RelayHarbour { plan in
            plan.useEcho()
            plan.adjustZone = { zone, ports in
                zone.provider = .generic
                zone.endpoints = [
                    try Endpoint("wss://localhost:\(ports[zone.zone.name] ?? 0)/other/path", in: zone.zone)
                ]
            }
        }
        try harbour.client("acme", "/v3/ws?a=1").opened()
        #expect(try harbour.session { _ in true }.request.target == "/other/path?a=1")
    }

    @Test(arguments: [
        "Upgrade: h2c", "Upgrade: websocket, h2c", "Upgrade: websocket\r\nUpgrade: h2c", "Upgrade: WebSocket/14",
    ])
    func anUpgradeToAnythingElseReachesNobody(field: String) throws {
        let harbour = try RelayHarbour()
        let client = try harbour.wire()
        let head = WireClient.head(lines: ["Authorization: \(harbour.key(of: "acme"))"])
        client.send(head.replacing("Upgrade: websocket", with: field) + head)
        #expect(String(decoding: client.readToEnd(), as: UTF8.self).ranges(of: "HTTP/1.1 ").count == 1)
        #expect(harbour.acceptedAnywhere == 0)
    }

    @Test(.overHTTP1Alone) func aRequestBehindARefusedUpgradeReachesNobody() throws {
        let harbour = try RelayHarbour()
        let good = WireClient.head(lines: ["Authorization: \(harbour.key(of: "acme"))"])
        for bad in ["Version: 8", "Version: 13\r\nContent-Length: 3", "Version: 13\r\nTransfer-Encoding: chunked"] {
            let client = try harbour.wire()
            client.send(good.replacing("Version: 13", with: bad) + good)
            #expect(String(decoding: client.readToEnd(), as: UTF8.self).ranges(of: "HTTP/1.1 ").count == 1)
        }
        #expect(harbour.acceptedAnywhere == 0)
    }

    @Test func aRequestBehindTheUpgradeIsNoFrameAndReachesNobody() throws {
        let harbour = try RelayHarbour { $0.useEcho() }
        let good = WireClient.head(lines: ["Authorization: \(harbour.key(of: "acme"))"])
        let client = try harbour.wire()
        client.send(good + good)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 101 "))
        #expect(try client.readFrame().code == 1002)
        #expect(client.readToEnd() == [])
        let ledger = harbour.ledger.snapshot
        #expect(ledger.requests.count <= 1 && ledger.sessions.allSatisfy { $0.received.frames == 0 })
    }
}

private var webSocketKey: Regex<Substring> { /[A-Za-z0-9+\/]{22}==/ }
