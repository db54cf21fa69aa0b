import Configuration
import Foundation
import HTTP
import Identity
import Policy
import Reactor
import RelayServer
import RelayTestKit
import StandIn
import Testing
import Timing
import WebSocket

/// The operators' door: who may ask, and what they are told.
@Suite("17 Admin", .timeLimit(.minutes(2))) struct Admin {
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

    // MARK: HTTP

    @Test(arguments: [
        "/", "/healthz/", "//healthz", "/HEALTHZ", "/healthz/x", "/sessions/", "/sessions/abc", "/v3/ws",
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
        let reply = try harbour.admin("/sessions", method: method)
        #expect(reply.status == 405)
        #expect(reply.field("Allow") == "GET, HEAD")
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
        wire.send(String(repeating: "GET / HTTP/1.1\r\nHost:[::]\r\n\r\n", count: count))
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

    @Test func aZoneThatNobodyDependsOnIsNoReason() throws {
        // `initech` has another zone, and `hooli` any.
        let harbour = try RelayHarbour {
            $0.tenants.removeAll { $0.name == "globex" }
            try $0.openAdmin()
        }
        harbour.relay.status.judgeEndpoints { $0.zone != .us }
        #expect(try harbour.admin("/readyz").status == 200)
    }

    // MARK: Metrics

    @Test func whatHappensIsCounted() throws {
        let harbour = try RelayHarbour { plan in
            try plan.openAdmin()
            try plan.addStandIn("eu-wrong", in: .eu)
            try plan.rename("eu-wrong", to: "elsewhere.example")
            plan.endpoints[.eu] = ["eu-wrong", "eu"]
        }
        let client = harbour.client()
        try client.begun()
        client.send(binary: [UInt8](repeating: 0, count: 3200))
        _ = try harbour.wait { $0.sessions(in: "eu").first?.received.bytes == 3200 ? true : nil }
        #expect(try harbour.stranger().toTheEnd().isEmpty == false)

        let during = try harbour.metrics()
        #expect(during["tidegate_sessions_open", ["zone": "eu"]] == 1)
        #expect(during["tidegate_sessions_open", ["zone": "us"]] == 0)
        #expect(during["tidegate_dial_failures_total", ["zone": "eu", "kind": "certificate-wrong-name"]] == 1)
        #expect(during["tidegate_dial_failures_total", ["zone": "us", "kind": "certificate-wrong-name"]] == 0)
        #expect(during["tidegate_failovers_total", ["from": "eu", "to": "eu"]] == 1)
        #expect(during["tidegate_dial_seconds_count", ["zone": "eu"]] == 1)
        #expect(during["tidegate_payload_bytes_total", ["zone": "eu", "direction": "up"]] == 3200)
        #expect(during["tidegate_frames_total", ["zone": "eu", "direction": "up"]] == 1)
        #expect(during["tidegate_refusals_total", ["refusal": "unauthenticated"]] == 1)
        #expect(during["tidegate_policy_info", ["version": "1"]] == 1)
        #expect(during["tidegate_build_info", ["version": Version.text]] == 1)

        client.send(text: #"{"type":"Terminate"}"#)
        _ = try client.toTheEnd()
        let line = try harbour.log.line("session-ended")
        let after = try harbour.metrics()
        #expect(after["tidegate_sessions_open", ["zone": "eu"]] == 0)
        let ending = try #require(line["ending"]?.string)
        #expect(after["tidegate_sessions_total", ["zone": "eu", "ending": ending]] == 1)
        // The client's `Terminate` is a frame as well.
        #expect(after["tidegate_frames_total", ["zone": "eu", "direction": "up"]] == 2)
        let down = ["zone": "eu", "direction": "down"]
        #expect(after["tidegate_payload_bytes_total", down] == line["bytes_down"]?.integer.map { Double($0) })
        for (name, labels) in [
            ("frames", "up"), ("payload_bytes", "up"), ("frames", "down"), ("payload_bytes", "down"),
        ] {
            let series = ("tidegate_\(name)_total", ["zone": "eu", "direction": labels])
            #expect(after[series.0, series.1] ?? 0 >= during[series.0, series.1] ?? .infinity)
        }
    }

    @Test func whatOthersKnowIsTold() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        #expect(try harbour.metrics()["tidegate_receipts_waiting"] == nil)
        let status = harbour.relay.status
        status.countReceipts { ReceiptCounts(written: 12, waiting: 3, isUnwritable: true) }
        status.judgeEndpoints { $0.zone != .us }
        status.reloadRefused()
        let metrics = try harbour.metrics()
        #expect(metrics["tidegate_receipts_written_total"] == 12)
        #expect(metrics["tidegate_receipts_waiting"] == 3)
        #expect(metrics["tidegate_receipts_unwritable"] == 1)
        #expect(metrics["tidegate_reloads_total", ["outcome": "refused"]] == 1)
        #expect(metrics["tidegate_reloads_total", ["outcome": "applied"]] == 0)
        #expect(metrics["tidegate_last_reload_success_timestamp_seconds"] ?? 0 > 1_600_000_000)
        let port = harbour.standIn.ports["us"] ?? 0
        let endpoint = ["zone": "us", "endpoint": "wss://localhost:\(port)/v3/ws"]
        #expect(metrics["tidegate_endpoint_usable", endpoint] == 0)
    }

    // MARK: Sessions

    @Test func sessionsAreListedWithWhoAndWhere() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let client = harbour.client("acme", "/v3/ws?zone=eu", fields: ["Origin": HarbourTenant.origin])
        try client.begun()
        client.send(binary: [UInt8](repeating: 0, count: 1600))
        _ = try harbour.wait { $0.sessions(in: "eu").first?.received.bytes == 1600 ? true : nil }
        let json = try harbour.admin("/sessions").json()
        #expect(json["total"]?.integer == 1)
        #expect(json["next"] == nil)
        let session = try #require(json["sessions"]?.items?.first)
        let port = harbour.standIn.ports["eu"] ?? 0
        let digest = harbour.tenants[0].key.digest.prefix(6).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        #expect(session["tenant"]?.string == "acme")
        #expect(session["zone"]?.string == "eu")
        #expect(session["asked"]?.string == "eu")
        #expect(session["endpoint"]?.string == "wss://localhost:\(port)/v3/ws")
        #expect(session["peer"]?.string == "127.0.0.1:\(port)")
        #expect(session["origin"]?.string == HarbourTenant.origin)
        #expect(session["has_authorization"] == .bool(true))
        #expect(session["credential"]?["kind"]?.string == "key")
        #expect(session["credential"]?["name"]?.string == "main")
        #expect(session["credential"]?["id"]?.string == digest.joined())
        #expect(session["policy"]?.string == "1")
        #expect(session["bytes_up"]?.integer == 1600)
        #expect(session["frames_down"]?.integer == 1)
        let since = try #require(session["since"]?.string)
        #expect(since.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        #expect(try harbour.log.line("session-opened")["session"]?.string == session["id"]?.string)
        let text = try harbour.admin("/sessions").body
        #expect(!text.contains(harbour.key(of: "acme")) && !text.contains(harbour.providerKeys["eu"] ?? "?"))
    }

    @Test func aListCanBeNarrowed() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let clients = ["acme", "acme", "globex", "umbrella"].map { harbour.client($0) }
        for client in clients { try client.begun() }
        func tenants(_ query: String) throws -> [String] {
            try harbour.admin("/sessions?" + query).json()["sessions"]?.items?.compactMap { $0["tenant"]?.string }
                .sorted()
                ?? []
        }
        #expect(try tenants("tenant=acme") == ["acme", "acme"])
        #expect(try tenants("zone=us") == ["globex"])
        #expect(try tenants("zone=us&tenant=acme") == [])
        #expect(try tenants("limit=3").count == 3)
        for query in ["limit=0", "limit=1001", "limit=x", "limit=-1", "limit=", "tenat=acme", "tenant=a&tenant=b"] {
            #expect(try harbour.admin("/sessions?" + query).status == 400, "\(query)")
        }
    }

    @Test func aThousandSessionsAreListedWhileDataFlows() throws {
        _ = DescriptorLimit.raise()
        let harbour = try RelayHarbour {
            try $0.openAdmin()
            $0.makeNeighbours()
        }
        let neighbours = try Neighbours(in: harbour)
        // A crowd at a time, each up to its upstream: a thousand handshakes at once would be another story.
        var clients: [StandInClient] = []
        for _ in 0..<20 {
            let crowd = (0..<50).map { _ in harbour.plainClient("umbrella") }
            for client in crowd { client.send(text: "here") }
            for client in crowd { while try client.event() != .text("here") {} }
            clients += crowd
        }
        let flow = try ThreadedWork { try neighbours.goAround(times: 100) }
        for limit in [1000, 200, 37] {
            var seen: Set<String> = []
            var after = ""
            repeat {
                let json = try harbour.admin("/sessions?limit=\(limit)" + (after.isEmpty ? "" : "&after=\(after)"))
                    .json()
                #expect(json["total"]?.integer == 1008)
                let ids = json["sessions"]?.items?.compactMap { $0["id"]?.string } ?? []
                #expect(ids == ids.sorted() && ids.count <= limit)
                #expect(seen.isDisjoint(with: ids))
                seen.formUnion(ids)
                after = json["next"]?.string ?? ""
            } while !after.isEmpty
            #expect(seen.count == clients.count + neighbours.clients.count)
        }
        #expect(try harbour.metrics()["tidegate_sessions_open", ["zone": "edge"]] == 1008)
        try flow.finish()
    }
}

extension RelayHarbour {
    /// A client of the listener without TLS.
    fileprivate func plainClient(_ tenant: String) -> StandInClient {
        let port = plainPort
        return client(tenant) { request in
            request.address = .loopback(port: port)
            request.tls = nil
        }
    }
}

/// Work on a thread of its own.
private final class ThreadedWork: Sendable {
    private let thread: LoopThread
    private let outcome = Monitor<(any Error)?>(nil)

    init(_ body: @escaping @Sendable () throws -> Void) throws {
        let outcome = outcome
        thread = try LoopThread.start(name: "work") {
            do { try body() } catch { outcome.update { $0 = error } }
        }
    }

    /// Waits for the work; throws what it threw.
    func finish() throws {
        thread.join()
        if let error = outcome.snapshot { throw error }
    }
}
