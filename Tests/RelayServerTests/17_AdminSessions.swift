import Configuration
import Foundation
import HTTP
import Identity
import Policy
import Reactor
import Receipts
import RelayCore
import RelayTestKit
import StandIn
import Testing
import Timing
import WebSocket

@testable import RelayServer

/// What operators see of the sessions there are, and how they end them.
@Suite("17 Admin: sessions", .timeLimit(.minutes(10))) struct AdminSessions {
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

    @Test func filtersLookAtStateAgeAndTraffic() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        harbour.standIn.fail("us", with: [Fault(.slowAnswer(milliseconds: 600_000))])
        let heavy = harbour.client("acme")
        try heavy.begun()
        heavy.send(binary: [UInt8](repeating: 0, count: 3200))
        _ = try harbour.wait { $0.sessions(in: "eu").first?.received.bytes == 3200 ? true : nil }
        try harbour.client("umbrella").begun()
        try harbour.client("globex").opened()
        func tenants(_ query: String) throws -> [String] {
            try harbour.admin("/sessions?sort=tenant&" + query).json()["sessions"]?.items?
                .compactMap { $0["tenant"]?.string } ?? []
        }
        #expect(try tenants("state=relaying") == ["acme", "umbrella"])
        #expect(try tenants("state=dialing") == ["globex"])
        #expect(try tenants("state=closing") == [])
        #expect(try tenants("min_bytes=3200") == ["acme"])
        #expect(try tenants("site=harbour") == ["acme", "globex", "umbrella"])
        #expect(try tenants("site=elsewhere") == [])
        #expect(try tenants("min_age_seconds=0&max_age_seconds=3600") == ["acme", "globex", "umbrella"])
        #expect(try tenants("min_age_seconds=3600") == [])
        for query in [
            "state=open", "min_bytes=-1", "min_bytes=1KiB", "min_age_seconds=1.5", "sort=size", "sort=", "after=a~b",
        ] {
            #expect(try harbour.admin("/sessions?" + query).status == 400, "\(query)")
        }
    }

    @Test func pagesFollowOneAnotherInAnyOrder() throws {
        let harbour = try RelayHarbour {
            try $0.openAdmin()
            $0.makeNeighbours()
        }
        let neighbours = try Neighbours(in: harbour, count: 7)
        for (number, client) in neighbours.clients.enumerated() {
            #expect(try client.roundTrip(String(repeating: "x", count: 10 * (number % 3) + 1)))
        }
        for (order, member) in [
            ("id", "id"), ("-id", "id"), ("since", "since"), ("-since", "since"), ("bytes_up", "bytes_up"),
            ("-bytes_up", "bytes_up"),
            ("tenant", "tenant"), ("-zone", "zone"),
        ] {
            var seen: [String] = []
            var values: [String] = []
            var after = ""
            repeat {
                let json = try harbour.admin(
                    "/sessions?limit=3&sort=\(order)" + (after.isEmpty ? "" : "&after=\(after)")
                )
                .json()
                let sessions = json["sessions"]?.items ?? []
                #expect(json["total"]?.integer == 7)
                seen += sessions.compactMap { $0["id"]?.string }
                values += sessions.compactMap { session in
                    session[member]?.string ?? session[member]?.integer.map { String(1000 + $0) }
                }
                after = json["next"]?.string ?? ""
            } while !after.isEmpty
            #expect(seen.count == 7 && Set(seen).count == 7, "\(order)")
            #expect(values == (order.hasPrefix("-") ? values.sorted(by: >) : values.sorted()), "\(order)")
        }
        #expect(try harbour.admin("/sessions?sort=-since&tenant=umbrella").json()["matching"]?.integer == 7)
    }

    @Test func oneSessionIsToldWithItsRules() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        try harbour.client("acme").begun()
        let id = try #require(try harbour.admin("/sessions").json()["sessions"]?.items?.first?["id"]?.string)
        let session = try harbour.admin("/sessions/\(id)").json()
        #expect(session["state"]?.string == "relaying")
        #expect(session["site"]?.string == "harbour")
        #expect(session["begin_milliseconds"]?.integer ?? -1 >= 0)
        #expect(session["rules"]?.items?.first?["finding"]?.string == "holds")
        #expect(try harbour.admin("/sessions/\(id)?x=1").status == 400)
        #expect(try harbour.admin("/sessions/0123").status == 404)
    }

    // MARK: Ending

    @Test func aSessionIsEndedProperly() throws {
        let log = try ReceiptLog()
        let harbour = try RelayHarbour {
            try $0.openAdmin()
            $0.receipts = log.settings()
        }
        let client = harbour.client("acme")
        try client.begun()
        let other = harbour.client("acme")
        try other.begun()
        let id = try #require(
            try harbour.admin("/sessions?sort=since").json()["sessions"]?.items?.first?["id"]?.string)
        #expect(try harbour.end("/sessions/\(id)") == .init(status: 200, ended: 1))
        let events = try client.toTheEnd()
        #expect(events.closeCode == 1001)
        #expect(events.messages.contains { $0["error"]?.string == "The relay's operator ended the session." })
        _ = try harbour.log.line("session-ended") { $0["ending"]?.string == "admin" }
        // The provider was told to finish, and did.
        let sessions = try harbour.wait { ledger in
            ledger.sessions(in: "eu").contains { $0.connectionEnd != nil } ? ledger.sessions(in: "eu") : nil
        }
        #expect(sessions.filter { $0.ending == .terminated }.count == 1)
        #expect(try harbour.end("/sessions/\(id)").status == 404)
        #expect(try harbour.log.line("ended-by-operator")["session"]?.string == id)
        #expect(harbour.relay.sessionCount == 1)
        harbour.relay.stop()
        harbour.relay.wait()
        let receipt = try #require(log.lines(.session).first { $0.string("session") == id })
        #expect(receipt.string("ending") == "admin" && receipt.string("terminated_by") == "relay")
    }

    @Test func whoAsksTwiceEndsNobodyTwice() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        harbour.standIn.fail("eu", with: [Fault(.noTermination)])
        let client = harbour.client("acme")
        try client.begun()
        let id = try #require(try harbour.admin("/sessions").json()["sessions"]?.items?.first?["id"]?.string)
        #expect(try harbour.end("/sessions/\(id)") == .init(status: 200, ended: 1))
        // The provider keeps it waiting, so it is still there.
        #expect(try harbour.end("/sessions/\(id)") == .init(status: 200, ended: 0))
        #expect(try harbour.end("/sessions?tenant=acme") == .init(status: 200, ended: 0))
        let session = try harbour.admin("/sessions/\(id)").json()
        #expect(session["state"]?.string == "closing" && session["ending"]?.string == "admin")
        #expect(try client.toTheEnd().closeCode == 1001)
    }

    @Test func aTenantsSessionsAreEndedAndNobodyElsesNotices() throws {
        let harbour = try RelayHarbour {
            try $0.openAdmin()
            $0.makeNeighbours()
        }
        let neighbours = try Neighbours(in: harbour)
        let clients = (0..<40).map { _ in harbour.client("acme") }
        for client in clients { try client.begun() }
        let dialled = harbour.client("globex")
        try dialled.begun()
        #expect(try harbour.end("/sessions?tenant=acme&zone=us") == .init(status: 200, ended: 0))
        // All at once: each session is ended by one of them.
        let askers = try (0..<20).map { _ in try harbour.adminWire() }
        for asker in askers {
            asker.send("DELETE /sessions?tenant=acme HTTP/1.1\r\nHost: localhost\r\nTidegate-Admin: 1\r\n\r\n")
        }
        try neighbours.goAround()
        let ended = try askers.map { try #require(try $0.readAnswer().json()["ended"]?.integer) }
        #expect(ended.reduce(0, +) == 40)
        for client in clients { #expect(try client.toTheEnd().closeCode == 1001) }
        try neighbours.goAround()
        let left = try harbour.wait { ledger in
            let sessions = ledger.sessions(in: "eu")
            return sessions.filter { $0.connectionEnd != nil }.count == 40 ? sessions : nil
        }
        #expect(left.allSatisfy { $0.ending == .terminated })
        #expect(try harbour.admin("/sessions?tenant=globex").json()["sessions"]?.items?.count == 1)
        try harbour.log.lines("session-ended") { $0.filter { $0["ending"]?.string == "admin" }.count == 40 }
        #expect(try harbour.metrics()["tidegate_sessions_total", ["zone": "eu", "ending": "admin"]] == 40)
    }

    @Test func aSlipOfThePenEndsNobody() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        try harbour.client("acme").begun()
        for (target, status) in [
            ("/sessions", 400), ("/sessions?tenant=", 400), ("/sessions?tenat=acme", 400), ("/sessions?zone=eu", 400),
            ("/sessions?tenant=acme&limit=1", 400), ("/sessions?tenant=nobody", 404), ("/sessions/", 404),
            ("/sessions?tenant=acme&tenant=acme", 400), ("/sessions/0123456789abcdef", 404),
        ] {
            #expect(try harbour.end(target).status == status, "\(target)")
        }
        #expect(harbour.relay.sessionCount == 1)
    }

    // MARK: Decisions

    @Test func refusalsOfLateAreToldWithTheirTrail() throws {
        let harbour = try RelayHarbour {
            try $0.openAdmin()
            $0.tokenKeys = [String(repeating: "ab", count: 32)]
        }
        let key = harbour.key(of: "acme")
        _ = try harbour.client("acme", "/v3/ws?zone=us&prompt=hush", fields: ["Origin": HarbourTenant.origin])
            .toTheEnd()
        _ = try harbour.stranger("/v3/ws", fields: ["Authorization": "Bearer not-a-credential"]).toTheEnd()
        let wire = try WireClient(port: harbour.plainPort)
        wire.send("GET /us/v3/token?expires_in_seconds=60 HTTP/1.1\r\nHost: localhost\r\nAuthorization: \(key)\r\n\r\n")
        #expect(try wire.readAnswer().status == 403)
        func decisions(_ query: String = "") throws -> [JSONValue] {
            try harbour.admin("/decisions" + query).json()["decisions"]?.items ?? []
        }
        let all = try decisions()
        #expect(all.count == 3)
        #expect(all.compactMap { $0["time"]?.string } == all.compactMap { $0["time"]?.string }.sorted(by: >))
        let residency = try #require(try decisions("?refusal=residency&tenant=acme").last)
        #expect(residency["kind"]?.string == "session" && residency["asked"]?.string == "us")
        #expect(residency["origin"]?.string == HarbourTenant.origin)
        #expect(residency["credential"]?["name"]?.string == "main")
        let rules = residency["rules"]?.items ?? []
        #expect(rules.compactMap { $0["rule"]?.integer } == [1, 2, 3])
        #expect(rules.last?["finding"]?.string == "refuses")
        #expect(rules.last?["sentence"]?.string == residency["sentence"]?.string)
        #expect(try decisions("?refusal=residency").map { $0["kind"]?.string } == ["token", "session"])
        #expect(try decisions("?limit=1").count == 1)
        #expect(try decisions("?tenant=globex").isEmpty)
        for query in ["?limit=0", "?refusal=no", "?x=1"] {
            #expect(try harbour.admin("/decisions" + query).status == 400)
        }
        let text = try harbour.admin("/decisions").body
        for secret in [key, "not-a-credential", "hush"] { #expect(!text.contains(secret)) }
    }

    @Test func refusalsOfLateAreBounded() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        for _ in 0..<2 * RecentRefusals.capacity + 50 {
            let wire = try WireClient(port: harbour.plainPort)
            wire.send("GET /v3/ws HTTP/1.1\r\nHost: localhost\r\n\r\n")
            _ = try wire.readAnswer()
        }
        let json = try harbour.admin("/decisions?limit=1000").json()
        #expect(json["matching"]?.integer == Int64(2 * RecentRefusals.capacity))
    }

    // MARK: Status

    @Test func theStatusTellsWhatNoNumberCan() throws {
        let harbour = try RelayHarbour {
            try $0.openAdmin()
            $0.site = Site(name: "harbour", zone: .eu)
            $0.tenants = [HarbourTenant("acme", [.eu])]
        }
        try harbour.takeDown("eu")
        _ = try harbour.client("acme").toTheEnd()
        harbour.relay.status.reloadRefused(["tidegate.yaml:3:1: error: no"])
        let status = try harbour.admin("/status").json()
        #expect(status["program"]?.string == Version.text)
        #expect(status["site"]?["zone"]?.string == "eu")
        #expect(status["policy"]?["version"]?.string == "1")
        #expect(status["policy"]?["tenants"]?.integer == 1)
        #expect(status["reloads"]?["refused"]?.integer == 1)
        #expect(status["reloads"]?["faults"]?.items?.first?.string == "tidegate.yaml:3:1: error: no")
        #expect(status["ready"] == .bool(true) && status["draining"] == .bool(false))
        let zones = status["zones"]?.items ?? []
        #expect(zones.compactMap { $0["name"]?.string } == ["us", "eu", "edge"])
        let endpoint = try #require(zones[1]["endpoints"]?.items?.first)
        #expect(endpoint["url"]?.string == "wss://localhost:\(harbour.standIn.ports["eu"] ?? 0)/v3/ws")
        #expect(endpoint["breaker"]?.string == "closed")
        #expect(endpoint["last_failure"]?["kind"]?.string == "connect-failed")
        #expect(zones[0]["endpoints"]?.items?.first?["last_failure"] == nil)
        try harbour.reload { _ in }
        #expect(try harbour.admin("/status").json()["reloads"]?["faults"] == nil)
    }
}

/// What became of an end that was asked for.
private struct Ended: Equatable {
    var status: Int
    var ended: Int64?
}

extension RelayHarbour {
    fileprivate func end(_ target: String) throws -> Ended {
        let reply = try admin(target, method: "DELETE", "Tidegate-Admin: 1")
        return Ended(status: reply.status, ended: try reply.json()["ended"]?.integer)
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
