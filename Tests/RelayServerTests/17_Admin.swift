import Configuration
import Foundation
import HTTP
import Identity
import Policy
import Reactor
import RelayCore
import RelayServer
import RelayTestKit
import StandIn
import Testing
import Timing
import WebSocket

/// The operators' door: who may ask, and what they are told.
@Suite("17 Admin", .timeLimit(.minutes(10))) struct Admin {
    // MARK: Being there

    @Test func aRelayWithoutTheSectionHasNoDoor() throws {
        #expect(try RelayHarbour().relay.adminAddress == nil)
    }

    @Test func healthIsToldWhileTheProcessTurns() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let reply = try harbour.admin("/healthz")
        #expect(reply.status == 200)
        #expect(reply.body == #"{"healthy":true}"#)
        #expect(reply.field("Cache-Control") == "no-store")
        #expect(reply.field("Access-Control-Allow-Origin") == nil)
    }

    @Test func anAddressThatIsTakenIsAClearError() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let taken = try #require(harbour.relay.adminAddress?.port)
        let error = #expect(throws: RelayStartError.self) {
            try RelayHarbour { $0.admin = AdminSettings(address: ListenAddress(.v4(0x7F00_0001), port: taken)) }
        }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("admin listener") && text.contains("127.0.0.1:\(taken)") && text.contains("in use"))
    }

    @Test func offLoopbackThereIsNoDoorWithoutAToken() {
        let error = #expect(throws: RelayStartError.self) {
            try RelayHarbour { $0.admin = AdminSettings(address: ListenAddress(.v4(0), port: 0)) }
        }
        #expect(error.map { "\($0)".contains("no token") } == true)
    }

    @Test func theDoorStaysOpenWhileTheRelayDrainsAndClosesWithIt() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let client = harbour.client()
        try client.begun()
        #expect(try harbour.admin("/readyz").status == 200)
        harbour.relay.drain()
        let reply = try harbour.admin("/readyz")
        #expect(reply.status == 503)
        #expect(try reply.json()["reasons"]?.items?.first?.string == "The relay is shutting down.")
        #expect(try harbour.admin("/healthz").status == 200)
        client.close(.normal)
        _ = try client.toTheEnd()
        harbour.relay.wait()
        #expect(WireClient.isRefused(port: try #require(harbour.relay.adminAddress?.port)))
    }

    // MARK: Who may ask

    @Test func whereThereIsATokenItMustBeShown() throws {
        let harbour = try RelayHarbour { try $0.openAdmin(token: "s3cret-token-of-operators") }
        for path in ["/healthz", "/readyz", "/metrics", "/sessions", "/nothing"] {
            let reply = try harbour.admin(path)
            #expect(reply.status == 401)
            #expect(reply.field("WWW-Authenticate")?.hasPrefix("Bearer") == true)
            #expect(reply.field("Content-Type") == "application/problem+json")
        }
        let good = "Authorization: Bearer s3cret-token-of-operators"
        #expect(try harbour.admin("/healthz", good).status == 200)
        #expect(try harbour.admin("/healthz", "authorization: bearer  s3cret-token-of-operators").status == 200)
        // With a token any name may lead here: a page cannot know it.
        #expect(try harbour.admin("/healthz", host: "tidegate.internal:9901", good).status == 200)
        for bad in [
            "Bearer s3cret-token-of-operator", "Bearer s3cret-token-of-operatorss", "Bearer", "Bearer ",
            "s3cret-token-of-operators", "Basic s3cret-token-of-operators", "Bearer S3CRET-TOKEN-OF-OPERATORS",
        ] {
            #expect(try harbour.admin("/healthz", "Authorization: \(bad)").status == 401, "\(bad)")
        }
        #expect(try harbour.admin("/healthz", good, good).status == 401)
        #expect(!harbour.log.text.contains { $0.contains("s3cret") })
    }

    @Test(arguments: ["attacker.example", "attacker.example:9901", "localhost.attacker.example", "127.0.0.1.nip.io"])
    func aNameThatWasMadeToPointHereIsRefused(host: String) throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        #expect(try harbour.admin("/sessions", host: host).status == 403)
        // To that page's browser this would be the same origin.
        #expect(try harbour.admin("/sessions", host: host, "Origin: http://\(host)").status == 403)
    }

    @Test(arguments: ["localhost", "LOCALHOST:9901", "127.0.0.1", "127.0.0.1:9901", "[::1]:9901"])
    func addressesAndLocalhostAreThisMachine(host: String) throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        #expect(try harbour.admin("/healthz", host: host).status == 200)
    }

    @Test func pagesOfOtherSitesAreRefused() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        for lines in [
            "Origin: https://attacker.example", "Origin: null", "Origin: http://localhost:1",
            "Origin: https://localhost",
            "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: http://localhost\r\nOrigin: null",
        ] {
            let reply = try harbour.admin("/sessions", lines)
            #expect(reply.status == 403, "\(lines)")
            #expect(reply.field("Access-Control-Allow-Origin") == nil)
        }
        #expect(try harbour.admin("/sessions", "Origin: http://localhost").status == 200)
        #expect(try harbour.admin("/sessions", "Sec-Fetch-Site: same-origin").status == 200)
        #expect(try harbour.admin("/sessions", "Sec-Fetch-Site: none").status == 200)
    }

    @Test func whatChangesSomethingNeedsAFieldThatNoOtherSitesPageCanSend() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        for target in ["/sessions/1234", "/sessions?tenant=acme"] {
            let reply = try harbour.admin(target, method: "DELETE")
            #expect(reply.status == 403)
            #expect(reply.body.contains("Tidegate-Admin: 1"))
            for lines in ["Origin: https://attacker.example", "Origin: null", "Sec-Fetch-Site: cross-site"] {
                #expect(try harbour.admin(target, method: "DELETE", "Tidegate-Admin: 1", lines).status == 403)
            }
            #expect(
                try harbour.admin(target, method: "DELETE", host: "attacker.example", "Tidegate-Admin: 1").status
                    == 403)
            // What a browser would have to ask first, and hears nothing that gives it leave.
            let preflight = try harbour.admin(
                target, method: "OPTIONS", "Origin: http://localhost", "Access-Control-Request-Method: DELETE")
            #expect(preflight.status == 405)
            #expect(preflight.field("Access-Control-Allow-Methods") == nil)
        }
        #expect(try harbour.admin("/sessions?tenant=acme", method: "DELETE", "Tidegate-Admin: 1").status == 200)
    }

    @Test func theTokenIsEnoughToChangeSomethingAndNothingElseIs() throws {
        let harbour = try RelayHarbour { try $0.openAdmin(token: "token-of-operators") }
        let target = "/sessions?tenant=acme"
        #expect(try harbour.admin(target, method: "DELETE", "Tidegate-Admin: 1").status == 401)
        let token = "Authorization: Bearer token-of-operators"
        #expect(try harbour.admin(target, method: "DELETE", token).status == 200)
        // TLS may stand in front, and then the page's scheme is another.
        #expect(
            try harbour.admin(target, method: "DELETE", host: "ops.example", token, "Origin: https://ops.example")
                .status == 200)
        #expect(
            try harbour.admin(target, method: "DELETE", host: "ops.example", token, "Origin: https://other.example")
                .status == 403)
    }

    @Test func nothingOfItIsOnThePublicListener() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        for path in ["/healthz", "/readyz", "/metrics", "/status", "/sessions", "/decisions", "/", "/try"] {
            let wire = try WireClient(port: harbour.plainPort)
            wire.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\nAuthorization: \(harbour.key(of: "acme"))\r\n\r\n")
            #expect(try wire.readAnswer().status == 404, "\(path)")
        }
    }

    // MARK: HTTP

    @Test(arguments: [
        "/healthz/", "//healthz", "/HEALTHZ", "/healthz/x", "/sessions/", "/sessions/abc", "/v3/ws",
        "/admin/healthz",
    ])
    func whatIsNotThereIsNotFound(path: String) throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let reply = try harbour.admin(path)
        #expect(reply.status == 404)
        #expect(try reply.json()["status"]?.integer == 404)
    }

    @Test(arguments: [
        "/%68ealthz", "/healthz;x=1", "/sessions/../healthz", "/./healthz", "/healthz%00", "http://localhost/healthz",
        "*",
        "healthz", "/healthz#x", "/heal\\thz",
    ])
    func aPathThatTwoReadersCouldReadDifferentlyIsABadRequest(path: String) throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        #expect(try harbour.admin(path).status == 400)
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get"])
    func whatCannotBeDoneIsSaidWithWhatCan(method: String) throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let reply = try harbour.admin("/readyz", method: method, "Tidegate-Admin: 1")
        #expect(reply.status == 405)
        #expect(reply.field("Allow") == "GET, HEAD")
        guard method != "DELETE" else { return }
        #expect(
            try harbour.admin("/sessions", method: method, "Tidegate-Admin: 1").field("Allow") == "DELETE, GET, HEAD")
    }

    @Test func headsAreToldAlone() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let wire = try harbour.adminWire()
        wire.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(try wire.readAnswer(hasBody: false).field("Content-Length") == "16")
        #expect(try wire.readAnswer().body == #"{"healthy":true}"#)
    }

    @Test func requestsSentTogetherAreAnsweredInOrder() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let wire = try harbour.adminWire()
        let paths = (0..<20).flatMap { _ in ["/healthz", "/nothing", "/readyz"] }
        wire.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined())
        for path in paths { #expect(try wire.readAnswer().status == (path == "/nothing" ? 404 : 200)) }
        wire.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        #expect(try wire.readAnswer().field("Connection") == "close")
        #expect(wire.readToEnd().isEmpty)
        #expect(wire.end == .finished)
    }

    /// Thousands of requests fit into one read, and each is answered at once.
    @Test func thousandsOfRequestsSentTogetherAreAnsweredAndSessionsGoOn() throws {
        let harbour = try RelayHarbour {
            try $0.openAdmin()
            $0.makeNeighbours()
        }
        let neighbours = try Neighbours(in: harbour)
        let wire = try harbour.adminWire()
        let count = 5000
        wire.send(String(repeating: "GET /nothing HTTP/1.1\r\nHost:[::]\r\n\r\n", count: count))
        try neighbours.goAround()
        let first = try wire.readAnswer()
        for _ in 1..<count { try #require(try wire.readAnswer().head == first.head) }
        try neighbours.goAround()
        #expect(try harbour.admin("/healthz").status == 200)
    }

    @Test func aRequestMayComeByteByByte() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let wire = try harbour.adminWire()
        for byte in "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8 { wire.send([byte]) }
        #expect(try wire.readAnswer().status == 200)
    }

    @Test(arguments: [
        ("GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", 413),
        ("GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413),
        ("GET /healthz HTTP/1.1\r\n\r\n", 400), ("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1}\r\n", 400), ("GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + String(repeating: "x", count: 9000), 431),
        ("GET /" + String(repeating: "x", count: 9000), 414),
    ])
    func whatIsNoProperRequestEndsTheConnection(request: String, status: Int) throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let wire = try harbour.adminWire()
        wire.send(request)
        #expect(try wire.readAnswer().status == status)
        #expect(wire.readToEnd().isEmpty)
    }

    @Test func whoeverDoesNotFinishARequestIsNotWaitedFor() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let wire = try harbour.adminWire()
        wire.send("GET /healthz HTTP/1.1\r\n")
        #expect(try wire.readAnswer().status == 408)
        #expect(wire.readToEnd().isEmpty)
    }

    @Test func connectionsAreBoundedAndComeFreeAgain() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        var wires: [WireClient] = []
        for _ in 0..<64 {
            let wire = try harbour.adminWire()
            wire.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try wire.readAnswer().status == 200)
            wires.append(wire)
        }
        #expect(try harbour.adminWire().readToEnd().isEmpty)
        wires.removeLast().finish()
        // The end of one is noticed at the loop's leisure.
        while true {
            let wire = try harbour.adminWire()
            wire.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            if !wire.readToEnd().isEmpty { break }
        }
    }

    // MARK: Readiness

    @Test func readinessNamesEveryReason() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        harbour.relay.status.drains()
        harbour.relay.status.judgeEndpoints { $0.zone != .eu }
        let reply = try harbour.admin("/readyz")
        #expect(reply.status == 503)
        let json = try reply.json()
        #expect(json["ready"] == .bool(false))
        #expect(json["policy"]?.string == "1")
        #expect(
            json["reasons"]?.items?.compactMap(\.string) == [
                "The relay is shutting down.", "Zone eu is needed and none of its endpoints can be used.",
            ])
    }

    @Test func aRelayThatServesEveryZoneIsReady() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        harbour.relay.status.judgeEndpoints { _ in true }
        #expect(try harbour.admin("/readyz").body == #"{"ready":true,"policy":"1","reasons":[]}"#)
        try harbour.reload { _ in }
        #expect(try harbour.admin("/readyz").body == #"{"ready":true,"policy":"2","reasons":[]}"#)
    }

    @Test func receiptsThatCannotBeWrittenAreAReasonOnlyWhereSessionsAreRefused() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let status = harbour.relay.status
        status.countReceipts { ReceiptCounts(written: 0, waiting: 9, isUnwritable: true) }
        #expect(try harbour.admin("/readyz").status == 200)
        status.countReceipts { ReceiptCounts(written: 0, waiting: 9, isUnwritable: true, isRefusing: true) }
        let reply = try harbour.admin("/readyz")
        #expect(reply.status == 503)
        #expect(
            try reply.json()["reasons"]?.items?.compactMap(\.string) == [
                "Receipts cannot be written, and new sessions are refused meanwhile."
            ])
    }

    @Test func aZoneWhoseEndpointsAllFailIsAReasonUntilOneAnswers() throws {
        let harbour = try RelayHarbour {
            try $0.openAdmin()
            $0.breakers = Breaker.Rules(threshold: 1, pause: .seconds(60))
        }
        try harbour.takeDown("eu")
        _ = try harbour.client("acme").toTheEnd()
        let reply = try harbour.admin("/readyz")
        #expect(reply.status == 503)
        #expect(reply.body.contains("Zone eu is needed and none of its endpoints can be used."))
        #expect(!reply.body.contains("Zone us"))
    }

    @Test func aZoneThatNobodyDependsOnIsNoReason() throws {
        // `initech` has another zone, and `hooli` any.
        let harbour = try RelayHarbour {
            $0.tenants.removeAll { $0.name == "globex" }
            try $0.openAdmin()
        }
        harbour.relay.status.judgeEndpoints { $0.zone != .us }
        #expect(try harbour.admin("/readyz").status == 200)
    }
}
