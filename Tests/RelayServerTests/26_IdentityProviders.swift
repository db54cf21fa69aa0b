import Configuration
import Crypto
import Foundation
import HTTP
import Policy
import RelayCore
import RelayServer
import RelayTestKit
import StandIn
import Testing

/// JWTs of a company's own identity provider, over real sockets.
@Suite("26 Identity providers", .timeLimit(.minutes(10))) struct IdentityProviders {
    @Test(arguments: JSONWebAlgorithm.allCases)
    func aTokenOfTheProviderOpensASession(_ algorithm: JSONWebAlgorithm) throws {
        let signer = TokenSigner.of(algorithm)
        let harbour = try RelayHarbour { try $0.believe([signer]) }
        let token = signer.token(id: algorithm.rawValue, claims: claims())
        try harbour.stranger(fields: ["Authorization": "Bearer " + token]).begun()
        try harbour.stranger("/v3/ws?token=" + token).begun()
        #expect(!harbour.log.text.contains { $0.contains(token) })
        let heads = harbour.ledger.snapshot.requests.map(\.head)
        #expect(heads.count == 2 && !heads.contains { $0.contains(token) })
    }

    @Test func whatTheProviderDidNotSayIsRefusedAlikeAndCostsNoDial() throws {
        let harbour = try RelayHarbour { try $0.believe([.p256]) }
        let stranger = TokenSigner(.es256)
        for token in [
            stranger.token(id: "ES256", claims: claims()), stranger.token(id: "nobody's", claims: claims()),
            TokenSigner.p256.token(id: "ES256", claims: claims(tenant: "nobody")),
            TokenSigner.p256.token(id: "ES256", claims: claims(audience: "tts")),
            TokenSigner.p256.token(header: #"{"alg":"none"}"#, claims: claims()),
        ] {
            let refusal = try harbour.refusal(of: token)
            #expect(refusal["detail"]?.string == "The credential is not known or not accepted here.")
        }
        let over = TokenSigner.p256.token(id: "ES256", claims: claims(expires: -600))
        #expect(try harbour.refusal(of: over)["detail"]?.string?.contains("expired") == true)
        #expect(harbour.acceptedAnywhere == 0)
    }

    @Test func aChangedKeySetIsInForceAtOnceAndASessionOutlivesItsKey() throws {
        let harbour = try RelayHarbour { try $0.believe([.p256]) }
        let old = TokenSigner.p256.token(id: "ES256", claims: claims())
        let client = harbour.stranger(fields: ["Authorization": old])
        try client.begun()
        try harbour.reload { try $0.believe([.ed25519]) }
        #expect(try harbour.refusal(of: old)["type"] == "urn:tidegate:refusal:unauthenticated")
        try harbour.stranger(fields: ["Authorization": TokenSigner.ed25519.token(id: "EdDSA", claims: claims())])
            .begun()
        // Without the provider there is nothing left that the session rests on.
        try harbour.reload { $0.identity = [] }
        #expect(try client.toTheEnd().closeCode == 4401)
    }

    @Test func allThatATenantProvesItselfWithMintsWithinOneBound() throws {
        let harbour = try RelayHarbour.withTokens { plan in
            plan.mints = MintLimits.Rules(credential: 100, tenant: 2)
            try plan.believe([.p256])
        }
        let jwt = "Bearer " + TokenSigner.p256.token(id: "ES256", claims: claims())
        _ = try harbour.mint()
        #expect(try harbour.askForToken(authorization: jwt).status == 200)
        for credential in [harbour.key(of: "acme"), jwt] {
            let answer = try harbour.askForToken(authorization: credential)
            #expect(answer.status == 429 && answer.head.fields.first("Retry-After") == "30")
            #expect(answer.json["error"] == "A limit is reached: 2 tokens a minute for tenant acme.")
        }
        _ = try harbour.mint("globex")
    }

    /// A provider over HTTPS whose first answer is not there yet when the client comes.
    @Test func aClientThatComesBeforeTheKeysWaitsForThem() throws {
        let set = String(decoding: TokenSigner.keySet(TokenSigner.p256.jwk(id: "ES256")), as: UTF8.self)
        let harbour = try RelayHarbour()
        harbour.standIn.fail(
            "us", with: [StandIn.Fault(.slowAnswer(milliseconds: 300)), StandIn.Fault(.status(200, body: set))])
        let url = "https://localhost:\(harbour.standIn.ports["us"] ?? 0)/keys"
        try harbour.reload { plan in
            plan.tenants[0].jwt = TenantToken(TenantClaim(claim: "tenant", value: "acme"))
            plan.identity = [provider(.url(url), authority: harbour.folder + "/authority.crt")]
        }
        try harbour.stranger(fields: ["Authorization": TokenSigner.p256.token(id: "ES256", claims: claims())]).begun()
    }
}

private let issuer = "https://login.example.com/"

private func provider(
    _ keys: IdentitySettings.KeySource, authority: String? = nil
) -> IdentitySettings {
    IdentitySettings(
        issuer: issuer, audience: "stt", keys: keys, tenantClaim: "tenant",
        algorithms: Set(JSONWebAlgorithm.allCases), authority: authority.map { .file($0) } ?? .system)
}

/// - Parameter expires: seconds from now.
private func claims(tenant: String = "acme", audience: String = "stt", expires: Int = 600) -> String {
    let exp = Int(Date().timeIntervalSince1970) + expires
    return #"{"iss":"\#(issuer)","aud":"\#(audience)","tenant":"\#(tenant)","exp":\#(exp)}"#
}

extension RelayHarbour.Plan {
    /// A provider whose keys are in a file, each by the name of its algorithm, proves the first tenant.
    fileprivate mutating func believe(_ signers: [TokenSigner]) throws {
        let path = folder + "/keys-\(version).json"
        let keys = signers.map { $0.jwk(id: $0.algorithm.rawValue) }.joined(separator: ",")
        try Data(TokenSigner.keySet(keys)).write(to: URL(filePath: path))
        tenants[0].jwt = TenantToken(TenantClaim(claim: "tenant", value: tenants[0].name))
        identity = [provider(.file(path))]
    }
}

extension RelayHarbour {
    /// The problem document that answers this token.
    fileprivate func refusal(of token: String) throws -> JSONValue {
        let client = stranger(fields: ["Authorization": "Bearer " + token])
        guard case .answered(_, let body) = try client.event() else { return .null }
        return try JSONValue(parsing: String(decoding: body, as: UTF8.self))
    }
}
