import Configuration
import Crypto
import Foundation
import HTTP
import Identity
import Policy
import Receipts
import RelayCore
import StandIn
import Testing

@testable import RelayServer

/// The pages of the operators' door, and the session that one of them opens. What they look like, a browser is asked elsewhere.
@Suite("17 Admin: pages", .timeLimit(.minutes(10))) struct AdminPages {
    @Test(arguments: ["/", "/try"]) func aPageIsOneFileThatRunsNothingButItself(path: String) throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let reply = try harbour.admin(path)
        #expect(reply.status == 200)
        #expect(reply.field("Content-Type") == "text/html; charset=utf-8")
        let policy = try #require(reply.field("Content-Security-Policy"))
        for (element, directive) in [("style", "style-src"), ("script", "script-src")] {
            let code = try #require(
                reply.body.firstMatch(of: try Regex("(?s)<\(element)>(.*)</\(element)>"))?[1].substring)
            let hash = Base64.standard.encode(Digest.sha256(Array(code.utf8)))
            #expect(policy.contains("\(directive) 'sha256-\(hash)'"))
            #expect(code.utf8.count > 1000 && !code.contains("/*\(element)*/"))
        }
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"] {
            #expect(policy.contains(part))
        }
        #expect(!policy.contains("unsafe"))
        // Nothing from elsewhere, and nothing that the policy would not let run.
        #expect(!reply.body.contains(try Regex(#"(src|href)="(https?:)?//"#)))
        #expect(!reply.body.contains(try Regex(#"<[^>]+ (on\w+|style)="#)))
        #expect(!reply.body.contains("innerHTML"))
    }

    @Test func aPageIsGivenToAnybodyWhoMayConnectAndNothingElseIs() throws {
        let harbour = try RelayHarbour { try $0.openAdmin(token: "token-of-operators") }
        for path in ["/", "/try", "/try/resampler.js"] {
            #expect(try harbour.admin(path).status == 200)
            // Whoever follows a link from a dashboard comes from another site.
            #expect(try harbour.admin(path, host: "ops.example", "Sec-Fetch-Site: cross-site").status == 200)
            #expect(try harbour.admin(path, method: "POST").status == 401)
        }
        for path in ["/status", "/try/choices", "/sessions", "//", "/try/"] {
            #expect(try harbour.admin(path).status == 401)
        }
        let open = try RelayHarbour { try $0.openAdmin() }
        // A name that was made to lead here is no more welcome for a page than for anything else.
        #expect(try open.admin("/", host: "attacker.example").status == 403)
    }

    @Test func everyAnswerThatIsNoPageRunsNothing() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        for path in ["/status", "/metrics", "/sessions", "/nothing"] {
            let reply = try harbour.admin(path)
            #expect(reply.field("Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'")
            #expect(reply.field("X-Content-Type-Options") == "nosniff")
        }
    }

    // MARK: Trying

    @Test func whatKeepsItFromWorkingIsSaidWithTheRemedy() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let choices = try harbour.admin("/try/choices").json()
        #expect(choices["obstacles"]?.items?.count == 2)
        #expect(choices["obstacles"]?.items?.first?["remedy"]?.string?.hasPrefix("admin:\n  token:") == true)
        #expect(choices["obstacles"]?.items?.last?["remedy"]?.string?.hasPrefix("tokens:\n  signing_keys:") == true)
        #expect(choices["tenants"]?.items?.compactMap { $0["name"]?.string } == harbour.tenants.map(\.name).sorted())
        #expect(choices["zones"]?.items?.compactMap(\.string) == ["us", "eu", "edge"])
        let listeners = choices["listeners"]?.items ?? []
        #expect(listeners.compactMap { $0["port"]?.integer } == [Int64(harbour.port), Int64(harbour.plainPort)])
        #expect(listeners.first?["secure"] == .bool(true) && listeners.last?["secure"] == .bool(false))
        let reply = try harbour.admin(
            "/try/token?tenant=acme", method: "POST", "Tidegate-Admin: 1", "Origin: http://localhost")
        #expect(reply.status == 409 && reply.body.contains("Give it a token"))
    }

    private static let page = "http://ops.example:9901"

    private func harbour(_ adjust: (inout RelayHarbour.Plan) throws -> Void = { _ in }) throws -> RelayHarbour {
        try RelayHarbour {
            try $0.openAdmin(token: "token-of-operators")
            $0.tokenKeys = [String(repeating: "ab", count: 32)]
            try adjust(&$0)
        }
    }

    private func mint(_ harbour: RelayHarbour, _ query: String = "?tenant=acme", _ origin: String = page) throws
        -> AdminReply
    {
        try harbour.admin(
            "/try/token" + query, method: "POST", host: String(origin.drop { $0 != "/" }.dropFirst(2)),
            "Authorization: Bearer token-of-operators", "Origin: \(origin)")
    }

    private func token(_ harbour: RelayHarbour, _ query: String = "?tenant=acme") throws -> String {
        try #require(try mint(harbour, query).json()["token"]?.string)
    }

    private func page(
        _ harbour: RelayHarbour, _ token: String, from origin: String = page, _ target: String = "/v3/ws"
    ) -> StandInClient {
        harbour.stranger(
            target, fields: ["Origin": origin, "Sec-WebSocket-Protocol": "tidegate.v1, bearer.\(token)"])
    }

    @Test func theConsolesPageOpensOneSessionAndItsReceiptSaysSo() throws {
        let log = try ReceiptLog()
        let harbour = try harbour { $0.receipts = log.settings() }
        #expect(
            try harbour.admin("/try/choices", "Authorization: Bearer token-of-operators").json()["obstacles"]?.items
                == [])
        let token = try token(harbour)
        let client = page(harbour, token)
        try client.begun()
        let listed = try harbour.admin("/sessions", "Authorization: Bearer token-of-operators").json()["sessions"]?
            .items?.first
        #expect(listed?["credential"]?["kind"]?.string == "console")
        #expect(listed?["origin"]?.string == Self.page)
        client.send(text: #"{"type":"Terminate"}"#)
        _ = try client.toTheEnd()
        let again = try page(harbour, token).toTheEnd()
        #expect(again.closeCode == 4401)
        #expect(try harbour.log.line("token-minted")["kind"]?.string == "console")
        #expect(!harbour.log.text.contains { $0.contains(token) })
        harbour.relay.stop()
        harbour.relay.wait()
        let receipt = try #require(log.lines(.session).first)
        let text = String(decoding: receipt.bytes, as: UTF8.self)
        #expect(text.contains(#""credential":{"kind":"console","name":"console""#))
        #expect(receipt.string("origin") == Self.page)
        #expect(text.contains("is the relay's own console, whose operator asked for this session."))
    }

    @Test func noOtherPageAndNoProgramCanUseItsToken() throws {
        let harbour = try harbour()
        let token = try token(harbour)
        for origin in ["http://ops.example:9902", "https://ops.example:9901", HarbourTenant.origin] {
            #expect(try page(harbour, token, from: origin).toTheEnd().closeCode == 4403)
        }
        let program = harbour.stranger(fields: ["Authorization": "Bearer \(token)"])
        #expect(try program.toTheEnd().refusal?.status == 403)
        // It is not spent by that.
        try page(harbour, token).begun()
    }

    @Test func policyHoldsForItAsForEverybody() throws {
        let harbour = try harbour()
        let refused = try mint(harbour, "?tenant=acme&zone=us")
        #expect(refused.status == 403 && refused.body.contains("not in the residency of tenant acme"))
        #expect(try page(harbour, try token(harbour), "/v3/ws?zone=us").toTheEnd().closeCode == 4403)
        #expect(
            try page(harbour, try token(harbour, "?tenant=initech&zone=eu"), "/v3/ws?zone=us").toTheEnd().closeCode
                == 4403)
        try page(harbour, try token(harbour, "?tenant=initech&zone=eu")).begun()
        _ = try harbour.session(in: "eu") { _ in true }
        // A tenant that is gone from the policy is gone here, too.
        let client = page(harbour, try token(harbour, "?tenant=globex"))
        try client.begun()
        try harbour.reload { plan in plan.tenants.removeAll { $0.name == "globex" } }
        #expect(try client.toTheEnd().closeCode == 4401)
        #expect(try mint(harbour, "?tenant=globex").status == 403)
    }

    @Test func onlyItsOwnPageIsGivenOne() throws {
        let harbour = try harbour()
        let operators = "Authorization: Bearer token-of-operators"
        func status(_ query: String, _ lines: String) throws -> Int {
            try harbour.admin("/try/token" + query, method: "POST", host: "ops.example", lines).status
        }
        #expect(try status("?tenant=acme", "Origin: http://ops.example") == 401)
        #expect(try status("?tenant=acme", "\(operators)\r\nOrigin: https://evil.example") == 403)
        #expect(try status("?tenant=acme", operators) == 400)
        for query in ["", "?tenant=", "?tenant=acme&zone=EU", "?tenant=acme&origin=https://evil.example"] {
            #expect(try status(query, "\(operators)\r\nOrigin: http://ops.example") == 400, "\(query)")
        }
        #expect(try status("?tenant=acme", "\(operators)\r\nOrigin: https://ops.example") == 200)
        #expect(try harbour.admin("/try/token?tenant=acme", operators).status == 405)
    }
}
