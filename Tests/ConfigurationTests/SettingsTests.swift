import Policy
import Testing

@testable import Configuration

@Suite struct SettingsTests {
    @Test func settingsBuiltInCodeHaveTheFilesDefaults() {
        let timeouts = TimeoutSettings()
        #expect(timeouts.handshake == .seconds(10))
        #expect(timeouts.session == .seconds(10_800))
        #expect(LimitSettings().messageBytes == 1 << 20)
        #expect(LogSettings().level == .info)
        #expect(TLSSettings().records == .openssl)
    }

    @Test func theSnapshotHoldsZonesWithTheirEndpointsInOrder() throws {
        let eu = Zone("eu")!
        let endpoints = [try Endpoint("wss://a.example/", in: eu), try Endpoint("wss://b.example/", in: eu)]
        let settings = Settings(
            site: Site(name: "s"), listeners: [], hosts: ["eu.example": eu],
            zones: [ZoneSettings(zone: eu, endpoints: endpoints, key: .environment("K"))])
        let policy = settings.policy(version: "v", tenants: [Tenant(name: TenantName("a")!, residency: .any)])
        #expect(policy.endpoints(of: eu) == endpoints)
        #expect(policy.hosts == ["eu.example": eu])
        #expect(policy.tenants.count == 1)
    }

    @Test(
        arguments: [
            ("Authorization", "{key}", "k"), ("X-Api-Key", "Token {key};", "Token k;"), ("Host", "{key}", nil),
            ("sec-websocket-key", "{key}", nil), ("Connection", "{key}", nil), ("A B", "{key}", nil),
            ("", "{key}", nil),
            ("A", "key", nil), ("A", "{key}{key}", nil), ("A", "{key}\r\nB: c", nil),
        ] as [(String, String, String?)])
    func aKeyHeaderHoldsTheKeyOnce(name: String, template: String, value: String?) {
        #expect(KeyHeader(name: name, template: template).map { $0.before + "k" + $0.after } == value)
    }
}
