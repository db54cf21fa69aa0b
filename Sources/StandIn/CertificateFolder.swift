import Crypto
import Glibc
import Reactor

/// A directory with an authority's certificate, one for the zones and one for a relay, all for `localhost`.
package struct CertificateFolder: Sendable {
    /// Who issued the others, to be trusted by clients.
    package let authority: String
    /// The zones' certificate.
    package let zones: (chain: String, key: String)
    /// A certificate for a relay in front of them.
    package let relay: (chain: String, key: String)
    private let temporary: String?

    /// Uses what is in `path`; makes it when there is nothing, or when no path is given.
    init(_ path: String?) throws {
        let folder = try path ?? Self.makeTemporary()
        temporary = path == nil ? folder : nil
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw SystemError.last("mkdir") }
        authority = "\(folder)/ca.crt"
        zones = ("\(folder)/zones.crt", "\(folder)/zones.key")
        relay = ("\(folder)/relay.crt", "\(folder)/relay.key")
        if access(authority, R_OK) != 0 { try Self.fill(folder) }
    }

    func removeIfTemporary() {
        guard let temporary else { return }
        for file in [authority, zones.chain, zones.key, relay.chain, relay.key] { unlink(file) }
        rmdir(temporary)
    }

    private static func fill(_ folder: String) throws(ThrowawayAuthority.CannotWrite) {
        let authority = ThrowawayAuthority(name: "Stand-in")
        for name in ["zones", "relay"] {
            _ = try authority.issue(names: ["localhost", "127.0.0.1"]).write(to: folder, name: name)
        }
        // Last, because its presence says that the others are there.
        _ = try authority.write(to: folder, name: "ca")
    }

    private static func makeTemporary() throws(SystemError) -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let name = "\(parent)/tidegate-standin-\(Hex.encode(RandomBytes.make(8)))"
        guard mkdir(name, 0o700) == 0 else { throw .last("mkdir") }
        return name
    }
}
