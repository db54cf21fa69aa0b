import Identity
import Policy
import Testing

@Suite struct TenantClaimsTests {
    @Test func aClaimProvesTheTenantThatHasIt() {
        let claims = claims(["acme": token("acme-gmbh"), "globex": token("globex", from: "https://b.example")])
        #expect(claims.owner(of: claim("acme-gmbh"), from: "https://a.example") == TenantName("acme"))
        #expect(claims.owner(of: claim("acme-gmbh"), from: "https://b.example") == TenantName("acme"))
        #expect(claims.owner(of: claim("globex"), from: "https://b.example") == TenantName("globex"))
        #expect(claims.owner(of: claim("globex"), from: "https://a.example") == nil)
        #expect(claims.owner(of: claim("ACME-gmbh"), from: "https://a.example") == nil)
        #expect(claims.owner(of: TenantClaim(claim: "org", value: "acme-gmbh"), from: "https://a.example") == nil)
    }

    @Test func aClaimThatTwoTenantsHaveProvesNeither() {
        let both = claims(["acme": token("x"), "globex": token("x")])
        #expect(both.owner(of: claim("x"), from: "https://a.example") == nil)
        let overlapping = claims(["acme": token("x"), "globex": token("x", from: "https://b.example")])
        #expect(overlapping.owner(of: claim("x"), from: "https://a.example") == TenantName("acme"))
        #expect(overlapping.owner(of: claim("x"), from: "https://b.example") == nil)
        let apart = claims([
            "acme": token("x", from: "https://a.example"), "globex": token("x", from: "https://b.example"),
        ])
        #expect(apart.owner(of: claim("x"), from: "https://a.example") == TenantName("acme"))
        #expect(apart.owner(of: claim("x"), from: "https://b.example") == TenantName("globex"))
    }

    /// RFC 7519 §7.3.
    @Test func textsThatOnlyLookTheSameAreTwo() {
        let claims = claims(["acme": token("caf\u{e9}")])
        #expect(claims.owner(of: claim("caf\u{e9}"), from: "i") == TenantName("acme"))
        #expect(claims.owner(of: claim("cafe\u{301}"), from: "i") == nil)
    }
}

private func claim(_ value: String) -> TenantClaim { TenantClaim(claim: "tenant", value: value) }

private func token(_ value: String, from issuer: String? = nil) -> TenantToken {
    TenantToken(claim(value), from: issuer)
}

private func claims(_ tokens: [String: TenantToken]) -> TenantClaims {
    let tenants = tokens.map { Tenant(name: TenantName($0)!, residency: .any, jwt: $1) }
    return TenantClaims(of: PolicySnapshot(version: "v", site: Site(name: "s"), zones: [], tenants: tenants))
}
