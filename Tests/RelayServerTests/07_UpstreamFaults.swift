import COpenSSL
import Configuration
import Crypto
import Glibc
import HTTP
import Policy
import StandIn
import TLS
import Testing
import WebSocket

/// What providers and their networks do wrong: what the client is told, what is tried next, and that nothing hangs.
@Suite("07 Upstream faults", .overEachHTTP) struct UpstreamFaults {
    // MARK: Before the upstream is open

    @Test(arguments: DialFault.all)
    func theOnlyEndpointFails(fault: DialFault) throws {
        let harbour = try RelayHarbour { fault.adjust(&$0) }
        harbour.standIn.fail("eu", with: [fault.fault])
        try harbour.expectRefusal(fault.refusal, code: fault.code, of: harbour.client())
        #expect(harbour.accepted(in: "us") + harbour.accepted(in: "edge") == 0)
        #expect(try harbour.log.line("dial-failed")["kind"]?.string == fault.kind)
    }

    @Test(arguments: DialFault.all)
    func theNextEndpointOfTheZoneIsTriedUnlessItWouldSayTheSame(fault: DialFault) throws {
        let harbour = try RelayHarbour { plan in
            try plan.addStandIn("eu-2", in: .eu)
            plan.endpoints[.eu] = ["eu", "eu-2"]
            fault.adjust(&plan)
        }
        harbour.standIn.fail("eu", with: [fault.fault])
        let client = harbour.client()
        if fault.triesNext {
            try client.begun()
            #expect(try harbour.session(in: "eu-2") { $0.hasBegun }.keyName == "eu")
        } else {
            try harbour.expectRefusal(fault.refusal, code: fault.code, of: client)
            #expect(harbour.accepted(in: "eu-2") == 0)
        }
        #expect(harbour.accepted(in: "eu") == 1)
        #expect(harbour.accepted(in: "us") + harbour.accepted(in: "edge") == 0)
    }

    @Test func theTenantsNextZoneIsTriedWhenNoneWasAskedFor() throws {
        let harbour = try RelayHarbour()
        harbour.standIn.fail("us", with: [StandIn.Fault(.status(503, body: nil))])
        try harbour.client("initech").begun()
        #expect(try harbour.session(in: "eu") { $0.hasBegun }.keyName == "eu")
        // Asked for, it is that zone or none.
        try harbour.expectRefusal("upstream-unavailable", code: 4503, of: harbour.client("initech", "/us/v3/ws"))
        #expect(harbour.accepted(in: "us") == 2 && harbour.accepted(in: "eu") == 1)
        #expect(harbour.accepted(in: "edge") == 0)
    }

    @Test func aRedirectIsNeverFollowed() throws {
        let harbour = try RelayHarbour()
        let elsewhere = "wss://localhost:\(harbour.standIn.ports["us"] ?? 0)/v3/ws"
        for url in [elsewhere, elsewhere.replacing("wss:", with: "https:"), "/v3/ws"] {
            harbour.standIn.fail("eu", with: [StandIn.Fault(.redirect(url))], times: 1)
            try harbour.expectRefusal("upstream-unavailable", code: 4503, of: harbour.client())
        }
        #expect(harbour.accepted(in: "eu") == 3 && harbour.accepted(in: "us") == 0)
    }

    @Test func aSlowAnswerIsAwaited() throws {
        let harbour = try RelayHarbour()
        harbour.standIn.fail("eu", with: [StandIn.Fault(.slowAnswer(milliseconds: 200))])
        try harbour.client().begun()
    }

    // MARK: Once it is open

    @Test(arguments: [StandIn.Fault(.silence), StandIn.Fault(.slowBegin(milliseconds: 60_000))])
    func aProviderThatSaysNothingIsLeft(fault: StandIn.Fault) throws {
        let harbour = try RelayHarbour {
            $0.timeouts.handshake = .milliseconds(300)
            $0.timeouts.terminate = .milliseconds(100)
        }
        harbour.standIn.fail("eu", with: [fault])
        try harbour.expectRefusal("timeout", code: 4504, of: harbour.client())
        #expect(try harbour.session().received.textMessages == 1)
    }

    @Test(arguments: [
        StandIn.Fault(.close(1008, reason: "Unauthorized: key-eu")), StandIn.Fault(.error(1008)),
        StandIn.Fault(.echoKey(.reason)),
    ])
    func aProviderThatRefusesTheKeyInBandIsNotQuoted(fault: StandIn.Fault) throws {
        let harbour = try RelayHarbour()
        harbour.standIn.fail("eu", with: [fault])
        try harbour.expectRefusal("upstream-refused", code: 4502, of: harbour.client())
    }

    @Test(arguments: [1011, 3005, 3006, 3009] as [UInt16])
    func theProvidersOtherErrorsPass(code: UInt16) throws {
        let harbour = try RelayHarbour()
        harbour.standIn.fail("eu", with: [StandIn.Fault(.error(code))])
        let client = harbour.client()
        try client.opened()
        let message = try client.message()
        #expect(message["error_code"] == JSONValue(code) && message["refusal"] == nil)
        let reason = "See Error message for details"
        #expect(
            try client.toTheEnd() == [
                .close(ClosePayload(code: CloseCode(rawValue: code), reason: reason)), .ended("closed"),
            ])
        #expect(try harbour.session().received.textMessages == 0)
    }

    @Test(arguments: Breach.all)
    func aProviderThatBreaksTheProtocolIsLeft(breach: Breach) throws {
        let harbour = try RelayHarbour { $0.limits.messageBytes = 64 << 10 }
        harbour.standIn.fail("eu", with: [StandIn.Fault(.raw(breach.bytes), at: .begin)])
        let client = try harbour.wire()
        client.request(key: harbour.key(of: "acme"))
        _ = try client.readHead()
        #expect(try client.readFrame().text.contains("Begin"))
        let message = try client.readFrame()
        #expect(!message.isMasked && message.text.contains(#""refusal":"upstream-violation""#))
        let close = try client.readFrame()
        #expect(close == .close(1014, "The speech provider broke the WebSocket protocol."))
        client.send(.close, close.payload)
        #expect(client.readToEnd() == [])
        let session = try harbour.session()
        #expect(session.closeReceived == breach.code && session.received.textMessages == 1)
    }

    @Test func whatAProviderMayDoPasses() throws {
        let harbour = try RelayHarbour()
        harbour.standIn.fail(
            "eu",
            with: [
                StandIn.Fault(.fragments(bytes: 7)), StandIn.Fault(.pings(count: 5)), StandIn.Fault(.binary(bytes: 9)),
                StandIn.Fault(.bigMessage(bytes: 5000)),
            ])
        let client = harbour.client()
        try client.begun()
        #expect(try client.event() == .binary([UInt8](repeating: 0xA5, count: 9)))
        #expect(try client.message()["type"] == "Warning")
        // Its pings are the relay's to answer: all of them, or the last.
        let session = try harbour.session { $0.received.pongs > 0 }
        let received = client.inbox.wait(upTo: RelayHarbour.patience) { inbox in
            inbox.received.frames >= session.sent.frames ? inbox.received : nil
        }
        #expect(received?.digest == session.sent.digest && received?.pings == 0)
    }

    @Test(arguments: [StandIn.Fault.Place.header, .message, .reason])
    func theKeyNeverReachesTheClient(place: StandIn.Fault.Place) throws {
        let harbour = try RelayHarbour()
        for moment in [StandIn.Fault.Moment.request, .open, .begin, .audio(1)] {
            harbour.standIn.fail("eu", with: [StandIn.Fault(.echoKey(place), at: moment)], times: 1)
            let client = try harbour.wire()
            client.request(key: harbour.key(of: "acme"))
            client.send(.binary, [UInt8](repeating: 0, count: 3200))
            client.send(.text, Array(#"{"type":"Terminate"}"#.utf8))
            var told = try client.readHead()
            while true {
                let frame = try client.readFrame()
                told += frame.text
                guard frame.opcode == .close else { continue }
                client.send(.close, frame.payload)
                break
            }
            told += String(decoding: client.readToEnd(), as: UTF8.self)
            #expect(!told.contains(try #require(harbour.providerKeys["eu"])), "\(moment)")
        }
    }

    // MARK: Who it is

    @Test(arguments: Impostor.allCases)
    func aServerThatCannotProveItsNameIsNotUsed(impostor: Impostor) throws {
        let harbour = try RelayHarbour { plan in
            let authority = plan.authority
            try plan.adjustStandIns("eu") { $0.tls = try impostor.context(authority) ?? $0.tls }
        }
        if impostor == .oldTLS { harbour.standIn.fail("eu", with: [StandIn.Fault(.raw(serverHello11), at: .accept)]) }
        try harbour.expectRefusal("upstream-unavailable", code: 4503, of: harbour.client())
        #expect(try harbour.log.line("dial-failed")["kind"] == "not-verified")
        #expect(harbour.accepted(in: "eu") == 1)
        #expect(harbour.ledger.snapshot.requests.isEmpty)
    }

    @Test func aPinIsComparedAlsoWhenTLSIsResumed() throws {
        let harbour = try RelayHarbour { plan in
            plan.adjustZone = { zone, ports in
                let server = try WireClient(port: ports[zone.zone.name] ?? 0, .init())
                zone.verify.pins = [Digest.sha256(Array("another key".utf8)), server.peerSPKISHA256]
                if zone.zone == .us { zone.verify.pins.removeLast() }
            }
        }
        for number in 1...3 {
            try harbour.client().begun()
            let session = try harbour.wait { $0.sessions.count == number ? $0.sessions.last : nil }
            #expect(session.isResumed == (number > 1))
        }
        try harbour.expectRefusal("upstream-unavailable", code: 4503, of: harbour.client("globex"))
        #expect(try harbour.log.line("dial-failed")["kind"] == "not-verified")
        #expect(harbour.ledger.snapshot.requests.allSatisfy { $0.zone == "eu" })
    }

    @Test func sessionsOfTLSAreResumedWithinAZoneAndNeverAcrossZones() throws {
        let harbour = try RelayHarbour()
        var resumed: [String: [Bool]] = [:]
        for (number, tenant) in ["acme", "globex", "umbrella", "acme", "globex", "acme"].enumerated() {
            try harbour.client(tenant).begun()
            let session = try harbour.wait { $0.sessions.count == number + 1 ? $0.sessions.last : nil }
            resumed[session.zone, default: []].append(session.isResumed)
        }
        #expect(resumed == ["eu": [false, true, true], "us": [false, true], "edge": [false]])
    }

    @Test func onlyTheZonesNetworksAreConnectedTo() throws {
        let harbour = try RelayHarbour { plan in
            plan.adjustZone = { zone, _ in
                zone.verify.networks = [try #require(Network(zone.zone == .eu ? "127.0.0.0/8" : "10.0.0.0/8"))]
            }
        }
        try harbour.client().begun()
        try harbour.expectRefusal("upstream-unavailable", code: 4503, of: harbour.client("globex"))
        #expect(try harbour.log.line("dial-failed")["kind"] == "address-forbidden")
        #expect(harbour.accepted(in: "us") == 0)
    }

    @Test func aNameThatIsNoneIsToldAsUnavailable() throws {
        let harbour = try RelayHarbour { plan in
            plan.adjustZone = { zone, _ in
                zone.endpoints = [try Endpoint("wss://does-not-exist.invalid/v3/ws", in: zone.zone)]
            }
        }
        try harbour.expectRefusal("upstream-unavailable", code: 4503, of: harbour.client())
        #expect(try harbour.log.line("dial-failed")["kind"] == "resolve-failed")
    }
}

// MARK: - Faults of the dial

/// A fault that leaves nothing to relay to, and what follows from it.
struct DialFault: CustomTestStringConvertible, Sendable {
    let fault: StandIn.Fault
    let kind: String
    var refusal = "upstream-unavailable"
    var code: UInt16 = 4503
    var triesNext = true

    var testDescription: String { "\(fault.act) at \(fault.moment)" }

    /// What takes too long is made to be so soon.
    func adjust(_ plan: inout RelayHarbour.Plan) {
        guard kind == "too-late" else { return }
        plan.timeouts.handshake = .milliseconds(400)
        plan.adjustZone = { zone, _ in zone.connectTimeout = .milliseconds(400) }
    }

    private static func status(_ status: Int, _ kind: String) -> DialFault {
        DialFault(fault: StandIn.Fault(.status(status, body: "Your key is not good.")), kind: kind)
    }

    private static func refused(_ status: Int, _ kind: String) -> DialFault {
        DialFault(
            fault: StandIn.Fault(.status(status, body: nil)), kind: kind, refusal: "upstream-refused", code: 4502,
            triesNext: false)
    }

    private static func tooLate(_ fault: StandIn.Fault) -> DialFault {
        DialFault(fault: fault, kind: "too-late", refusal: "timeout", code: 4504)
    }

    static let all = [
        refused(401, "key-rejected"), refused(403, "key-rejected"), refused(400, "request-rejected"),
        refused(404, "request-rejected"), status(429, "overloaded"), status(500, "overloaded"),
        status(503, "overloaded"), status(200, "not-a-websocket"), status(302, "redirected"),
        tooLate(StandIn.Fault(.noAnswer)), tooLate(StandIn.Fault(.noAnswer, at: .accept)),
        tooLate(StandIn.Fault(.halfHead)), tooLate(StandIn.Fault(.slowAnswer(milliseconds: 60_000))),
        DialFault(fault: StandIn.Fault(.wrongAccept), kind: "not-a-websocket"),
        DialFault(fault: StandIn.Fault(.missingAccept), kind: "not-a-websocket"),
        DialFault(fault: StandIn.Fault(.extensions("permessage-deflate")), kind: "not-a-websocket"),
        DialFault(fault: StandIn.Fault(.subprotocol("chat")), kind: "not-a-websocket"),
        DialFault(fault: StandIn.Fault(.hugeHead(bytes: 1 << 20)), kind: "not-a-websocket"),
        DialFault(fault: StandIn.Fault(.raw([0xF7, 0xFF, 0x0A, 0x0D, 0x0A]), at: .request), kind: "not-a-websocket"),
        DialFault(fault: StandIn.Fault(.reset, at: .request), kind: "connect-failed"),
        DialFault(fault: StandIn.Fault(.end, at: .request), kind: "connect-failed"),
        DialFault(fault: StandIn.Fault(.reset, at: .accept), kind: "connect-failed"),
        DialFault(fault: StandIn.Fault(.end, at: .accept), kind: "connect-failed"),
        DialFault(
            fault: StandIn.Fault(.raw(Array("HTTP/1.1 101 Switching Protocols\r\n\r\n".utf8)), at: .accept),
            kind: "not-verified"),
    ]
}

/// Frames that no server may send, and the code the relay answers them with.
struct Breach: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    var code: UInt16 = 1002

    var testDescription: String { name }

    static let all = [
        Breach(name: "masked", bytes: FrameSerializer.frame(opcode: .text, payload: [1, 2, 3], mask: 7)),
        Breach(name: "RSV1", bytes: [0xC1, 0x01, 0x61]), Breach(name: "RSV3", bytes: [0x92, 0x01, 0x61]),
        Breach(name: "opcode 3", bytes: [0x83, 0x00]), Breach(name: "opcode 11", bytes: [0x8B, 0x00]),
        Breach(name: "long ping", bytes: [0x89, 126, 0, 126]), Breach(name: "fragmented ping", bytes: [0x09, 0x00]),
        Breach(name: "continuation of nothing", bytes: [0x80, 0x00]),
        Breach(name: "length in too many bytes", bytes: [0x82, 126, 0, 5]),
        Breach(name: "length of 2^63", bytes: [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        Breach(name: "HTTP", bytes: Array("HTTP/1.1 200 OK\r\n\r\n".utf8)),
        Breach(name: "close with half a code", bytes: [0x88, 0x01, 0x03]),
        Breach(name: "close with 1006", bytes: [0x88, 0x02, 0x03, 0xEE]),
        Breach(name: "close with a reason that is no text", bytes: [0x88, 0x03, 0x03, 0xE8, 0xFF], code: 1007),
        Breach(name: "too large", bytes: [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 1], code: 1009),
    ]
}

/// Servers that are not who they should be.
enum Impostor: CaseIterable {
    case anotherName, expired, selfSigned, unknownAuthority, oldTLS

    func context(_ authority: ThrowawayAuthority) throws -> TLSServerContext? {
        let issued: ThrowawayAuthority.Issued
        switch self {
        case .anotherName: issued = authority.issue(names: ["example.com", "localhost.example.com"])
        case .expired: issued = authority.issue(names: ["localhost"], validity: .expired)
        case .selfSigned: issued = ThrowawayAuthority.selfSigned(names: ["localhost"])
        case .unknownAuthority: issued = ThrowawayAuthority(name: "Harbour").issue(names: ["localhost"])
        case .oldTLS: return nil
        }
        let certificate = try TLSCertificate(
            chainPEM: issued.chainPEM, keyPEM: Secret(issued.keyPEM), mayBeExpired: true)
        return try TLSServerContext(certificates: [certificate], minimumVersion: .tls13)
    }
}

/// A record with a ServerHello of TLS 1.1 (RFC 4346 §7.4.1.3).
private let serverHello11: [UInt8] =
    [0x16, 0x03, 0x02, 0x00, 0x2A, 0x02, 0x00, 0x00, 0x26, 0x03, 0x02] + [UInt8](repeating: 0x42, count: 32)
    + [0x00, 0xC0, 0x13, 0x00]

extension WireClient {
    /// The SHA-256 of the server's SubjectPublicKeyInfo, which pins are compared with.
    fileprivate var peerSPKISHA256: [UInt8] {
        var encoded: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(peerCertificate), &encoded)
        defer { free(encoded) }
        return Digest.sha256(Array(UnsafeBufferPointer(start: encoded, count: Int(count))))
    }
}

extension RelayHarbour {
    /// Expects the refusal in both its words, an end, and nothing of the provider's key.
    func expectRefusal(_ name: String, code: UInt16, of client: StandInClient) throws {
        try client.opened()
        let message = try client.message()
        #expect(message["type"] == "Error" && message["error_code"] == JSONValue(code))
        #expect(message["refusal"]?.string == name)
        let sentence = try #require(message["error"]?.string)
        let close = ClosePayload(code: CloseCode(rawValue: code), reason: sentence)
        #expect(try client.toTheEnd() == [.close(close), .ended("closed")])
        for key in providerKeys.values { #expect(!sentence.contains(key)) }
    }
}
