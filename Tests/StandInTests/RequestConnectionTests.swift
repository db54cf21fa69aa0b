import HTTP
import StandIn
import Testing

@Suite struct RequestConnectionTests {
    @Test func tokensAreMintedAndOpenSessions() throws {
        let bed = try TestBed(isSecure: true)
        let (status, body) = try bed.get(
            "/v3/token?expires_in_seconds=60&max_session_duration_seconds=300", fields: ["Authorization": "KEY"])
        #expect(status == 200)
        let token = try #require(body["token"]?.string)
        for client in [
            bed.client("token=\(token)&sample_rate=16000", fields: [:]),
            bed.client(fields: ["Authorization": token]),
        ] {
            try client.begin()
        }
        let isSeen: Bool? = bed.server.ledger.wait(upTo: .seconds(5)) { ledger in
            ledger.sessions.count == 2 && ledger.sessions.allSatisfy { $0.isToken && $0.keyName == "main" } ? true : nil
        }
        #expect(isSeen == true)
        #expect(bed.server.ledger.snapshot.requests.map(\.status) == [200, 101, 101])
    }

    @Test(arguments: [
        ("/v3/token?expires_in_seconds=0", 422), ("/v3/nothing", 404), ("/v3/ws", 426),
    ])
    func whatIsNoSessionIsAnsweredOverHTTP(_ target: String, _ status: Int) throws {
        let bed = try TestBed()
        #expect(try bed.get(target, fields: ["Authorization": "KEY"]).status == status)
    }

    @Test func aConnectionServesRequestsOneAfterAnother() throws {
        let bed = try TestBed()
        var request = ClientRequest(port: bed.port, target: "/a")
        request.isUpgrade = false
        let client = StandInClient(request, on: bed.clients)
        client.send(raw: Array("GET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        let found: Bool? = bed.server.ledger.wait(upTo: .seconds(5)) { $0.requests.count == 3 ? true : nil }
        #expect(found == true)
    }

    @Test func headsAreKeptAsTheyCameButForTheKey() throws {
        let bed = try TestBed()
        let client = bed.client("a=%20b&A=+", fields: ["authorization": "KEY", "X-Odd": "caf\u{E9}"])
        try client.begin()
        let request = try bed.session { $0.hasBegun }.request
        let head = request.head
        #expect(head.hasPrefix("GET /v3/ws?a=%20b&A=+ HTTP/1.1\r\nHost: localhost\r\n"))
        #expect(head.contains("\r\nauthorization: {key:main}\r\nX-Odd: caf\u{E9}\r\n\r\n"))
        #expect(request.target == "/v3/ws?a=%20b&A=+" && request.authorization == ["{key:main}"])
    }

    @Test func badHeadsAreAnswered() throws {
        let bed = try TestBed()
        var request = ClientRequest(port: bed.port, target: "/a", fields: ["Content-Length": "x"])
        request.isUpgrade = false
        let client = StandInClient(request, on: bed.clients)
        guard case .answered(let head, _) = client.next() else { throw TestBed.Unanswered() }
        #expect(head.status == 400)
    }

    @Test(arguments: [401, 403, 429, 500, 503])
    func statusesCanBeAskedFor(_ status: Int) throws {
        let bed = try TestBed()
        bed.server.fail("eu", with: [Fault(.status(status, body: "{\"error\":\"x\"}"))], times: 1)
        let client = bed.client()
        guard case .answered(let head, let body) = client.next() else { throw TestBed.Unanswered() }
        #expect(head.status == status && body == Array("{\"error\":\"x\"}".utf8))
        #expect(head.fields.first("Retry-After") == (status == 429 ? "1" : nil))
        try bed.client().begin()
        #expect(bed.server.ledger.snapshot.requests.map(\.status) == [status, 101])
    }

    @Test func aRedirectCanBeAskedFor() throws {
        let bed = try TestBed()
        bed.server.fail("eu", with: [try Fault("redirect:https://elsewhere.example/v3/ws")])
        guard case .answered(let head, _) = bed.client().next() else { throw TestBed.Unanswered() }
        #expect(head.status == 302 && head.fields.first("Location") == "https://elsewhere.example/v3/ws")
    }

    @Test(
        arguments: [
            ("wrong-accept", "badAccept"), ("missing-accept", "badAccept"), ("extension", "unaskedExtension"),
            ("subprotocol", "unaskedSubprotocol"), ("huge-head:100000", nil),
        ] as [(String, String?)])
    func the101CanBeSpoiled(_ fault: String, _ why: String?) throws {
        let bed = try TestBed()
        guard case .badHandshake(let text) = bed.client("standin_fault=\(fault)").next() else {
            throw TestBed.Unanswered()
        }
        if let why { #expect(text == why) }
    }

    @Test func aCredentialCanBeEchoedInAHeader() throws {
        let bed = try TestBed()
        guard case .opened(let head) = bed.client("standin_fault=echo-key:header").next() else {
            throw TestBed.Unanswered()
        }
        #expect(head.fields.first("X-Credential") == "KEY")
    }

    @Test(arguments: ["no-answer", "half-head"])
    func anAnswerCanStayAway(_ fault: String) throws {
        let bed = try TestBed()
        let client = bed.client("standin_fault=\(fault)")
        let found: Bool? = bed.server.ledger.wait(upTo: .seconds(5)) { $0.requests.count == 1 ? true : nil }
        #expect(found == true)
        #expect(client.next(within: .milliseconds(20)) == nil)
    }

    @Test func aSlowAnswerKeepsWhatCameMeanwhile() throws {
        let bed = try TestBed()
        let client = bed.client("standin_fault=slow-101:30")
        // An empty text message: its type is unknown, which is fatal and so seen.
        client.send(raw: [0x81, 0x82, 0, 0, 0, 0, 0x7B, 0x7D])
        guard case .opened = client.next() else { throw TestBed.Unanswered() }
        #expect(try client.message()["type"] == "Begin")
        #expect(try client.message()["error"] == "User Input Validation Error: Invalid Message Type: None")
    }

    @Test(arguments: [("rst@request", "lost"), ("eof@request", "closed")])
    func aConnectionCanEndBeforeTheAnswer(_ fault: String, _ end: String) throws {
        let bed = try TestBed()
        #expect(bed.client("standin_fault=\(fault)").next() == .ended(end))
    }
}
