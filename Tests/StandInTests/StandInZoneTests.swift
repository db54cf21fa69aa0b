import Reactor
import StandIn
import Testing

@Suite struct StandInZoneTests {
    @Test func aZonePlaysTheProviderUnlessToldOtherwise() {
        let zone = StandInZone("eu", keys: ProviderKeys([]))
        #expect(
            zone.mode == .provider && zone.address.isLoopback && zone.address.port == 0 && zone.maxOpensPerMinute == nil
        )
        #expect(zone.maxSessionSeconds == 10_800 && zone.delays == ProviderSession.Delays())
        #expect(StandInZone.Mode.allCases.map(\.rawValue) == ["provider", "echo", "echo-frames"])
    }

    @Test func aZoneIsGivenAnIssuedCertificateInOneStep() throws {
        let authority = ThrowawayAuthority(name: "Test")
        let zone = try StandInZone("eu", keys: ProviderKeys([]), issuedBy: authority, names: ["localhost"])
        #expect(zone.tls != nil)
    }
}
