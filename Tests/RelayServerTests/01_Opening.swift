import HTTP
import Policy
import RelayServer
import StandIn
import Testing
import WebSocket

/// How sessions come about: who asks in which way, and which zone hears it.
@Suite("01 Opening", .overEachHTTP) struct Opening {
    @Test(arguments: [("acme", "eu"), ("globex", "us"), ("umbrella", "edge"), ("initech", "us"), ("hooli", "edge")])
    func aTenantIsHeardInItsFirstZone(tenant: String, zone: String) throws {
        let harbour = try RelayHarbour()
        try harbour.hold(harbour.client(tenant))
        #expect(try harbour.session(in: zone).ending == .terminated)
        #expect(harbour.acceptedAnywhere == 1)
    }

    @Test(arguments: ["/us/v3/ws", "/v3/ws?zone=us", "/us/v3/ws?zone=us", "/v3/ws?sample_rate=16000&zone=%75s"])
    func aTenantMayAskForAZone(target: String) throws {
        let harbour = try RelayHarbour()
        try harbour.hold(harbour.client("hooli", target))
        #expect(try harbour.session(in: "us").ending == .terminated)
        #expect(harbour.acceptedAnywhere == 1)
    }

    @Test(arguments: ["eu.stt.example.com", "EU.stt.Example.com:8443", "eu.stt.example.com."])
    func aTenantMayAskForAZoneByHostName(host: String) throws {
        let harbour = try RelayHarbour { $0.hosts = ["eu.stt.example.com": .eu, "us.stt.example.com": .us] }
        let client = try harbour.wire()
        client.send(WireClient.head(host: host, lines: ["Authorization: \(harbour.key(of: "hooli"))"]))
        #expect(try client.readHead().hasPrefix("HTTP/1.1 101 "))
        _ = try harbour.session(in: "eu") { $0.hasBegun }
        #expect(harbour.acceptedAnywhere == 1)
    }

    @Test func twoSlashesInFrontAreASession() throws {
        let harbour = try RelayHarbour()
        try harbour.hold(harbour.client("acme", "//v3/ws?sample_rate=16000"))
        #expect(try harbour.session().request.target == "/v3/ws?sample_rate=16000")
    }

    @Test(arguments: [nil, "http/1.1"])
    func aClientNeedNotOfferAProtocol(offer: String?) throws {
        let harbour = try RelayHarbour()
        let client = try harbour.secureWire(.init(protocols: offer.map { [$0] } ?? []))
        #expect(client.negotiatedProtocol == offer)
        client.request(key: harbour.key(of: "acme"))
        #expect(try client.readHead() == answer)
        #expect(try client.readFrame().text.contains(#""type":"Begin""#))
    }

    @Test func theCertificateIsTheOneForTheNameAskedFor() throws {
        let harbour = try RelayHarbour()
        let names = [
            ("localhost", "localhost"), ("stt.example.com", "stt.example.com"), ("STT.example.com", "stt.example.com"),
            ("other.example.com", "localhost"), (nil, "localhost"),
        ]
        for (asked, shown) in names {
            let client = try harbour.secureWire(.init(serverName: asked))
            #expect(client.hasCertificate(for: shown), "asked for \(asked ?? "nothing")")
        }
    }

    @Test func aPlainListenerServesLoopback() throws {
        let harbour = try RelayHarbour()
        let client = harbour.client {
            $0.address = harbour.relay.addresses[1]
            $0.tls = nil
        }
        try harbour.hold(client)
        #expect(try harbour.session().ending == .terminated)
    }

    @Test func theAnswerSelectsTheRelaysSubprotocolAndNeverTheCredential() throws {
        let harbour = try RelayHarbour()
        let client = try harbour.wire()
        client.request(
            key: harbour.key(of: "acme"), "Sec-WebSocket-Protocol: chat, tidegate.v1, bearer.xyz",
            "Sec-WebSocket-Extensions: permessage-deflate")
        let head = try client.readHead()
        #expect(head.contains("\r\nSec-WebSocket-Protocol: tidegate.v1\r\n"))
        #expect(!head.contains("xyz") && !head.contains("Extensions"))
    }

    @Test func bearerIsAScheme() throws {
        let harbour = try RelayHarbour()
        for scheme in ["Bearer ", "bearer ", ""] {
            let client = harbour.stranger(fields: ["Authorization": scheme + harbour.key(of: "acme")])
            try client.begun()
        }
    }

    @Test func framesRightBehindTheRequestArriveInOrderOnceTheUpstreamIsOpen() throws {
        let harbour = try RelayHarbour { $0.useEcho() }
        harbour.standIn.fail("eu", with: [Fault(.slowAnswer(milliseconds: 200))])
        let client = try harbour.wire()
        let texts = (0..<50).map { "frame \($0)" }
        var bytes = Array(WireClient.head(lines: ["Authorization: \(harbour.key(of: "acme"))"]).utf8)
        for text in texts { bytes += FrameSerializer.frame(opcode: .text, payload: Array(text.utf8), mask: 7) }
        client.send(bytes)
        #expect(try client.readHead() == answer)
        for text in texts { #expect(try client.readFrame().text == text) }
        #expect(harbour.ledger.snapshot.requests.count == 1)
    }

    @Test func aHeadMayComeByteByByte() throws {
        let harbour = try RelayHarbour()
        let client = try harbour.secureWire()
        for byte in WireClient.head(lines: ["Authorization: \(harbour.key(of: "acme"))"]).utf8 { client.send([byte]) }
        #expect(try client.readHead() == answer)
        #expect(try client.readFrame().text.contains(#""type":"Begin""#))
    }
}

/// The 101 to a request of `WireClient`; the accept value is RFC 6455's own example (§1.3).
private let answer = """
    HTTP/1.1 101 Switching Protocols\r
    Upgrade: websocket\r
    Connection: Upgrade\r
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
    \r

    """

extension RelayHarbour {
    /// Opens a session and ends it as a good client does.
    fileprivate func hold(_ client: StandInClient) throws {
        try client.begun()
        client.send(text: #"{"type":"Terminate"}"#)
        let events = try client.toTheEnd()
        #expect(events.suffix(2) == [.close(ClosePayload(code: .normal, reason: "Session Ended")), .ended("closed")])
    }
}
