import Crypto
import Policy
import Testing

@testable import Identity

@Suite struct ClientKeysTests {
    private let hash = ClientKeyHash(name: "backend", sha256: Digest.sha256(Array("one".utf8)))

    @Test func aKeyIsFoundByItsTextAndByItsDigest() {
        let keys = ClientKeys(of: policy(["acme"]))
        #expect(keys.owner(of: "one")?.tenant.text == "acme" && keys.owner(of: "one")?.key == hash)
        #expect(keys.owner(sha256: hash.sha256)?.key == hash)
        #expect(keys.owner(of: "two") == nil && keys.owner(sha256: []) == nil)
    }

    @Test func aKeyThatTwoTenantsClaimIsNobodys() {
        #expect(ClientKeys(of: policy(["acme", "globex"])).owner(of: "one") == nil)
    }

    private func policy(_ tenants: [String]) -> PolicySnapshot {
        PolicySnapshot(
            version: "v", site: Site(name: "s"), zones: [],
            tenants: tenants.map { Tenant(name: TenantName($0)!, residency: .any, keys: [hash]) })
    }
}
