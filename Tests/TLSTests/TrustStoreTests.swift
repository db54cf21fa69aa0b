import StandIn
import Testing

@testable import TLS

@Suite struct TrustStoreTests {
    private let house = House()

    @Test func everyAuthorityOfABundleIsBelieved() throws {
        let other = ThrowawayAuthority(name: "Other")
        let trust = try TrustStore(pem: other.certificatePEM + house.authority.certificatePEM)
        let client = try TLSClientContext(trust: trust)
        #expect(try Pair(client: client, server: house.server()).handshake().client.error == nil)
        let theirs = try TLSCertificate(other.issue(names: ["relay.test"]))
        #expect(try Pair(client: client, server: house.server(theirs)).handshake().client.error == nil)
    }

    @Test func itIsReadFromAFile() throws {
        let directory = try TemporaryDirectory()
        let path = try house.authority.write(to: directory.path, name: "authority")
        let client = try TLSClientContext(trust: TrustStore(file: path))
        #expect(try Pair(client: client, server: house.server()).handshake().client.error == nil)
    }

    @Test func aFileThatCannotBeReadIsNamed() {
        expectSetupError(["/nowhere/ca.crt"]) { try TrustStore(file: "/nowhere/ca.crt") }
        expectSetupError(["ca.crt", "certificate"]) { try TrustStore(pem: [], name: "ca.crt") }
    }

    @Test func theSystemsAuthoritiesDoNotBelieveAStranger() throws {
        guard let trust = try? TrustStore.system() else { return }  // a machine without ca-certificates
        let client = try TLSClientContext(trust: trust)
        let pair = try Pair(client: client, server: house.server()).handshake()
        #expect(pair.client.error?.kind == .verification(.unknownAuthority))
        #expect(try TrustStore.system() === trust)
    }
}
