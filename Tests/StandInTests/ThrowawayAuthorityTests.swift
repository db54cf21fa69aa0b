import Glibc
import StandIn
import Testing

@Suite struct ThrowawayAuthorityTests {
    private let authority = ThrowawayAuthority(name: "Throwaway authority")

    @Test func aCertificateAndItsKeyAreWrittenAndTheKeyIsItsOwnersOnly() throws {
        var template = Array("/tmp/tidegate-tests-XXXXXX\0".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let directory = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let paths = try authority.issue(names: ["relay.test"]).write(to: directory, name: "relay")
        let root = try authority.write(to: directory, name: "authority")
        defer { for path in [paths.chain, paths.key, root] { unlink(path) } }
        defer { rmdir(directory) }
        #expect(try permissions(of: paths.key) == 0o600)
        #expect(try permissions(of: paths.chain) == 0o644)
        #expect(try permissions(of: root) == 0o644)
    }

    @Test func aDirectoryThatIsNotThereIsNamed() {
        let issued = authority.issue(names: ["relay.test"])
        #expect { try issued.write(to: "/nowhere", name: "relay") } throws: { error in
            let error = error as? ThrowawayAuthority.CannotWrite
            return error?.path == "/nowhere/relay.crt" && error?.code == ENOENT
        }
    }

    @Test func everythingItMakesIsPEM() {
        let issued = ThrowawayAuthority.selfSigned(names: ["relay.test", "127.0.0.1"])
        #expect(authority.certificatePEM.starts(with: "-----BEGIN CERTIFICATE-----".utf8))
        #expect(issued.chainPEM.starts(with: "-----BEGIN CERTIFICATE-----".utf8))
        #expect(issued.keyPEM.starts(with: "-----BEGIN PRIVATE KEY-----".utf8))
    }

    private func permissions(of path: String) throws -> mode_t {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status.st_mode & 0o777
    }
}
