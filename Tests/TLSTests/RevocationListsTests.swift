import StandIn
import Testing

@testable import TLS

@Suite struct RevocationListsTests {
    private let house = House()

    @Test func aFileHoldsListsOfSeveralIssuers() throws {
        let devices = house.authority.intermediate(name: "Devices")
        let stranger = ThrowawayAuthority(name: "Stranger")
        let pem = house.authority.revocationList(validity: .days(9)) + devices.revocationList(validity: .expired)
        let lists = try RevocationLists(pem: pem + stranger.revocationList())
        let trust = try TrustStore(pem: house.authority.certificatePEM + devices.certificatePEM)
        let facts = lists.facts(under: trust)
        #expect(facts.map(\.issuer) == ["CN=Throwaway authority", "CN=Devices", "CN=Stranger"])
        #expect(facts.map(\.isIssuedByThem) == [true, true, false])
        let seconds = facts.compactMap(\.secondsToExpiry)
        #expect(seconds.count == 3)
        #expect((9 * 86_400 - 60...9 * 86_400).contains(seconds[0]) && (-3_660 ... -3_600).contains(seconds[1]))
    }

    @Test func authoritiesWithoutAListAreNamed() throws {
        let other = ThrowawayAuthority(name: "Other")
        let trust = try TrustStore(pem: house.authority.certificatePEM + other.certificatePEM)
        let lists = try RevocationLists(pem: house.authority.revocationList())
        #expect(lists.withoutList(among: trust) == ["CN=Other"])
        let double = ThrowawayAuthority(name: "Other").revocationList()
        #expect(try RevocationLists(pem: double).withoutList(among: trust).count == 2)
    }

    @Test func aListNamesWhomItRevokesUnderItsOwnIssuerAlone() throws {
        let (revoked, good) = (
            house.authority.issue(clientSubject: "CN=a"), house.authority.issue(clientSubject: "CN=b")
        )
        let devices = house.authority.intermediate(name: "Devices")
        let (own, others) = (
            try RevocationLists(pem: house.authority.revocationList(revoking: [revoked], validity: .expired)),
            try RevocationLists(pem: devices.revocationList(revoking: [revoked]))
        )
        let (revokedID, goodID) = (try id(of: revoked), try id(of: good))
        #expect(own.revoke(revokedID) && !own.revoke(goodID))
        #expect(!others.revoke(revokedID) && !others.revoke(goodID))
        #expect(try RevocationLists(pem: house.authority.revocationList()).revoke(revokedID) == false)
        // What cannot be read does not pass.
        for count in [0, 7, 8, 9, 10] { #expect(own.revoke(Array(revokedID.prefix(count)))) }
    }

    /// What lists know a certificate by, as a server's connection tells it.
    private func id(of issued: ThrowawayAuthority.Issued) throws -> [UInt8] {
        let server = try TLSServerContext(
            certificates: [house.certificate()], clients: ClientAuthentication(authorities: house.trust()))
        let pair = try Pair(client: house.client(certificate: TLSCertificate(issued)), server: server).handshake()
        return try #require(pair.server.connection.peerChain.first)
    }

    @Test func whatHoldsNoListIsNamedWithTheRemedy() throws {
        let list = house.authority.revocationList()
        for bytes in [[], house.authority.certificatePEM, Array(list.dropLast(60)), Array(list.prefix(100))] {
            #expect {
                try RevocationLists(pem: bytes, name: "clients.crl")
            } throws: { error in
                guard let error = error as? TLSError else { return false }
                return error.kind == .setup && error.detail.hasPrefix("clients.crl: no readable revocation list (")
                    && error.detail.contains("It must be PEM")
            }
        }
    }
}
