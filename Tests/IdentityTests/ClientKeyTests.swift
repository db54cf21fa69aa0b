import Crypto
import Policy
import Testing

@testable import Identity

@Suite struct ClientKeyTests {
    @Test func aKeyIsAPrefixAnd43CharactersOfBase64url() {
        let key = ClientKey.make()
        #expect(key.text.hasPrefix("tg_"))
        #expect(key.text.utf8.count == 46)
        #expect(Base64.url.decode(key.text.dropFirst(3))?.count == 32)
        #expect(key.text != ClientKey.make().text)
    }

    @Test func theHashIsThatOfTheWholeText() {
        let key = ClientKey(bytes: Array(repeating: 0, count: 32))
        #expect(key.text == "tg_" + String(repeating: "A", count: 43))
        #expect(key.sha256 == Hex.encode(Digest.sha256([UInt8](key.text.utf8))))
        #expect(key.sha256.utf8.count == 64)
    }

    @Test func aMadeKeyIsAcceptedByItsHash() throws {
        let key = ClientKey.make()
        let hash = ClientKeyHash(name: "backend", sha256: try #require(Hex.decode(key.sha256)))
        let tenant = Tenant(name: TenantName("acme")!, residency: .any, keys: [hash])
        let policy = PolicySnapshot(version: "v", site: Site(name: "s"), zones: [], tenants: [tenant])
        #expect(
            Identifier(of: policy).identify(.find(authorization: [key.text]), at: 0)
                == .settled(Identification(.tenant(tenant.name), by: CredentialProof(hash))))
    }

    @Test func aKeyNeverPrints() {
        let key = ClientKey.make()
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] { #expect(!text.contains("tg_")) }
    }
}
