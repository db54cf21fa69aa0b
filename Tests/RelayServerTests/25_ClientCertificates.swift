import Configuration
import Crypto
import Foundation
import HTTP
import Receipts
import RelayServer
import StandIn
import TLS
import Testing
import Timing

/// Clients that prove their tenant while TLS is set up: who is let in, and for how long.
@Suite("25 Client certificates", .timeLimit(.minutes(10))) struct ClientCertificates {
    private let devices = ThrowawayAuthority(name: "Devices")

    /// `acme` has a subject and an alternative name, `globex` an alternative name; certificates are asked for.
    private func harbour(
        isRequired: Bool = false, revocations: [UInt8]? = nil,
        _ adjust: (inout RelayHarbour.Plan) throws -> Void = { _ in }
    ) throws -> RelayHarbour {
        try RelayHarbour { plan in
            try plan.askForCertificates(of: devices, isRequired: isRequired, revocations: revocations)
            plan.change("acme") { $0.certificates = ["CN=acme-device, O=Acme GmbH", "DNS:device.acme.example"] }
            plan.change("globex") { $0.certificates = ["URI:spiffe://globex.example/stt"] }
            try adjust(&plan)
        }
    }

    private var acmeDevice: ThrowawayAuthority.Issued { devices.issue(clientSubject: "CN=acme-device,O=Acme GmbH") }

    // MARK: Who is let in

    @Test(arguments: [false, true])
    func aCertificateProvesItsTenantBySubjectOrByAlternativeName(isRequired: Bool) throws {
        let harbour = try harbour(isRequired: isRequired)
        try harbour.device(acmeDevice).begun()
        try harbour.device(devices.issue(clientSubject: "CN=x", names: ["Device.ACME.example"])).begun()
        try harbour.device(devices.issue(clientSubject: "CN=y", names: ["URI:spiffe://globex.example/stt"])).begun()
        #expect(try harbour.wait { $0.sessions(in: "eu").count == 2 && $0.sessions(in: "us").count == 1 ? true : nil })
    }

    @Test func anAuthorityBelowTheOneConfiguredMayHaveIssuedIt() throws {
        let harbour = try harbour()
        let berlin = devices.intermediate(name: "Devices in Berlin")
        try harbour.device(berlin.issue(clientSubject: "CN=acme-device,O=Acme GmbH")).begun()
    }

    @Test func withoutOneAClientProvesItselfInAnotherWayWhereItMay() throws {
        let harbour = try harbour()
        try harbour.client("umbrella").begun()
        let answer = try harbour.stranger().toTheEnd()
        #expect(answer.status == 401)
    }

    @Test func withoutOneNobodyIsLetInWhereItIsRequired() throws {
        let harbour = try harbour(isRequired: true)
        #expect(try harbour.client("acme").toTheEnd().neverOpened)
        let line = try harbour.log.line("connection-failed") { $0["reason"] == "missing" }
        #expect(line["level"] == "info")
        #expect(harbour.acceptedAnywhere == 0)
    }

    /// The first credential present decides.
    @Test func aCertificateDecidesBeforeAnAuthorization() throws {
        let harbour = try harbour()
        let fields: HeaderFields = ["Authorization": harbour.key(of: "globex")]
        try harbour.device(acmeDevice, fields: fields).begun()
        #expect(harbour.accepted(in: "us") == 0)
        _ = try harbour.wait { $0.sessions(in: "eu").isEmpty ? nil : true }
    }

    @Test(arguments: [
        "CN=acme-device", "CN=acme-device,O=Acme GmbH,C=DE", "CN=ACME-DEVICE,O=Acme GmbH", "CN=device.acme.example",
        "O=Acme GmbH,CN=acme-device", "CN=acme-device+O=Acme GmbH",
    ])
    func aCertificateThatNoTenantHasIsRefusedLikeAnyUnknownCredential(subject: String) throws {
        let harbour = try harbour()
        let fields: HeaderFields = ["Authorization": harbour.key(of: "acme")]
        let answer = try harbour.device(devices.issue(clientSubject: subject), fields: fields).toTheEnd()
        #expect(answer.status == 401)
        #expect(
            try harbour.client("acme") { $0.fields = ["Authorization": "wrong"] }.toTheEnd().detail == answer.detail)
        #expect(harbour.acceptedAnywhere == 0)
    }

    @Test func aCertificateOfTwoTenantsProvesNeither() throws {
        let harbour = try harbour()
        let both = devices.issue(
            clientSubject: "CN=acme-device,O=Acme GmbH", names: ["URI:spiffe://globex.example/stt"])
        #expect(try harbour.device(both).toTheEnd().status == 401)
    }

    @Test func whatTLSDoesNotBelieveNeverGetsToAskForAnything() throws {
        let subject = "CN=acme-device,O=Acme GmbH"
        let revoked = acmeDevice
        let harbour = try harbour(revocations: devices.revocationList(revoking: [revoked]))
        let cases: [(ThrowawayAuthority.Issued, String)] = [
            (ThrowawayAuthority(name: "Strangers").issue(clientSubject: subject), "unknownAuthority"),
            (ThrowawayAuthority(name: "Devices").issue(clientSubject: subject), "unfit"),
            (devices.issue(clientSubject: subject, validity: .expired), "expired"),
            (devices.issue(clientSubject: subject, validity: .future), "notYetValid"),
            (ThrowawayAuthority.selfSigned(names: ["device.acme.example"]), "unknownAuthority"),
            (devices.issue(names: ["device.acme.example"]), "unfit"),
            (revoked, "revoked"),
        ]
        for (issued, reason) in cases {
            #expect(try harbour.device(issued).toTheEnd().neverOpened)
            _ = try harbour.log.line("connection-failed") { $0["reason"]?.string == reason }
        }
        #expect(harbour.acceptedAnywhere == 0)
        try harbour.device(acmeDevice).begun()
    }

    @Test func aListThatHasRunOutRefusesEverybodyAndIsWarnedOf() throws {
        let harbour = try harbour(revocations: devices.revocationList(validity: .expired))
        #expect(try harbour.device(acmeDevice).toTheEnd().neverOpened)
        let line = try harbour.log.line("connection-failed") { $0["reason"] == "unknownRevocation" }
        #expect(line["level"] == "warning")
        #expect(line["detail"]?.string?.contains("CRL has expired") == true)
        try harbour.client("umbrella").begun()
    }

    // MARK: For how long

    @Test func aNewListEndsTheSessionsOfTheRevokedAndNobodyElses() throws {
        let revoked = acmeDevice
        let harbour = try harbour(revocations: devices.revocationList()) { $0.makeNeighbours() }
        let neighbours = try Neighbours(in: harbour)
        let revokedTrust = try harbour.trust(showing: revoked)
        let ends = try harbour.device(revokedTrust)
        let stays = try harbour.device(acmeDevice)
        for client in [ends, stays] { try client.begun() }

        try harbour.reload { plan in
            try plan.askForCertificates(of: devices, revocations: devices.revocationList(revoking: [revoked]))
        }
        #expect(try ends.toTheEnd().closeCode == 4401)
        try neighbours.goAround()
        stays.send(text: #"{"type":"Terminate"}"#)
        #expect(try stays.toTheEnd().closeCode == 1000)
        // Nor does the ticket from before let it in again.
        #expect(try harbour.device(revokedTrust).toTheEnd().neverOpened)
        #expect(try harbour.wait { $0.sessions(in: "eu").map(\.ending) == [.terminated, .terminated] ? true : nil })
    }

    /// Whoever shows the token shows no certificate.
    @Test func aNewListEndsWhatTheTokensOfTheRevokedOpened() throws {
        let berlin = devices.intermediate(name: "Devices in Berlin")
        let (leaf, below) = (acmeDevice, berlin.issue(clientSubject: "CN=acme-device,O=Acme GmbH"))
        var files: [(chain: String, key: String)] = []
        let lists = devices.revocationList() + berlin.revocationList()
        let harbour = try harbour(revocations: lists) { plan in
            plan.tokenKeys = [RelayHarbour.newTokenKey()]
            for (index, issued) in [leaf, below, acmeDevice].enumerated() {
                files.append(try issued.write(to: plan.folder, name: "device-\(index)"))
            }
        }
        let minted = try files.map { try harbour.tokens(2, mintedWith: $0) }
        let clients = minted.map { harbour.client(showing: $0[0], in: "?token=") }
        for client in clients { try client.begun() }

        let revoking = devices.revocationList(revoking: [leaf]) + berlin.revocationList(revoking: [below])
        try harbour.reload { try $0.askForCertificates(of: devices, revocations: revoking) }
        for (client, tokens) in zip(clients, minted).prefix(2) {
            #expect(try client.toTheEnd().closeCode == 4401)
            #expect(try harbour.client(showing: tokens[1], in: "?token=").toTheEnd().status == 401)
        }
        try harbour.client(showing: minted[2][1], in: "?token=").begun()
        clients[2].send(text: #"{"type":"Terminate"}"#)
        #expect(try clients[2].toTheEnd().closeCode == 1000)
    }

    @Test func anAuthorityThatIsGoneTakesItsSessionsWithIt() throws {
        let harbour = try harbour()
        let (device, keyHolder) = (try harbour.device(acmeDevice), try harbour.begunClient("umbrella"))
        try device.begun()
        try harbour.reload { try $0.askForCertificates(of: ThrowawayAuthority(name: "Others")) }
        #expect(try device.toTheEnd().closeCode == 4401)
        keyHolder.send(text: #"{"type":"Terminate"}"#)
        #expect(try keyHolder.toTheEnd().closeCode == 1000)
    }

    @Test func anAuthorityMoreEndsNothing() throws {
        let harbour = try harbour()
        let device = try harbour.device(acmeDevice)
        try device.begun()
        let others = ThrowawayAuthority(name: "Others")
        try harbour.reload { try $0.askForCertificates(ofThoseIn: others.certificatePEM + devices.certificatePEM) }
        try harbour.device(others.issue(clientSubject: "CN=acme-device,O=Acme GmbH")).begun()
        device.send(text: #"{"type":"Terminate"}"#)
        #expect(try device.toTheEnd().closeCode == 1000)
    }

    @Test func aListenerThatAsksForNoCertificatesAnyMoreVouchesForNone() throws {
        let harbour = try harbour()
        let device = try harbour.device(acmeDevice)
        try device.begun()
        try harbour.reload { $0.listeners[0].tls?.clients = nil }
        #expect(try device.toTheEnd().closeCode == 4401)
    }

    @Test func whoHasNoneIsSentAwayWhenOneBecomesRequired() throws {
        let harbour = try harbour()
        let (device, keyHolder) = (try harbour.device(acmeDevice), try harbour.begunClient("umbrella"))
        try device.begun()
        try harbour.reload { try $0.askForCertificates(of: devices, isRequired: true) }
        #expect(try keyHolder.toTheEnd().closeCode == 4401)
        device.send(text: #"{"type":"Terminate"}"#)
        #expect(try device.toTheEnd().closeCode == 1000)
    }

    @Test func aNameThatPolicyTakesBackEndsItsSessions() throws {
        let harbour = try harbour()
        let bySubject = try harbour.device(acmeDevice)
        let byName = try harbour.device(devices.issue(clientSubject: "CN=x", names: ["device.acme.example"]))
        for client in [bySubject, byName] { try client.begun() }
        try harbour.reload { $0.change("acme") { $0.certificates = ["CN=acme-device,O=Acme GmbH"] } }
        #expect(try byName.toTheEnd().closeCode == 4401)
        bySubject.send(text: #"{"type":"Terminate"}"#)
        #expect(try bySubject.toTheEnd().closeCode == 1000)
    }

    /// The handshake was over before the list came; what follows it is judged by the list.
    @Test func whoIsRevokedBetweenItsHandshakeAndItsRequestIsRefused() throws {
        let device = acmeDevice
        var files = (chain: "", key: "")
        let harbour = try harbour { files = try device.write(to: $0.folder, name: "device") }
        let wire = try harbour.secureWire(.init(certificate: files))
        try harbour.reload { plan in
            try plan.askForCertificates(of: devices, revocations: devices.revocationList(revoking: [device]))
        }
        // The loops have taken the new version before they take another session.
        for _ in 0..<8 { try harbour.device(acmeDevice).begun() }
        let dialled = harbour.acceptedAnywhere
        wire.request(key: harbour.key(of: "acme"))
        #expect(try wire.readHead().hasPrefix("HTTP/1.1 401 "))
        #expect(harbour.acceptedAnywhere == dialled)
    }

    // MARK: On record

    @Test func receiptsNameTheKindAndTheNameThatProved() throws {
        let log = try ReceiptLog()
        let harbour = try harbour { $0.receipts = log.settings() }
        let client = try harbour.device(acmeDevice)
        try client.begun()
        client.send(text: #"{"type":"Terminate"}"#)
        _ = try client.toTheEnd()
        try log.wait { !$0.lines(.session).isEmpty }
        let text = String(decoding: try #require(log.lines(.session).first).bytes, as: UTF8.self)
        #expect(text.contains(#""credential":{"kind":"certificate","name":"CN=acme-device, O=Acme GmbH","id":""#))
    }

    @Test func theLogDoesNotRepeatItself() throws {
        let harbour = try harbour(isRequired: true)
        for _ in 0..<20 { #expect(try harbour.client("acme").toTheEnd().neverOpened) }
        let told = try harbour.log.text.map { try JSONValue(parsing: $0) }.filter { $0["reason"] == "missing" }
        // Once for each loop at most; the rest for whoever wants to read everything.
        #expect((1...2).contains(told.count { $0["level"] == "info" }))
    }
}

// MARK: - What the stories need

extension RelayHarbour {
    /// What a client trusts and shows that has this certificate.
    fileprivate func trust(showing issued: ThrowawayAuthority.Issued) throws -> TLSClientContext {
        let certificate = try TLSCertificate(
            chainPEM: issued.chainPEM, keyPEM: Secret(issued.keyPEM), mayBeExpired: true)
        return try TLSClientContext(trust: TrustStore(pem: authority.certificatePEM), certificate: certificate)
    }

    fileprivate func device(
        _ issued: ThrowawayAuthority.Issued, fields: HeaderFields = [:]
    ) throws -> StandInClient {
        try device(trust(showing: issued), fields: fields)
    }

    /// Tokens that a certificate mints, each on a connection of its own.
    fileprivate func tokens(_ count: Int, mintedWith files: (chain: String, key: String)) throws -> [String] {
        try (0..<count).map { _ in
            let wire = try secureWire(.init(certificate: files))
            wire.send(Self.tokenRequest("/v3/token?expires_in_seconds=60", lines: []))
            return try #require(TokenReply(wire.readToEnd()).json["token"]?.string)
        }
    }

    fileprivate func device(_ trust: TLSClientContext, fields: HeaderFields = [:]) throws -> StandInClient {
        stranger(fields: fields) { $0.tls = trust }
    }
}

extension RelayHarbour.Plan {
    /// Makes the TLS listener ask for client certificates.
    fileprivate mutating func askForCertificates(
        of authority: ThrowawayAuthority, isRequired: Bool = false, revocations: [UInt8]? = nil
    ) throws {
        try askForCertificates(
            ofThoseIn: authority.certificatePEM, isRequired: isRequired, revocations: revocations)
    }

    fileprivate mutating func askForCertificates(
        ofThoseIn authorities: [UInt8], isRequired: Bool = false, revocations: [UInt8]? = nil
    ) throws {
        let clients = ClientCertificateSettings(
            authorities: try write(authorities, "clients.crt"),
            revocations: try revocations.map { try write($0, "clients.crl") }, isRequired: isRequired)
        listeners[0].tls?.clients = clients
    }

    private func write(_ bytes: [UInt8], _ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }
}

extension [ClientEvent] {
    /// The client was turned away before it had an answer.
    fileprivate var neverOpened: Bool {
        guard count == 1, case .ended = self[0] else { return false }
        return true
    }

    private var answer: (head: ResponseHead, body: [UInt8])? {
        for case .answered(let head, let body) in self { return (head, body) }
        return nil
    }

    fileprivate var status: Int? { answer?.head.status }

    /// The sentence of a problem.
    fileprivate var detail: JSONValue? {
        answer.flatMap { try? JSONValue(parsing: String(decoding: $0.body, as: UTF8.self)) }?["detail"]
    }
}
