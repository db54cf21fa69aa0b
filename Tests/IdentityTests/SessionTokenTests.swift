import Policy
import Testing

@testable import Identity

@Suite struct SessionTokenTests {
    @Test func aNewTokenHasAnIdOfItsOwn() {
        #expect(SessionToken.some().id.count == 16)
        #expect(SessionToken.some().id != SessionToken.some().id)
    }

    /// Nobody who asked for 60 seconds gets 59.
    @Test(arguments: [(100.0, 160), (100.2, 161), (100.999, 161), (0, 60)])
    func itLastsNoShorterThanItWasAskedFor(now: Double, expires: Int) {
        let token = SessionToken(
            for: TenantName("acme")!, lifetime: 60, from: now, bounds: CredentialBounds(), ground: .operators, name: "")
        #expect(token.expires == expires)
        #expect(Double(token.issued) / 1000 >= now && Double(token.issued) / 1000 < now + 0.001)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300]) func aClockThatIsNoneIsNoTrap(now: Double) {
        let token = SessionToken(
            for: TenantName("acme")!, lifetime: 60, from: now, bounds: CredentialBounds(), ground: .operators, name: "")
        #expect(token.expires == 60 && token.issued == 0)
    }
}
