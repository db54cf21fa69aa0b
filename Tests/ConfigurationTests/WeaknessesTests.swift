import Testing

@testable import Configuration

@Suite struct WeaknessesTests {
    @Test func aConfigurationWithoutWeaknessHasNone() throws {
        #expect(try told(file, "eu", "[eu, us]", "edge", "any") == [])
    }

    @Test(arguments: [
        (
            "[\"wss://a.example/\", \"wss://b.example/\"]", "[\"wss://a.example/\"]", "eu",
            "tidegate.yaml:5:19: warning: zone eu has one endpoint, and tenant t1 may be heard nowhere else: while it "
                + "fails they are not served; add another endpoint, such as the same name by a private link"
        ),
        (
            "us: \"wss://us.example/\"", "", "us",
            "p1.yaml:2:27: warning: tenant t1 is always refused here: this site is in eu, which its residency (us) does "
                + "not admit, and no site of its zones is known; name one under `site: elsewhere:`"
        ),
        (
            "  edge: {endpoints: [\"wss://a.example/\", \"wss://b.example/\"], key: {env: KEY}}\n", "", "any",
            "p1.yaml:2:27: warning: tenant t1 may be heard anywhere, but without an edge zone its requests that ask for "
                + "no zone are refused; list its zones instead of `any`, the first for those"
        ),
    ])
    func whatIsWeakIsToldWithItsPlaceAndRemedy(
        part: String, replacement: String, residency: String, expected: String
    ) throws {
        let found = try told(file.replacing(part, with: replacement), residency)
        #expect(found == [expected])
    }

    @Test func manyTenantsOfAZoneAreOneWarning() throws {
        let weak = file.replacing("[\"wss://a.example/\", \"wss://b.example/\"]", with: "[\"wss://a.example/\"]")
        let lines = try told(weak, "eu", "eu", "eu", "eu", "[eu, us]")
        #expect(lines.count == 1)
        #expect(lines.first?.contains("tenants t1, t2, t3 and 1 more may be heard nowhere else") == true)
    }

    @Test func certificatesThatNobodyAsksForAreAWarning() throws {
        let directory = try Directory()
        try directory.write(
            "p1.yaml", "version: 1\ntenants: {t1: {residency: [eu, us], clients: {certificates: [CN=device]}}}")
        func told(_ file: String) throws -> [String] {
            let path = try directory.write("tidegate.yaml", file)
            let result = ConfigurationLoader.load(path, environment: ["KEY": "k"])
            return directory.told(result.readFaults.warnings).filter { !$0.contains("`receipts` is left out") }
        }
        #expect(
            try told(file) == [
                "p1.yaml:2:62: warning: no listener asks for client certificates, so none proves tenant t1; name those "
                    + "who issue them under `listeners: tls: client_ca:`"
            ])
        let asked = "tls: {certificates: [{chain: a, key: b}], client_ca: c}"
        #expect(try told(file.replacing("0\"}]", with: "0\", \(asked)}]")) == [])
    }

    @Test(arguments: [
        (
            "", "{claim: org, value: t1}",
            "no token proves tenant t1: there is no identity provider; name one under `identity`"
        ),
        (
            provider("a", "org"), "{claim: tenant, value: t1}",
            "no token proves tenant t1: `tenant` is not the `tenant_claim` of an identity provider; configured: `org`"
        ),
        (
            provider("a", "org"), "{claim: org, value: t1, issuer: b}",
            "no token proves tenant t1: no identity provider has the issuer `b`; configured: `a`"
        ),
        (
            provider("a", "org") + ", " + provider("b", "org"), "{claim: org, value: t1}",
            "any of 2 identity providers can say that a client is tenant t1's; whoever chooses the claims of one of them "
                + "can connect for it; name the tenant's own as `issuer`"
        ),
    ])
    func whoseTokensProveATenantIsToldWhereItIsNotWhatWasMeant(
        providers: String, jwt: String, expected: String
    ) throws {
        #expect(try told(providers: providers, jwt: jwt) == ["p1.yaml:2:46: warning: " + expected])
    }

    @Test(arguments: [
        (provider("a", "org"), "{claim: org, value: t1}"), (provider("a", "org"), "{claim: org, value: t1, issuer: a}"),
        (provider("a", "org") + ", " + provider("b", "org"), "{claim: org, value: t1, issuer: b}"),
        (provider("a", "org") + ", " + provider("b", "tenant"), "{claim: org, value: t1}"),
    ])
    func aTenantOfOneIssuerNeedsNoWord(providers: String, jwt: String) throws {
        #expect(try told(providers: providers, jwt: jwt) == [])
    }

    @Test func aTenantThatEverySiteMayServeIsNotRefused() throws {
        let alone = file.replacing("us: \"wss://us.example/\"", with: "")
        #expect(try told(alone, "edge", "any", "[us, eu]") == [])
    }
}

/// Nothing is weak about it.
private let file = """
    version: 1
    site: {name: here, zone: eu, elsewhere: {us: "wss://us.example/"}}
    listeners: [{address: "127.0.0.1:0"}]
    zones:
      eu: {endpoints: ["wss://a.example/", "wss://b.example/"], key: {env: KEY}}
      us: {endpoints: ["wss://a.example/", "wss://b.example/"], key: {env: KEY}}
      edge: {endpoints: ["wss://a.example/", "wss://b.example/"], key: {env: KEY}}
    policy: ["p*.yaml"]
    """

/// The warnings of `file` with one policy file and one tenant for each residency; those of single files are left out.
private func told(_ file: String, _ residencies: String...) throws -> [String] {
    let directory = try Directory()
    let path = try directory.write("tidegate.yaml", file)
    for (index, residency) in residencies.enumerated() {
        let number = index + 1
        let hash = String(repeating: "\(number)", count: 64)
        try directory.write(
            "p\(number).yaml",
            """
            version: 1
            tenants: {t\(number): {residency: \(residency), clients: {keys: [{name: web, sha256: "\(hash)"}]}}}
            """)
    }
    let result = ConfigurationLoader.load(path, environment: ["KEY": "k"])
    #expect(result.readFaults.errors == [])
    return directory.told(result.readFaults.warnings).filter { !$0.contains("`receipts` is left out") }
}

private func provider(_ issuer: String, _ claim: String) -> String {
    "{issuer: \(issuer), audience: stt, jwks: https://idp.example/, tenant_claim: \(claim), algorithms: [ES256]}"
}

/// The warnings of `file` with these identity providers, and one tenant that tokens prove.
private func told(providers: String, jwt: String) throws -> [String] {
    let directory = try Directory()
    let path = try directory.write(
        "tidegate.yaml", file + (providers.isEmpty ? "" : "\nidentity: [\(providers)]"))
    try directory.write("p1.yaml", "version: 1\ntenants: {t1: {residency: eu, clients: {jwt: \(jwt)}}}")
    let result = ConfigurationLoader.load(path, environment: ["KEY": "k"])
    #expect(result.readFaults.errors == [])
    return directory.told(result.readFaults.warnings).filter { !$0.contains("`receipts` is left out") }
}
