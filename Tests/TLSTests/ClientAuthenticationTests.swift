import StandIn
import Testing

@testable import TLS

@Suite struct ClientAuthenticationTests {
    private let house = House()

    // MARK: Who is let in

    @Test func aClientMayComeWithoutACertificateWhereOneIsAskedFor() throws {
        let pair = try Pair(client: house.client(), server: listener()).handshake()
        #expect(pair.server.error == nil && pair.server.handshakesCompleted == 1)
        #expect(pair.server.connection.peerSubject == nil && pair.server.connection.peerNames.isEmpty)
    }

    @Test(arguments: TLSVersion.allCases)
    func aClientWithoutACertificateIsRefusedWhereOneIsRequired(version: TLSVersion) throws {
        let client = try house.client()
        if version == .tls12 { client.allowAtMostTLS12() }
        let pair = try Pair(client: client, server: listener(isRequired: true)).handshake()
        #expect(pair.server.error?.kind == .verification(.missing))
        // certificate_required, which TLS 1.2 has no word for but handshake_failure.
        #expect(pair.client.error?.kind == .alert(version == .tls13 ? 116 : 40))
    }

    @Test(arguments: [false, true], TLSVersion.allCases)
    func aClientsCertificateIsVerifiedAndKnown(isRequired: Bool, version: TLSVersion) throws {
        let server = try listener(isRequired: isRequired)
        let issued = house.authority.issue(clientSubject: "CN=acme-device,O=Acme GmbH", names: ["device.acme.test"])
        let client = try house.client(certificate: TLSCertificate(issued))
        if version == .tls12 { client.allowAtMostTLS12() }
        let connection = try Pair(client: client, server: server).handshake().server.connection
        #expect(connection.peerSubject == "CN=acme-device,O=Acme GmbH")
        #expect(connection.peerAlternativeNames == ["DNS:device.acme.test"])
        #expect(connection.peerNames == ["CN=acme-device,O=Acme GmbH", "DNS:device.acme.test"])
    }

    @Test func theServersOtherCertificatesAskTheSame() throws {
        let certificates = try [house.certificate(), house.certificate(["other.test"])]
        let clients = try ClientAuthentication(authorities: house.trust(), isRequired: true)
        let server = try TLSServerContext(certificates: certificates, clients: clients)
        let pair = try Pair(client: house.client(), server: server, name: "other.test").handshake()
        #expect(pair.server.error?.kind == .verification(.missing))
        #expect(try handshake(device(), server, name: "other.test").error == nil)
    }

    @Test func aStrangersCertificateIsRefused() throws {
        let stranger = ThrowawayAuthority(name: "Stranger")
        let pair = try Pair(client: client(stranger.issue(clientSubject: "CN=device")), server: listener()).handshake()
        #expect(pair.server.error?.kind == .verification(.unknownAuthority))
        #expect(pair.client.error?.kind == .alert(48))  // unknown_ca
    }

    /// The name alone makes nobody an authority.
    @Test func anAuthorityOfTheSameNameIsAStranger() throws {
        let double = ThrowawayAuthority(name: "Throwaway authority")
        #expect(try handshake(double.issue(clientSubject: "CN=device"), listener()).isRefused)
    }

    @Test func whatIsNoClientsCertificateOfNowIsRefused() throws {
        let cases: [(ThrowawayAuthority.Issued, CertificateFault)] = [
            (house.authority.issue(clientSubject: "CN=device", validity: .expired), .expired),
            (house.authority.issue(clientSubject: "CN=device", validity: .future), .notYetValid),
            (house.authority.issue(names: ["device.test"]), .unfit),  // for servers only
            (ThrowawayAuthority.selfSigned(names: ["device.test"]), .unknownAuthority),
        ]
        for (issued, fault) in cases {
            let end = try handshake(issued, listener())
            #expect(end.error?.kind == .verification(fault))
        }
    }

    // MARK: Chains

    /// The authority that is believed is no part of it: nobody's list is asked about that.
    @Test func everyCertificateBelowTheAuthorityIsKnownToLists() throws {
        let devices = house.authority.intermediate(name: "Devices")
        let issued = devices.issue(clientSubject: "CN=device")
        let chain = try handshake(issued, listener()).connection.peerChain
        #expect(chain.count == 2)
        let lists = [
            house.authority.revocationList(revoking: devices), devices.revocationList(revoking: [issued]),
            house.authority.revocationList(revoking: [issued]),
        ]
        let revoked = try lists.map { list in
            let clients = try ClientAuthentication(
                authorities: house.trust(), revocations: RevocationLists(pem: list))
            return chain.map { clients.revokes($0) }
        }
        #expect(revoked == [[false, true], [true, false], [false, false]])
        #expect(try chain.allSatisfy { try !ClientAuthentication(authorities: house.trust()).revokes($0) })
        #expect(try Pair(client: house.client(), server: listener()).handshake().server.connection.peerChain.isEmpty)
    }

    @Test func aClientSendsTheIssuersBetweenItAndTheAuthority() throws {
        let below = house.authority.intermediate(name: "Devices").intermediate(name: "Berlin")
        #expect(try handshake(below.issue(clientSubject: "CN=device"), listener()).error == nil)
    }

    @Test func anAuthorityNeedNotBeARoot() throws {
        let devices = house.authority.intermediate(name: "Devices")
        let server = try listener(authorities: [devices])
        #expect(try handshake(devices.issue(clientSubject: "CN=device"), server).error == nil)
        #expect(try handshake(house.authority.issue(clientSubject: "CN=device"), server).isRefused)
        let others = house.authority.intermediate(name: "Others")
        #expect(try handshake(others.issue(clientSubject: "CN=device"), server).isRefused)
    }

    // MARK: Revocation

    @Test func aRevokedCertificateIsRefusedAndItsNeighbourIsNot() throws {
        let (revoked, other) = (device(), device())
        let server = try listener(revocations: [house.authority.revocationList(revoking: [revoked])])
        #expect(try handshake(revoked, server).error?.kind == .verification(.revoked))
        #expect(try handshake(other, server).error == nil)
    }

    @Test func aListThatIsMissingOverItsTimeOrForgedRefusesAll() throws {
        let double = ThrowawayAuthority(name: "Throwaway authority")
        let lists = [
            ThrowawayAuthority(name: "Another").revocationList(),
            house.authority.revocationList(validity: .expired), house.authority.revocationList(validity: .future),
            double.revocationList(),
        ]
        for list in lists {
            let end = try handshake(device(), listener(revocations: [list]))
            #expect(end.error?.kind == .verification(.unknownRevocation))
        }
    }

    @Test func everyIssuerBelowTheAuthorityIsLookedUp() throws {
        let devices = house.authority.intermediate(name: "Devices")
        let (revoked, other) = (devices.issue(clientSubject: "CN=a"), devices.issue(clientSubject: "CN=b"))
        let (rootList, list) = (house.authority.revocationList(), devices.revocationList(revoking: [revoked]))
        let both = try listener(revocations: [rootList, list])
        #expect(try handshake(revoked, both).error?.kind == .verification(.revoked))
        #expect(try handshake(other, both).error == nil)
        for one in [rootList, list] {
            let end = try handshake(other, listener(revocations: [one]))
            #expect(end.error?.kind == .verification(.unknownRevocation))
        }
        let withoutDevices = try listener(revocations: [house.authority.revocationList(revoking: devices), list])
        #expect(try handshake(other, withoutDevices).error?.kind == .verification(.revoked))
    }

    @Test func nobodysListIsAskedAboutTheAuthorityItself() throws {
        let devices = house.authority.intermediate(name: "Devices")
        let (revoked, other) = (devices.issue(clientSubject: "CN=a"), devices.issue(clientSubject: "CN=b"))
        for authorities in [[devices], [devices, house.authority], [house.authority, devices]] {
            let server = try listener(
                authorities: authorities, revocations: [devices.revocationList(revoking: [revoked])])
            #expect(try handshake(other, server).error == nil)
            #expect(try handshake(revoked, server).error?.kind == .verification(.revoked))
        }
    }

    // MARK: Tickets

    @Test(arguments: TLSVersion.allCases)
    func aSessionWithACertificateIsNeverResumed(version: TLSVersion) throws {
        let server = try listener()
        let client = try client(device())
        if version == .tls12 { client.allowAtMostTLS12() }
        for _ in 0..<3 {
            let pair = try Pair(client: client, server: server).handshake()
            #expect(!pair.server.connection.isResumed)
            #expect(pair.server.connection.peerSubject == "CN=device")
            try pair.client.send([1, 2, 3])
            pair.carry()
            #expect(pair.server.received == [1, 2, 3])
        }
    }

    @Test func aSessionWithoutOneIsResumed() throws {
        let (client, server) = (try house.client(), try listener())
        try Pair(client: client, server: server).handshake()
        #expect(try Pair(client: client, server: server).handshake().server.connection.isResumed)
    }

    @Test func whoOnceCameIsVerifiedByTheRulesOfNow() throws {
        let device = device()
        let old = try listener()
        let others = ThrowawayAuthority(name: "Successor")
        for (new, fault) in [
            (try listener(authorities: [others], tickets: old), CertificateFault.unknownAuthority),
            (try listener(revocations: [house.authority.revocationList(revoking: [device])], tickets: old), .revoked),
        ] {
            let client = try client(device)
            try Pair(client: client, server: old).handshake()
            #expect(try Pair(client: client, server: new).handshake().server.error?.kind == .verification(fault))
        }
    }

    @Test func aTicketFromWhereNoneWasRequiredIsWorthNothing() throws {
        let (client, old) = (try house.client(), try listener())
        try Pair(client: client, server: old).handshake()
        let pair = try Pair(client: client, server: listener(isRequired: true, tickets: old)).handshake()
        #expect(pair.server.error?.kind == .verification(.missing))
    }

    // MARK: Live connections

    @Test func aLiveConnectionIsJudgedByTheListenerOfNow() throws {
        let device = device()
        let live = try handshake(device, listener()).connection
        let stranger = ThrowawayAuthority(name: "Stranger")
        #expect(live.peerIsStillAccepted(by: try listener()))
        #expect(live.peerIsStillAccepted(by: try listener(authorities: [stranger, house.authority], isRequired: true)))
        #expect(live.peerIsStillAccepted(by: try listener(revocations: [house.authority.revocationList()])))
        #expect(!live.peerIsStillAccepted(by: try listener(authorities: [stranger])))
        #expect(!live.peerIsStillAccepted(by: try house.server()))
        for list in [
            house.authority.revocationList(revoking: [device]), house.authority.revocationList(validity: .expired),
            stranger.revocationList(),
        ] {
            #expect(!live.peerIsStillAccepted(by: try listener(revocations: [list])))
        }
    }

    @Test func aLiveConnectionIsJudgedWithTheIssuersItSent() throws {
        let devices = house.authority.intermediate(name: "Devices")
        let device = devices.issue(clientSubject: "CN=device")
        let live = try handshake(device, listener()).connection
        let lists = [house.authority.revocationList(), devices.revocationList()]
        #expect(live.peerIsStillAccepted(by: try listener(isRequired: true)))
        #expect(live.peerIsStillAccepted(by: try listener(revocations: lists)))
        let revoking = devices.revocationList(revoking: [device])
        #expect(!live.peerIsStillAccepted(by: try listener(revocations: [lists[0], revoking])))
    }

    @Test func aLiveConnectionWithoutACertificateStaysUntilOneIsRequired() throws {
        let live = try Pair(client: house.client(), server: listener()).handshake().server.connection
        #expect(live.peerIsStillAccepted(by: try house.server()))
        #expect(live.peerIsStillAccepted(by: try listener(revocations: [house.authority.revocationList()])))
        #expect(!live.peerIsStillAccepted(by: try listener(isRequired: true)))
    }

    @Test func aLiveConnectionOutlivesItsCertificateAndNothingElse() throws {
        let clients = try ClientAuthentication(authorities: house.trust())
        func stillAccepted(_ issued: ThrowawayAuthority.Issued) throws -> Bool {
            let certificate = try TLSCertificate(issued)
            return withExtendedLifetime(certificate) { clients.stillAccept(certificate.leaf, issuers: nil) }
        }
        let stranger = ThrowawayAuthority(name: "Stranger")
        #expect(try stillAccepted(house.authority.issue(clientSubject: "CN=device", validity: .expired)))
        #expect(try !stillAccepted(house.authority.issue(names: ["device.test"], validity: .expired)))
        #expect(try !stillAccepted(stranger.issue(clientSubject: "CN=device", validity: .expired)))
        #expect(try !stillAccepted(house.authority.issue(clientSubject: "CN=device", validity: .future)))
    }

    // MARK: Fingerprints

    @Test func theFingerprintTellsEveryDemandFromTheOthers() throws {
        let list = house.authority.revocationList()
        let listeners = [
            try listener(), try listener(isRequired: true), try listener(revocations: [list]),
            try listener(isRequired: true, revocations: [list]),
            try listener(authorities: [ThrowawayAuthority(name: "Another")]),
        ]
        let fingerprints = listeners.compactMap(\.clients?.fingerprint)
        #expect(Set(fingerprints).count == listeners.count)
        #expect(fingerprints[0] == (try listener().clients?.fingerprint))
    }
}

// MARK: - What the tests need

extension ClientAuthenticationTests {
    private func device() -> ThrowawayAuthority.Issued { house.authority.issue(clientSubject: "CN=device") }

    private func client(_ issued: ThrowawayAuthority.Issued) throws -> TLSClientContext {
        try house.client(certificate: TLSCertificate(issued))
    }

    private func listener(
        authorities: [ThrowawayAuthority]? = nil, isRequired: Bool = false, revocations: [[UInt8]] = [],
        tickets former: TLSServerContext? = nil
    ) throws -> TLSServerContext {
        let trust = try TrustStore(pem: (authorities ?? [house.authority]).flatMap(\.certificatePEM))
        let lists = revocations.isEmpty ? nil : try RevocationLists(pem: revocations.flatMap(\.self))
        let clients = try ClientAuthentication(authorities: trust, revocations: lists, isRequired: isRequired)
        return try TLSServerContext(
            certificates: [house.certificate()], clients: clients, ticketKeys: former?.ticketKeys ?? .make())
    }

    /// The server's end of a handshake with whoever has this certificate.
    private func handshake(
        _ issued: ThrowawayAuthority.Issued, _ server: TLSServerContext, name: String = "relay.test"
    ) throws -> End {
        try Pair(client: client(issued), server: server, name: name).handshake().server
    }
}

extension End {
    fileprivate var isRefused: Bool {
        guard case .verification = error?.kind else { return false }
        return true
    }
}
