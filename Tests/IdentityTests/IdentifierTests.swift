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

extension Identifier {
    fileprivate func identification(of credential: Credential?) -> Identification {
        switch identify(credential) {
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
