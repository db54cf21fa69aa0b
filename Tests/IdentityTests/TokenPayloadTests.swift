import Crypto
import Policy
import Testing

@testable import Identity

@Suite struct TokenPayloadTests {
    @Test(arguments: [
        CredentialBounds(), CredentialBounds(zone: Zone("eu")), CredentialBounds(origin: Origin("https://app.example")),
        CredentialBounds(session: .seconds(60)),
        CredentialBounds(
            zone: Zone("house-2"), origin: Origin("http://[::1]:8443"), session: .seconds(10_800)),
    ])
    func boundsGoThroughUnchanged(bounds: CredentialBounds) {
        expectRoundTrip(.some(bounds: bounds))
    }

    @Test(arguments: [
        CredentialGround.operators, .key(sha256: Digest.sha256([1])),
        .certificate(name: "CN=billing,O=Acme", chain: []),
        .certificate(name: "", chain: [[1, 2, 3], [], Array(repeating: 7, count: 300)]),
        .claim(issuer: "https://login.example/", TenantClaim(claim: "tenant", value: "acme")),
        .claim(issuer: "", TenantClaim(claim: "ключ", value: "\u{0}\n")),
    ])
    func groundsGoThroughUnchanged(ground: CredentialGround) {
        expectRoundTrip(.some(ground: ground, name: "back end №1"))
    }

    @Test func whatTheConsoleMintsIsForItsPageAlone() {
        let bounds = CredentialBounds(console: Origin("http://127.0.0.1:9901")!, zone: Zone("eu"))
        let token = SessionToken.some(bounds: bounds, ground: .console, name: "console")
        expectRoundTrip(token)
        #expect(TokenPayload.decode(TokenPayload.encode(token)[...])?.bounds.isConsole == true)
        // Without its page it would be good from any.
        #expect(TokenPayload.decode(TokenPayload.encode(.some(ground: .console))[...]) == nil)
        // The same bounds on another ground are a page of the tenant's.
        let other = SessionToken.some(bounds: bounds, ground: .operators)
        #expect(TokenPayload.decode(TokenPayload.encode(other)[...])?.bounds.isConsole == false)
    }

    @Test(arguments: [0, 1, Int.max]) func anyMomentGoesThroughUnchanged(moment: Int) {
        expectRoundTrip(
            SessionToken(
                id: Array(0..<16), tenant: TenantName("a")!, issued: moment, expires: moment,
                bounds: CredentialBounds(),
                ground: .operators, name: ""))
    }

    @Test func aShorterOrLongerPayloadIsNone() {
        let bytes = TokenPayload.encode(.some(ground: .certificate(name: "CN=a", chain: [[1], [2, 3]])))
        for count in bytes.indices { #expect(TokenPayload.decode(bytes[..<count]) == nil) }
        #expect(TokenPayload.decode((bytes + [0])[...]) == nil)
    }

    /// Whatever the bytes are, reading them ends, and what is read is written the same.
    @Test func anyBytesAreAPayloadOrNone() {
        let bytes = TokenPayload.encode(.some(bounds: CredentialBounds(zone: Zone("eu"), session: .seconds(60))))
        for index in bytes.indices {
            for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
                var altered = bytes
                altered[index] = value
                guard let token = TokenPayload.decode(altered[...]) else { continue }
                #expect(TokenPayload.encode(token) == altered)
            }
        }
    }

    @Test func aBoundThatCannotBeHeldIsNotTakenForNone() throws {
        let bytes = TokenPayload.encode(.some(bounds: CredentialBounds(zone: Zone("eu"))))
        let place = try #require(bytes.firstRange(of: Array("eu".utf8)))
        var altered = bytes
        altered.replaceSubrange(place, with: "E!".utf8)
        #expect(TokenPayload.decode(altered[...]) == nil)
    }
}

private func expectRoundTrip(_ token: SessionToken) {
    // A slice of something longer, as a token's text yields it.
    let bytes = [9, 9] + TokenPayload.encode(token)
    #expect(TokenPayload.decode(bytes.dropFirst(2)) == token)
}
