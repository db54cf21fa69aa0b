import Crypto
import Policy
import Testing

@testable import Identity

@Suite struct IdentifierTests {
    @Test func aKeyProvesItsTenantAndHasAName() {
        let keys = Identifier(of: policy(["acme": ["one", "two"], "globex": ["three"]]))
        let identification = keys.identification(of: .find(authorization: ["two"]))
        #expect(identification.outcome == .tenant(TenantName("acme")!))
        #expect(
            identification.proof
                == CredentialProof(ClientKeyHash(name: "two", sha256: Digest.sha256(Array("two".utf8)))))
        #expect(
            keys.identification(of: .find(authorization: ["Bearer three"])).outcome == .tenant(TenantName("globex")!))
    }

    @Test func whatProvedATenantIsJudgedAgainByTheKeysOfNow() throws {
        let acme = TenantName("acme")!
        let before = Identifier(of: policy(["acme": ["one", "two"]]))
        let proof = try #require(before.identification(of: .find(authorization: ["two"])).proof)
        #expect(before.identifyAgain(proof, of: acme) == .tenant(TenantName("acme")!))
        #expect(Identifier(of: policy(["acme": ["one"]])).identifyAgain(proof, of: acme) == .unknown)
        #expect(
            Identifier(of: policy(["globex": ["two"]])).identifyAgain(proof, of: acme) == .tenant(TenantName("globex")!)
        )
    }

    @Test func withoutACredentialOrWithAnUnknownOneNobodyIsProved() {
        let keys = Identifier(of: policy(["acme": ["one"]]))
        #expect(keys.identification(of: nil).outcome == .missing)
        for field in ["One", "onee", "Bearer", hexHash(of: "one")] {
            #expect(keys.identification(of: .find(authorization: [field])).outcome == .unknown, "\(field)")
        }
        #expect(keys.identification(of: .find(authorization: ["one", "two"])).outcome == .unknown)
    }

    @Test func aClientKeyIsRefusedInEveryOtherPlace() {
        let keys = Identifier(of: policy(["acme": ["one"]]))
        #expect(keys.identification(of: .find(authorization: [], tokenParameter: ["one"])).outcome == .unknown)
        #expect(
            keys.identification(of: .find(authorization: [], subprotocols: ["tidegate.v1", "bearer.one"])).outcome
                == .unknown)
        #expect(
            keys.identification(
                of: .find(certificate: PresentedCertificate(names: ["one"], sha256: []), authorization: ["one"])
            ).outcome == .unknown)
    }

    @Test func aWrongKeyIsNotSavedByARightOneInALaterPlace() {
        let keys = Identifier(of: policy(["acme": ["one"]]))
        #expect(keys.identification(of: .find(authorization: ["wrong"], tokenParameter: ["one"])).outcome == .unknown)
    }

    @Test func aKeyThatTwoTenantsClaimProvesNeither() {
        let keys = Identifier(of: policy(["acme": ["shared", "own"], "globex": ["shared"]]))
        #expect(keys.identification(of: .find(authorization: ["shared"])).outcome == .unknown)
        #expect(keys.identification(of: .find(authorization: ["own"])).outcome == .tenant(TenantName("acme")!))
    }
}

// MARK: Other kinds of credentials

extension IdentifierTests {
    private static let acme = TenantName("acme")!
    private static let key = ClientKeyHash(name: "backend", sha256: Digest.sha256(Array("one".utf8)))
    private static let tokens = SessionTokens(keys: [Secret("a signing key of thirty-two bytes")])

    /// One tenant that everything proves.
    private static let everything = Tenant(
        name: acme, residency: .any, keys: [key], certificates: ["CN=device,O=Acme"],
        jwt: TenantToken(claim))
    private static let claim = TenantClaim(claim: "org", value: "acme")
    private static let issuer = TokenIssuer(issuer: "i", audience: "stt", tenantClaim: "org", algorithms: [.es256])

    private static func identifier(
        _ tenant: Tenant = everything, believing tokens: SessionTokens? = tokens, revoking revoked: [[UInt8]] = []
    ) -> Identifier {
        Identifier(
            of: PolicySnapshot(version: "v", site: Site(name: "s"), zones: [], tenants: [tenant]), tokens: tokens,
            issuers: [issuer]
        ) { revoked.contains($0) }
    }

    private static func places(of text: String) -> [Credential?] {
        [
            .find(authorization: [text]), .find(authorization: ["Bearer " + text]),
            .find(authorization: [], tokenParameter: [text]),
            .find(authorization: [], subprotocols: ["tidegate.v1", "bearer." + text]),
        ]
    }

    private static func token(
        _ ground: CredentialGround = .key(sha256: key.sha256), for tenant: TenantName = acme
    ) -> SessionToken {
        let bounds =
            ground == .console
            ? CredentialBounds(console: Origin("http://localhost:9901")!, zone: .edge) : CredentialBounds(zone: .edge)
        return SessionToken(
            for: tenant, lifetime: 60, from: SessionTokens.noon, bounds: bounds, ground: ground, name: "backend")
    }

    @Test func aTokenProvesItsTenantInEveryPlaceWithinItsBounds() {
        let token = Self.token()
        for credential in Self.places(of: Self.tokens.mint(token)) {
            let identification = Self.identifier().identification(of: credential)
            #expect(identification.outcome == .tenant(Self.acme))
            #expect(identification.bounds == CredentialBounds(zone: .edge))
            #expect(identification.oneTime == OneTime(id: token.id, issued: token.issued, expires: token.expires))
            #expect(identification.proof?.kind == .token && identification.proof?.name == "backend")
        }
    }

    @Test func aCertificateDecidesBeforeAnyOtherCredential() {
        func identification(_ names: [String]) -> Identification {
            Self.identifier().identification(
                of: .find(
                    certificate: PresentedCertificate(names: names, sha256: Array(repeating: 0xab, count: 32)),
                    authorization: ["one"]))
        }
        let identified = identification(["cn=device, O=Acme", "DNS:device.test"])
        #expect(identified.outcome == .tenant(Self.acme) && identified.oneTime == nil)
        #expect(identified.proof?.kind == .certificate && identified.proof?.name == "CN=device,O=Acme")
        #expect(identified.proof?.id == "abababababab")
        for names in [[], [""], ["CN=another"]] { #expect(identification(names) == .unknown) }
    }

    @Test func aTokenStandsAsLongAsWhatItWasMintedWith() {
        let other = Tenant(
            name: TenantName("other")!, residency: .any, keys: [Self.key], jwt: TenantToken(Self.claim))
        let bare = Tenant(name: Self.acme, residency: .any)
        for (ground, isRevocable) in [
            (CredentialGround.key(sha256: Self.key.sha256), true),
            (.certificate(name: "CN=device,O=Acme", chain: [[1]]), true),
            (.claim(issuer: "i", Self.claim), true),
            (.operators, false), (.console, false),
        ] {
            let text = Credential.find(authorization: [Self.tokens.mint(Self.token(ground))])
            let proof = Self.identifier().identification(of: text).proof
            #expect(proof?.ground == ground)
            for tenant in [bare, other] where isRevocable {
                #expect(Self.identifier(tenant).identification(of: text).outcome == .unknown, "\(ground)")
                #expect(proof.map { Self.identifier(tenant).identifyAgain($0, of: Self.acme) } != .tenant(Self.acme))
            }
            #expect(proof.map { Self.identifier().identifyAgain($0, of: Self.acme) } == .tenant(Self.acme))
        }
    }

    @Test func aTokenFallsWithAnyOfTheCertificatesThatItWasMintedWith() {
        let chain: [[UInt8]] = [[1], [2]]
        let text = Credential.find(
            authorization: [Self.tokens.mint(Self.token(.certificate(name: "CN=device,O=Acme", chain: chain)))])
        let shown = Credential.find(
            certificate: PresentedCertificate(names: ["CN=device,O=Acme"], sha256: [], chain: chain), authorization: [])
        for credential in [text, shown] {
            let proof = Self.identifier().identification(of: credential).proof
            #expect(proof?.ground == .certificate(name: "CN=device,O=Acme", chain: chain))
            for revoked in chain {
                let now = Self.identifier(revoking: [revoked])
                #expect(now.identification(of: credential).outcome == .unknown)
                #expect(proof.map { now.identifyAgain($0, of: Self.acme) } == .unknown)
            }
            #expect(Self.identifier(revoking: [[3]]).identification(of: credential).outcome == .tenant(Self.acme))
        }
    }

    @Test func whatATokenProvedStandsAsLongAsItsSigningKey() throws {
        let (old, new) = (Secret("a signing key of thirty-two bytes"), Secret("a newer signing key, as long as that"))
        let credential = Credential.find(authorization: [SessionTokens(keys: [old]).mint(Self.token())])
        let proof = try #require(Self.identifier().identification(of: credential).proof)
        for (keys, stands) in [([new, old], true), ([new], false)] {
            let now = Self.identifier(believing: SessionTokens(keys: keys))
            #expect(now.identifyAgain(proof, of: Self.acme) == (stands ? .tenant(Self.acme) : .unknown))
        }
        #expect(Self.identifier(believing: nil).identifyAgain(proof, of: Self.acme) == .unknown)
        // Nobody else's proof hangs on it.
        let key = try #require(Self.identifier().identification(of: .find(authorization: ["one"])).proof)
        #expect(Self.identifier(believing: nil).identifyAgain(key, of: Self.acme) == .tenant(Self.acme))
    }

    @Test func aTokenOfTheConsoleIsNamedSo() {
        let text = Credential.find(
            authorization: [], subprotocols: ["tidegate.v1", "bearer." + Self.tokens.mint(Self.token(.console))])
        let identification = Self.identifier().identification(of: text)
        #expect(identification.proof?.kind == .console)
        #expect(identification.bounds.isConsole && identification.bounds.zone == .edge)
        #expect(identification.oneTime != nil)
    }

    @Test func aTokenThatIsOverSaysSoOnlyIfItIsGenuine() {
        let text = Self.tokens.mint(Self.token())
        let credential = Credential.find(authorization: [text])
        let later = SessionTokens.noon + 3600
        #expect(Self.identifier().identify(credential, at: later) == .settled(Identification(.expired)))
        #expect(Self.identifier(believing: nil).identify(credential, at: later) == .settled(.unknown))
        let forged = SessionTokens(keys: [Secret("another key, of more than 32 bytes")]).mint(Self.token())
        #expect(Self.identifier().identify(.find(authorization: [forged]), at: later) == .settled(.unknown))
    }
}

extension Identifier {
    fileprivate func identification(of credential: Credential?) -> Identification {
        switch identify(credential, at: SessionTokens.noon) {
        case .settled(let identification): identification
        case .needsKeys: Identification(.unknown)
        }
    }
}

private func policy(_ keys: [String: [String]]) -> PolicySnapshot {
    let tenants = keys.map { name, texts in
        Tenant(
            name: TenantName(name)!, residency: .any,
            keys: texts.map { ClientKeyHash(name: $0, sha256: Digest.sha256([UInt8]($0.utf8))) })
    }
    return PolicySnapshot(version: "v", site: Site(name: "s"), zones: [], tenants: tenants)
}

private func hexHash(of text: String) -> String {
    Hex.encode(Digest.sha256([UInt8](text.utf8)))
}
