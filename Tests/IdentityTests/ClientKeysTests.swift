import Crypto
import Policy
import Testing

@testable import Identity

@Suite struct ClientKeysTests {
    @Test func aKeyProvesItsTenantAndHasAName() {
        let keys = ClientKeys(of: policy(["acme": ["one", "two"], "globex": ["three"]]))
        let identification = keys.identify(.find(authorization: ["two"]))
        #expect(identification.outcome == .tenant(TenantName("acme")!))
        #expect(
            identification.proof
                == CredentialProof(kind: .clientKey, name: "two", sha256: Digest.sha256(Array("two".utf8))))
        #expect(keys.identify(.find(authorization: ["Bearer three"])).outcome == .tenant(TenantName("globex")!))
    }

    @Test func whatProvedATenantIsJudgedAgainByTheKeysOfNow() throws {
        let before = ClientKeys(of: policy(["acme": ["one", "two"]]))
        let proof = try #require(before.identify(.find(authorization: ["two"])).proof)
        #expect(before.identifyAgain(proof).outcome == .tenant(TenantName("acme")!))
        #expect(ClientKeys(of: policy(["acme": ["one"]])).identifyAgain(proof).outcome == .unknown)
        #expect(
            ClientKeys(of: policy(["globex": ["two"]])).identifyAgain(proof).outcome == .tenant(TenantName("globex")!))
    }

    @Test func withoutACredentialOrWithAnUnknownOneNobodyIsProved() {
        let keys = ClientKeys(of: policy(["acme": ["one"]]))
        #expect(keys.identify(nil).outcome == .missing)
        for field in ["One", "onee", "Bearer", hexHash(of: "one")] {
            #expect(keys.identify(.find(authorization: [field])).outcome == .unknown, "\(field)")
        }
        #expect(keys.identify(.find(authorization: ["one", "two"])).outcome == .unknown)
    }

    @Test func aClientKeyIsRefusedInEveryOtherPlace() {
        let keys = ClientKeys(of: policy(["acme": ["one"]]))
        #expect(keys.identify(.find(authorization: [], tokenParameter: ["one"])).outcome == .unknown)
        #expect(
            keys.identify(.find(authorization: [], subprotocols: ["tidegate.v1", "bearer.one"])).outcome == .unknown)
        #expect(keys.identify(.find(certificateSubject: "one", authorization: ["one"])).outcome == .unknown)
    }

    @Test func aWrongKeyIsNotSavedByARightOneInALaterPlace() {
        let keys = ClientKeys(of: policy(["acme": ["one"]]))
        #expect(keys.identify(.find(authorization: ["wrong"], tokenParameter: ["one"])).outcome == .unknown)
    }

    @Test func aKeyThatTwoTenantsClaimProvesNeither() {
        let keys = ClientKeys(of: policy(["acme": ["shared", "own"], "globex": ["shared"]]))
        #expect(keys.identify(.find(authorization: ["shared"])).outcome == .unknown)
        #expect(keys.identify(.find(authorization: ["own"])).outcome == .tenant(TenantName("acme")!))
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
