import Configuration
import Foundation
import StandIn
import Testing

@testable import RelayServer

@Suite struct CertificateCheckTests {
    private let authority = ThrowawayAuthority(name: "Clients")

    @Test func authoritiesAndAListOfWeeksToComeNeedNoWord() throws {
        let files = try Files()
        #expect(try files.findings(authority.certificatePEM, nil) == [])
        #expect(try files.findings(authority.certificatePEM, authority.revocationList(validity: .days(8))) == [])
    }

    @Test func aListIsToldOfBeforeItRunsOutAndRefusedWhenItHas() throws {
        let files = try Files()
        let findings = try files.findings(authority.certificatePEM, authority.revocationList(validity: .days(2)))
        // Whether the second in which it was made is over.
        #expect(
            findings.map { $0.replacing("48 hours", with: "47 hours") } == [
                "warning: crl: the list of CN=Clients is over its time in 47 hours; from then on nobody that its issuer "
                    + "vouches for is let in"
            ])
        #expect(
            try files.findings(authority.certificatePEM, authority.revocationList(validity: .expired)) == [
                "error: crl: the list of CN=Clients is over its time, and nobody that its issuer vouches for would be let "
                    + "in; fetch the present list"
            ])
        #expect(
            try files.findings(authority.certificatePEM, authority.revocationList(validity: .future)) == [
                "error: crl: the list of CN=Clients is not good yet. Check it and the clock."
            ])
    }

    @Test func aListOfAStrangerIsRefusedAndAnAuthorityWithoutOneIsTold() throws {
        let files = try Files()
        let stranger = ThrowawayAuthority(name: "Stranger")
        #expect(
            try files.findings(authority.certificatePEM, stranger.revocationList(validity: .days(9))) == [
                "error: crl: the list of CN=Stranger was issued by none of those in ca; add its issuer's certificate "
                    + "there, or remove the list",
                "warning: crl: there is no list of CN=Clients, so nobody that it vouches for is let in; add its list",
            ])
    }

    @Test func whatCannotBeReadIsAnErrorOfItsOwnKey() throws {
        let files = try Files()
        let list = authority.revocationList()
        #expect(try files.findings([0x41], list).first?.hasPrefix("error: ca: no readable certificate") == true)
        #expect(
            try files.findings(authority.certificatePEM, Array(list.dropLast(60))).first?
                .hasPrefix("error: crl: no readable revocation list") == true)
    }
}

/// A directory for the files of one test.
private final class Files {
    private let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "check-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// What is found in these authorities and lists, the paths without the folder.
    func findings(_ authorities: [UInt8], _ revocations: [UInt8]?) throws -> [String] {
        let settings = ClientCertificateSettings(
            authorities: try write(authorities, "ca"), revocations: try revocations.map { try write($0, "crl") })
        return CertificateCheck.findings(in: settings).map {
            "\($0.severity.rawValue): \($0.text.replacing(folder + "/", with: ""))"
        }
    }

    private func write(_ bytes: [UInt8], _ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }
}
