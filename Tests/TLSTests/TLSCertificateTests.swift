import Crypto
import Glibc
import StandIn
import TLS
import Testing

@Suite struct TLSCertificateTests {
    private let house = House()

    @Test func itKnowsItsNamesAndItsEnd() throws {
        let certificate = try house.certificate(["Relay.Test", "*.relay.test", "127.0.0.1"])
        #expect(certificate.dnsNames == ["relay.test", "*.relay.test"])
        #expect((86_000...86_400).contains(certificate.secondsToExpiry))
    }

    @Test func aKeyOfAnotherCertificateIsRefusedByName() throws {
        let one = house.authority.issue(names: ["relay.test"])
        let other = house.authority.issue(names: ["relay.test"])
        expectSetupError(["my.key", "my.crt", "not the key"]) {
            try TLSCertificate(
                chainPEM: one.chainPEM, keyPEM: Secret(other.keyPEM), chainName: "my.crt", keyName: "my.key")
        }
    }

    @Test func anExpiredCertificateIsRefusedByName() throws {
        let issued = house.authority.issue(names: ["relay.test"], validity: .expired)
        expectSetupError(["my.crt", "expired"]) {
            try TLSCertificate(chainPEM: issued.chainPEM, keyPEM: Secret(issued.keyPEM), chainName: "my.crt")
        }
        let played = try TLSCertificate(
            chainPEM: issued.chainPEM, keyPEM: Secret(issued.keyPEM), mayBeExpired: true)
        #expect(played.secondsToExpiry < 0)
    }

    @Test func aCertificateOfTheFutureIsRefusedByName() throws {
        let issued = house.authority.issue(names: ["relay.test"], validity: .future)
        expectSetupError(["my.crt", "not valid yet"]) {
            try TLSCertificate(chainPEM: issued.chainPEM, keyPEM: Secret(issued.keyPEM), chainName: "my.crt")
        }
    }

    @Test func filesThatCannotBeReadAreNamed() throws {
        expectSetupError(["/nowhere/chain.crt", "may read"]) {
            try TLSCertificate(chainFile: "/nowhere/chain.crt", keyFile: "/nowhere/chain.key")
        }
        expectSetupError(["/tmp", "may read"]) { try TLSCertificate(chainFile: "/tmp", keyFile: "/tmp") }
    }

    @Test(arguments: ["", "rubbish", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"])
    func whatIsNotACertificateIsRefusedByName(text: String) throws {
        let issued = house.authority.issue(names: ["relay.test"])
        expectSetupError(["my.crt", "certificate"]) {
            try TLSCertificate(chainPEM: Array(text.utf8), keyPEM: Secret(issued.keyPEM), chainName: "my.crt")
        }
        expectSetupError(["my.crt"]) {
            try TLSCertificate(
                chainPEM: issued.chainPEM + (text.isEmpty ? "x" : text).utf8 + [10] + Self.truncated,
                keyPEM: Secret(issued.keyPEM), chainName: "my.crt")
        }
        expectSetupError(["my.key", "private key"]) {
            try TLSCertificate(chainPEM: issued.chainPEM, keyPEM: Secret(text), keyName: "my.key")
        }
    }

    @Test func filesOnDiskAreRead() throws {
        let directory = try TemporaryDirectory()
        let paths = try house.authority.issue(names: ["relay.test"]).write(to: directory.path, name: "relay")
        let certificate = try TLSCertificate(chainFile: paths.chain, keyFile: paths.key)
        #expect(certificate.dnsNames == ["relay.test"])
    }

    @Test func theErrorQueueIsLeftEmpty() throws {
        #expect(throws: TLSError.self) { try TLSCertificate(chainFile: "/nowhere", keyFile: "/nowhere") }
        #expect(OpenSSLError.take().code == 0)
    }

    private static let truncated = Array("-----BEGIN CERTIFICATE-----\nMIIB\n".utf8)
}

/// Expects `.setup` with a text that has each of `words`.
func expectSetupError(_ words: [String], location: SourceLocation = #_sourceLocation, _ body: () throws -> Any) {
    do {
        _ = try body()
        Issue.record("nothing was thrown", sourceLocation: location)
    } catch let error as TLSError {
        #expect(error.kind == .setup, sourceLocation: location)
        for word in words { #expect(error.detail.contains(word), sourceLocation: location) }
    } catch {
        Issue.record(error, sourceLocation: location)
    }
}

/// A directory that goes away with its last owner.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/tidegate-tests-XXXXXX\0".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        for name in ["relay.crt", "relay.key", "authority.crt"] { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}
