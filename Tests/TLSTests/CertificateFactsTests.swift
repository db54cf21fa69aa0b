import StandIn
import TLS
import Testing

@Suite struct CertificateFactsTests {
    @Test func aBelievedCertificateIsToldAsItIs() throws {
        let authority = ThrowawayAuthority(name: "Facts")
        let facts = try #require(
            try presented(by: authority.issue(names: ["localhost", "127.0.0.1"]), trusting: authority))
        #expect(facts.subject == "CN=throwaway")
        #expect(facts.issuer == "CN=Facts")
        #expect(facts.names == ["DNS:localhost", "IP:127.0.0.1"])
        #expect(facts.isForServerName)
        #expect(86_000...86_400 ~= facts.secondsToExpiry)
        #expect(facts.notAfter.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil)
        #expect(facts.sha256.count == 32 && facts.spkiSHA256.count == 32 && facts.sha256 != facts.spkiSHA256)
    }

    @Test func aRefusedCertificateIsToldAllTheSame() throws {
        let authority = ThrowawayAuthority(name: "Facts")
        let expired = try #require(
            try presented(by: authority.issue(names: ["localhost"], validity: .expired), trusting: authority))
        #expect(expired.secondsToExpiry < -3_000)
        #expect(expired.isForServerName)

        let other = try #require(try presented(by: authority.issue(names: ["other.example"]), trusting: authority))
        #expect(!other.isForServerName)

        let own = try #require(
            try presented(by: ThrowawayAuthority.selfSigned(names: ["localhost"]), trusting: authority))
        #expect(own.issuer == own.subject)
    }

    /// What a client sees of a server's certificate, whatever it thinks of it.
    private func presented(
        by issued: ThrowawayAuthority.Issued, trusting authority: ThrowawayAuthority
    ) throws -> CertificateFacts? {
        let trust = try TrustStore(pem: authority.certificatePEM)
        let connection = try TLSConnection(
            client: TLSClientContext(trust: trust), serverName: "localhost", sessionKey: "localhost")
        connection.keepPresentedCertificate()
        let server = try TLSServerContext(certificates: [TLSCertificate(issued)])
        _ = try? Pair(connection, TLSConnection(server: server)).handshake()
        return connection.presentedCertificate
    }
}
