import Crypto
import Policy
import RelayTestKit
import Testing

@testable import Identity

@Suite struct IdentifierJSONWebTokenTests {
    @Test func aTokenOfAnIssuerProvesTheTenantOfItsClaim() throws {
        let token = signer.token(id: "1", claims: claims())
        for place in places(of: token) {
            let identification = try settled(identifier(acme).identify(place, at: now) { keys($0) })
            #expect(identification.outcome == .tenant(acme))
            #expect(identification.proof?.kind == .jwt)
            #expect(identification.proof?.ground == .claim(issuer: issuer, claim))
            #expect(identification.proof?.name == "x")
            #expect(identification.oneTime == nil && identification.bounds == CredentialBounds())
        }
    }

    @Test func whatProvesNobodyIsUnknownAndWhatIsOverSaysSo() throws {
        func outcome(_ token: String) throws -> IdentityOutcome {
            try settled(identifier(acme).identify(.find(authorization: [token]), at: now) { keys($0) }).outcome
        }
        #expect(try outcome(signer.token(id: "1", claims: claims(tenant: "y"))) == .unknown)
        #expect(try outcome(TokenSigner(.es256).token(id: "1", claims: claims())) == .unknown)
        #expect(try outcome(signer.token(id: "1", claims: claims(exp: 1))) == .expired)
    }

    @Test func aTokenOfAnUnknownKeyNeedsTheIssuersNewerKeys() {
        let credential = Credential.find(authorization: [signer.token(id: "2", claims: claims())])
        #expect(identifier(acme).identify(credential, at: now) { keys($0) } == .needsKeys(issuer: issuer))
        #expect(identifier(acme).identify(credential, at: now) == .needsKeys(issuer: issuer))
    }

    @Test func aSessionStandsAsLongAsItsClaimAndItsIssuerDo() throws {
        let credential = Credential.find(authorization: [signer.token(id: "1", claims: claims())])
        let proof = try #require(try settled(identifier(acme).identify(credential, at: now) { keys($0) }).proof)
        #expect(identifier(acme).identifyAgain(proof, of: acme) == .tenant(acme))
        let globex = try #require(TenantName("globex"))
        #expect(identifier(globex).identifyAgain(proof, of: acme) == .tenant(globex))
        #expect(Identifier(of: policy([]), issuers: [believed]).identifyAgain(proof, of: acme) == .unknown)
        #expect(Identifier(of: policy([acme])).identifyAgain(proof, of: acme) == .unknown)
    }

    private let acme = TenantName("acme")!

    private func places(of token: String) -> [Credential?] {
        [
            .find(authorization: ["Bearer " + token]), .find(authorization: [], tokenParameter: [token]),
            .find(authorization: [], subprotocols: ["tidegate.v1", "bearer." + token]),
        ]
    }

    private func settled(_ step: IdentityStep) throws -> Identification {
        guard case .settled(let identification) = step else { throw NotSettled() }
        return identification
    }
}

private struct NotSettled: Error {}

private let signer = TokenSigner.p256
private let issuer = "https://login.example.com/"
private let now = 1_800_000_000.0
private let claim = TenantClaim(claim: "tenant", value: "x")
private let believed = TokenIssuer(issuer: issuer, audience: "stt", tenantClaim: "tenant", algorithms: [.es256])

private func keys(_ asked: String) -> KeySet? {
    asked == issuer ? try? KeySet(TokenSigner.keySet(signer.jwk(id: "1"))) : nil
}

private func claims(tenant: String = "x", exp: Int = 1_800_000_600) -> String {
    #"{"iss":"\#(issuer)","aud":"stt","tenant":"\#(tenant)","exp":\#(exp)}"#
}

private func identifier(_ tenant: TenantName) -> Identifier {
    Identifier(of: policy([tenant]), issuers: [believed])
}

private func policy(_ tenants: [TenantName]) -> PolicySnapshot {
    PolicySnapshot(
        version: "v", site: Site(name: "s"), zones: [],
        tenants: tenants.map { Tenant(name: $0, residency: .any, jwt: TenantToken(claim)) })
}
