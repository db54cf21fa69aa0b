import Configuration
import Crypto
import Foundation
import HTTP
import Policy
import Reactor
import StandIn
import Testing

@testable import RelayServer

/// What commands learn from a running relay.
@Suite("Admin client", .timeLimit(.minutes(10))) struct AdminClientTests {
    @Test func aRelayIsReadyOrSaysWhyNot() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let client = AdminClient(try harbour.adminURL() + "/readyz")
        #expect(try client.reasonsAgainstReadiness() == [])
        harbour.relay.status.drains()
        #expect(try client.reasonsAgainstReadiness() == ["The relay is shutting down."])
        #expect(try client.reasonsAgainstHealth() == [])
    }

    @Test func theTokenOfTheConfigurationIsShown() throws {
        let harbour = try RelayHarbour { try $0.openAdmin(token: "token-of-operators") }
        let stranger = AdminClient(try harbour.adminURL())
        let error = #expect(throws: AdminClientError.self) { try stranger.reasonsAgainstReadiness() }
        #expect(error.map { "\($0)" }?.contains("401: Show the token") == true)
        #expect(throws: AdminClientError.self) { try stranger.reasonsAgainstHealth() }
        let client = AdminClient(try harbour.adminURL(), token: Secret("token-of-operators"))
        #expect(try client.reasonsAgainstReadiness() == [])
        #expect(try client.sessions() == [])
    }

    @Test func nobodyAnsweringIsSaidSo() {
        let error = #expect(throws: AdminClientError.self) {
            try AdminClient("http://127.0.0.1:1/readyz").reasonsAgainstReadiness()
        }
        #expect(error.map { "\($0)".hasPrefix("http://127.0.0.1:1 does not answer: ") } == true)
    }

    @Test func allSessionsAreReadPageByPage() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let clients = ["acme", "globex", "umbrella"].map {
            harbour.client($0, fields: ["Origin": HarbourTenant.origin])
        }
        for client in clients { try client.begun() }
        let sessions = try AdminClient(try harbour.adminURL()).sessions()
        #expect(sessions.map(\.tenant).sorted() == ["acme", "globex", "umbrella"])
        let acme = try #require(sessions.first { $0.tenant == "acme" })
        #expect(acme.zone == "eu")
        #expect(acme.asked == nil)
        #expect(acme.origin == HarbourTenant.origin)
        #expect(acme.hasAuthorization)
        #expect(acme.credential?.name == "main")
        #expect(acme.policy == "1")
    }

    @Test func policyJudgesWhatIsLive() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let client = harbour.client("initech", "/v3/ws?zone=eu&prompt=hush&x%00=1")
        try client.begun()
        let live = try #require(try AdminClient(try harbour.adminURL()).liveSessions().first)
        #expect(live.tenant.text == "initech")
        #expect(live.zone == .eu)
        let old = harbour.relay.snapshot.policy
        #expect(live.refusal(from: old, to: old) == nil)
        // Names that can be told, and no value.
        #expect(live.parameters == ["prompt", "zone"])
        let strict = PolicySnapshot(
            version: "2", site: old.site, zones: old.zones, hosts: old.hosts,
            parameters: ParameterRules(allow: ["sample_rate"]), tenants: Array(old.tenants.values))
        #expect(live.refusal(from: old, to: strict)?.name == .badRequest)
        // The same tenant, kept out of the zone it is in.
        let tenant = try #require(old.tenants[live.tenant])
        let new = PolicySnapshot(
            version: "2", site: old.site, zones: old.zones, hosts: old.hosts,
            tenants: [Tenant(name: tenant.name, residency: .zones(.us), keys: tenant.keys)])
        #expect(live.refusal(from: old, to: new)?.name == .residency)
    }

    @Test func aConfigurationLeadsToItsOwnListener() throws {
        let site = Site(name: "here")
        var settings = Settings(site: site, listeners: [], zones: [])
        #expect(throws: AdminClientError.self) { try AdminClient(settings, environment: [:]) }
        settings.admin = AdminSettings(address: ListenAddress(.v4(0), port: 1), token: .environment("TOKEN"))
        #expect(throws: AdminClientError.self) { try AdminClient(settings, environment: [:]) }
        let client = try AdminClient(settings, environment: ["TOKEN": "x"])
        let error = #expect(throws: AdminClientError.self) { try client.sessions() }
        #expect(error.map { "\($0)".hasPrefix("http://127.0.0.1:1 ") } == true)
    }
}

extension RelayHarbour {
    func adminURL() throws -> String { "http://127.0.0.1:\(try #require(relay.adminAddress?.port))" }
}
