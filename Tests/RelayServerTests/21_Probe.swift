import Configuration
import Crypto
import Foundation
import Policy
import Reactor
import StandIn
import TLS
import Testing

@testable import RelayServer

/// What a probe says of endpoints that are as they should be, and of those that are not.
@Suite("21 Probe", .timeLimit(.minutes(10))) struct ProbeStories {
    @Test func aGoodEndpointIsToldInFull() throws {
        let quay = try Quay()
        let report = try quay.report()
        #expect(report.isUsable)
        #expect(report.zone == "eu")
        #expect(report.lookupMilliseconds != nil)
        #expect(report.addresses.map(\.address) == ["127.0.0.1:\(quay.port)"])
        let address = report.addresses[0]
        #expect(address.connectMilliseconds ?? -1 > 0)
        #expect(address.tls?.version == "1.3")
        #expect(address.tls?.cipher.hasPrefix("TLS_") == true)
        #expect(address.tls?.alpn == "http/1.1")
        #expect(address.certificate?.names == ["DNS:stt.example.com"])
        #expect(address.certificate?.issuer == "CN=Quay")
        #expect(0...1 ~= address.certificate?.daysLeft ?? -1)
        #expect(address.verification?.authority == "verified")
        #expect(address.verification?.isForHost == true)
        #expect(address.verification?.pins == "none configured")
        // A plain GET is no handshake, and is answered as such.
        #expect(address.http?.status == 426)
    }

    @Test func neitherAKeyNorAnUpgradeIsSentAndNoSessionBegins() throws {
        let quay = try Quay()
        _ = try quay.report()
        let ledger = quay.standIn.ledger.snapshot
        #expect(ledger.sessions.isEmpty)
        #expect(ledger.requests.count == 1)
        let head = ledger.requests.first?.head.lowercased() ?? ""
        #expect(head.hasPrefix("get /v3/ws http/1.1\r\n"))
        #expect(head.contains("\r\nhost: stt.example.com:\(quay.port)\r\n"))
        #expect(!head.contains("authorization") && !head.contains("upgrade"))
    }

    @Test func theConfigurationsKeyIsNotEvenRead() throws {
        let quay = try Quay()
        quay.settings.key = .file("/nowhere/at/all")
        #expect(try quay.report().isUsable)
    }

    @Test func thePinItPrintsIsThePinThatMatches() throws {
        let quay = try Quay()
        let pin = try #require(try quay.report().addresses.first?.certificate?.spkiSHA256)
        quay.settings.verify.pins = [try #require(Base64.standard.decode(pin))]
        let report = try quay.report()
        #expect(report.isUsable)
        #expect(report.addresses[0].verification?.pins == "match")
    }

    @Test func aPinThatDoesNotMatchIsAFailure() throws {
        let quay = try Quay()
        quay.settings.verify.pins = [[UInt8](repeating: 1, count: 32)]
        let address = try #require(try quay.report().addresses.first)
        #expect(!address.isGood)
        #expect(address.verification?.authority == "verified")
        #expect(address.verification?.pins == "mismatch")
        #expect(address.failure == "the certificate's key matches none of the zone's pins")
        #expect(address.http == nil)
    }

    @Test func anExpiredCertificateIsToldWithItsDate() throws {
        let address = try #require(try Quay(validity: .expired).report().addresses.first)
        #expect(!address.isGood)
        #expect(address.failure == "certificate has expired")
        #expect(address.certificate?.daysLeft == -1)
        #expect(address.verification?.isForHost == true)
        #expect(address.http == nil)
    }

    @Test func aCertificateForAnotherNameIsToldWithItsNames() throws {
        let quay = try Quay(names: ["other.example"])
        let address = try #require(try quay.report().addresses.first)
        #expect(!address.isGood)
        #expect(address.failure == "hostname mismatch")
        #expect(address.verification?.isForHost == false)
        #expect(address.certificate?.names == ["DNS:other.example"])
        #expect(quay.standIn.ledger.snapshot.requests.isEmpty)
    }

    @Test func aCertificateThatNobodyIssuedIsToldSo() throws {
        let address = try #require(try Quay(isSelfSigned: true).report().addresses.first)
        #expect(!address.isGood)
        #expect(address.failure == "self-signed certificate")
        #expect(address.verification?.authority == "self-signed certificate")
        #expect(address.verification?.isForHost == true)
    }

    @Test func aPrivateAddressIsNamedAndNotConnectedTo() throws {
        let quay = try Quay()
        quay.settings.verify.networks = []
        let report = try quay.report()
        #expect(!report.isUsable)
        let address = try #require(report.addresses.first)
        #expect(
            address.forbidden
                == "stt.example.com resolves to 127.0.0.1, which is a loopback address and listed in no network of the zone"
        )
        #expect(address.connectMilliseconds == nil && address.tls == nil && address.http == nil)
        #expect(quay.standIn.ledger.snapshot.connections["eu"]?.accepted ?? 0 == 0)
    }

    @Test func eachAddressIsLookedAtOnItsOwn() throws {
        let quay = try Quay(addresses: ["10.0.0.1", "127.0.0.1", "127.0.0.2"])
        quay.settings.verify.networks = [try #require(Network("127.0.0.0/8"))]
        let report = try quay.report()
        #expect(report.addresses.map { $0.forbidden != nil } == [true, false, false])
        #expect(report.addresses[1].isGood)
        // The stand-in listens on 127.0.0.1 alone.
        #expect(report.addresses[2].failure == "connect: Connection refused")
        // The dialer leaves out the addresses that cannot be had, too.
        #expect(report.isUsable)
    }

    @Test func whereNobodyListensIsSaidSo() throws {
        let quay = try Quay()
        quay.standIn.takeDown("eu")
        while !WireClient.isRefused(port: quay.port) {}
        let address = try #require(try quay.report().addresses.first)
        #expect(address.failure == "connect: Connection refused")
        #expect(address.tls == nil && address.certificate == nil && address.verification == nil)
    }

    @Test func aNameWithoutAddressesIsSaidSo() throws {
        let report = try Quay(addresses: []).report()
        #expect(!report.isUsable)
        #expect(report.failure == "no such name")
    }

    @Test func aServerThatDoesNotSpeakTLSIsNotWaitedForLong() throws {
        let quay = try Quay()
        // A listener that accepts and says nothing.
        let silent = try Socket.listen(try #require(SocketAddress(literal: "127.0.0.1", port: 0)))
        let port = try Socket.localAddress(silent.raw).port
        quay.settings.endpoints = [try Endpoint("wss://stt.example.com:\(port)/v3/ws", in: .eu)]
        quay.settings.connectTimeout = .milliseconds(200)
        let address = try #require(try quay.report().addresses.first)
        #expect(address.connectMilliseconds != nil)
        #expect(address.failure == "TLS was not agreed on in time")
    }

    @Test(arguments: [(302, false), (503, false), (404, true), (401, true), (500, true)])
    func anAnswerThatNoDialCouldUseIsAFailure(status: Int, isGood: Bool) throws {
        let quay = try Quay()
        quay.standIn.fail("eu", with: [Fault(.status(status, body: nil))])
        let address = try #require(try quay.report().addresses.first)
        #expect(address.http?.status == status)
        #expect(address.isGood == isGood)
    }

    @Test func aConfiguredAddressNeedsNoName() throws {
        let quay = try Quay(addresses: [])
        let address = try #require(EndpointAddress("127.0.0.1:\(quay.port)"))
        quay.settings.endpoints = [try Endpoint("wss://stt.example.com/v3/ws", in: .eu, address: address)]
        let report = try quay.report()
        #expect(report.isUsable)
        #expect(report.lookupMilliseconds == nil)
    }

    @Test func authoritiesThatCannotBeReadAreAnError() throws {
        let quay = try Quay()
        quay.settings.verify.authority = .file("/nowhere/authority.crt")
        #expect(throws: RelayStartError.self) { try quay.report() }
    }

    @Test func oneZonesSessionsAreNotResumedForAnothersLook() throws {
        let quay = try Quay()
        _ = try quay.report()
        // The certificate is shown anew each time: a resumed handshake would show none.
        for _ in 0..<3 { #expect(try quay.report().addresses.first?.certificate != nil) }
    }
}

/// A stand-in zone under a name of its own, and the settings that lead there.
private final class Quay {
    let standIn: StandInServer
    var settings: ZoneSettings
    private let resolver: Resolver
    private let folder: String

    var port: UInt16 { standIn.ports["eu"] ?? 0 }

    init(
        names: [String] = ["stt.example.com"], validity: ThrowawayAuthority.Validity = .current,
        isSelfSigned: Bool = false, addresses: [String] = ["127.0.0.1"]
    ) throws {
        let authority = ThrowawayAuthority(name: "Quay")
        folder = FileManager.default.temporaryDirectory.path() + "/quay-" + Hex.encode(RandomBytes.make(8))
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let authorityFile = try authority.write(to: folder, name: "authority")
        let issued =
            isSelfSigned
            ? ThrowawayAuthority.selfSigned(names: names) : authority.issue(names: names, validity: validity)
        let certificate = try TLSCertificate(
            chainPEM: issued.chainPEM, keyPEM: Secret(issued.keyPEM), mayBeExpired: true)
        let keys = ProviderKeys([("eu", "a key of this story's own")])
        standIn = try StandInServer(zones: [StandInZone("eu", keys: keys, tls: try .provider(certificate))])
        let port = standIn.ports["eu"] ?? 0
        settings = ZoneSettings(
            zone: .eu, endpoints: [try Endpoint("wss://stt.example.com:\(port)/v3/ws", in: .eu)],
            key: .environment("NO_SUCH_VARIABLE"),
            verify: VerifySettings(
                authority: .file(authorityFile), networks: [try #require(Network("127.0.0.1/32"))]))
        let found = addresses.compactMap { SocketAddress(literal: $0, port: 0) }
        resolver = Resolver(lookup: { _ in found.isEmpty ? .failure(.notFound) : .success(found) })
    }

    deinit {
        standIn.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// What a probe finds of the only endpoint.
    func report() throws -> EndpointReport {
        try #require(try Probe(resolver: resolver).reports(on: settings).first)
    }
}
